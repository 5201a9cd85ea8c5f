// SPDX-License-Identifier: Apache-2.0
// Compares the files with what the store has on record, then applies the rest. Through store.h alone, in SQL
// that every store understands. The connection's thread.
//
// A file is looked up once more in its own transaction, as another process may have applied it meanwhile.
#include "store/migrate.h"

#include <xxhash.h>

#include "base/clock.h"
#include "base/mem.h"
#include "store/own_sql.h"
#include "text/timestamp.h"

enum { CHECKSUM_CHARS = 33, DAY_CHARS = 10 }; // 128 bits in hex and a NUL; the day of a timestamp

static void checksum(struct span sql, char out[CHECKSUM_CHARS])
{
    static const char digits[] = "0123456789abcdef";
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits(sql.at, sql.len));
    for (size_t i = 0; i < sizeof(bytes.digest); i++) {
        out[2 * i] = digits[bytes.digest[i] >> 4];
        out[2 * i + 1] = digits[bytes.digest[i] & 15];
    }
    out[CHECKSUM_CHARS - 1] = '\0';
}

// --- what was applied

// A row of reckoner_migrations; borrows the statement's current row.
struct record {
    struct span name;       // of the file
    struct span checksum;   // of its bytes, when it was applied
    struct span applied_at; // RFC 3339 timestamp
};

static enum err_code read_text(struct store_stmt *stmt, size_t column, struct span *ret_text, struct err *err)
{
    struct value value;
    enum err_code code = store_column(stmt, column, &value, err);
    if (code != ERR_NONE)
        return code;
    if (value.kind != VALUE_TEXT)
        return err_set(err, ERR_STORE, "the table reckoner_migrations has been tampered with");
    *ret_text = value.text;
    return ERR_NONE;
}

// Of the current row: name, checksum, applied_at.
static enum err_code read_record(struct store_stmt *stmt, struct record *ret_record, struct err *err)
{
    enum err_code code = read_text(stmt, 0, &ret_record->name, err);
    if (code == ERR_NONE)
        code = read_text(stmt, 1, &ret_record->checksum, err);
    return code == ERR_NONE ? read_text(stmt, 2, &ret_record->applied_at, err) : code;
}

static int day_chars(const struct record *record)
{
    return record->applied_at.len < DAY_CHARS ? (int)record->applied_at.len : DAY_CHARS;
}

static enum err_code check_unchanged(
    const struct migration_file *file, const struct record *record, struct err *err)
{
    char now[CHECKSUM_CHARS];
    checksum(file->sql, now);
    if (span_is(record->checksum, now))
        return ERR_NONE;
    err_set(err, ERR_CONFIG, "%s has changed since it was applied on %.*s: put it back and write a new file",
        file->file, day_chars(record), record->applied_at.at);
    err_hint(err, "where nothing in the store is worth keeping, 'reckoner reset' makes it anew");
    return ERR_CONFIG;
}

// The file of a record.
static enum err_code find_file(const struct migration_file *files, size_t count, const struct record *record,
    size_t *ret_found, struct err *err)
{
    size_t found = 0;
    while (found < count && !span_equal(files[found].name, record->name))
        found++;
    *ret_found = found;
    if (found == count)
        return err_set(err, ERR_CONFIG, "migration %.*s was applied on %.*s and is gone: put its file back",
            (int)record->name.len, record->name.at, day_chars(record), record->applied_at.at);
    return check_unchanged(&files[found], record, err);
}

// The app's files, and which of them are on record.
struct applied {
    const struct migration_file *files; // borrowed
    size_t count;
    bool *is_on_record; // of each; borrowed
};

// Marks the file of a record, and finds what is wrong with it.
static enum err_code on_record(void *ctx, struct store_stmt *stmt, struct err *err)
{
    const struct applied *applied = ctx;
    struct record record = {0};
    size_t found;
    enum err_code code = read_record(stmt, &record, err);
    if (code == ERR_NONE)
        code = find_file(applied->files, applied->count, &record, &found, err);
    if (code == ERR_NONE)
        applied->is_on_record[found] = true;
    return code;
}

static enum err_code check_order(
    const struct migration_file *files, size_t count, const bool *applied, struct err *err)
{
    for (size_t i = 1; i < count; i++) {
        if (applied[i] && !applied[i - 1])
            return err_set(err, ERR_CONFIG,
                "%s is new, but %.*s behind it was applied already: number it higher", files[i - 1].file,
                (int)files[i].name.len, files[i].name.at);
    }
    return ERR_NONE;
}

static enum err_code read_applied(
    struct store_conn *conn, const struct migration_file *files, size_t count, bool *applied, struct err *err)
{
    struct applied all = {.files = files, .count = count, .is_on_record = applied};
    enum err_code code =
        own_run(conn, "SELECT name, checksum, applied_at FROM reckoner_migrations ORDER BY name", NULL, 0,
            on_record, &all, err);
    return code != ERR_NONE ? code : check_order(files, count, applied, err);
}

// --- applying

struct lookup {
    const struct migration_file *file; // borrowed
    bool is_recorded;
};

static enum err_code on_same(void *ctx, struct store_stmt *stmt, struct err *err)
{
    struct lookup *lookup = ctx;
    struct record record = {0};
    enum err_code code = read_record(stmt, &record, err);
    lookup->is_recorded = true;
    return code == ERR_NONE ? check_unchanged(lookup->file, &record, err) : code;
}

// Whether another process has applied the file since we looked.
static enum err_code is_recorded(
    struct store_conn *conn, const struct migration_file *file, bool *ret_recorded, struct err *err)
{
    const struct own_param wanted = own_text("name", file->name);
    struct lookup lookup = {.file = file};
    enum err_code code =
        own_run(conn, "SELECT name, checksum, applied_at FROM reckoner_migrations WHERE name = :name",
            &wanted, 1, on_same, &lookup, err);
    if (code == ERR_NONE)
        *ret_recorded = lookup.is_recorded;
    return code;
}

static enum err_code record_file(struct store_conn *conn, const struct migration_file *file, struct err *err)
{
    char sum[CHECKSUM_CHARS], now[TIMESTAMP_CHARS];
    checksum(file->sql, sum);
    timestamp_format(clock_wall_ms() * 1000, false, now);
    const struct own_param params[] = {own_text("name", file->name), own_text("checksum", span_of(sum)),
        own_text("applied_at", span_of(now))};
    return own_run(conn,
        "INSERT INTO reckoner_migrations (name, checksum, applied_at) "
        "VALUES (:name, :checksum, :applied_at)",
        params, ARRAY_LEN(params), NULL, NULL, err);
}

// Puts the file in front of an error in its SQL, and the place where that is known.
static void tell_place(const struct migration_file *file, struct err *err)
{
    if (err->line > 0)
        err_prefix(err, "%s:%u:%u", file->file, (unsigned)err->line, (unsigned)err->column);
    else
        err_prefix(err, "%s", file->file);
    err->line = err->column = 0;
}

// A file, and what goes with it.
struct step {
    const struct migration_file *file;
    const struct migrate_after *after; // NULL: nothing
    bool is_last;                      // of the files
};

static enum err_code run_after(struct store_conn *conn, const struct step *step, struct err *err)
{
    if (step->after == NULL)
        return ERR_NONE;
    enum err_code code = step->after->run(step->after->ctx, conn, step->is_last, err);
    err_hint(err, "%s is not applied, as this comes of it: change it, or what it is about", step->file->file);
    return code;
}

// Inside a transaction.
static enum err_code apply_in_transaction(struct store_conn *conn, const struct step *step, struct err *err)
{
    const struct migration_file *file = step->file;
    bool recorded;
    enum err_code code = is_recorded(conn, file, &recorded, err);
    if (code != ERR_NONE)
        return code;
    if (!recorded) {
        code = store_exec(conn, file->sql, err);
        if (code == ERR_NONE)
            code = store_check_deferred(conn, err);
        if (code == ERR_NONE)
            code = record_file(conn, file, err);
        else
            tell_place(file, err);
        if (code == ERR_NONE)
            code = run_after(conn, step, err);
    }
    return code == ERR_NONE ? store_commit(conn, err) : code;
}

static enum err_code apply(struct store_conn *conn, const struct step *step, struct err *err)
{
    enum err_code code = store_begin(conn, err);
    if (code != ERR_NONE)
        return code;
    code = apply_in_transaction(conn, step, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    return code;
}

static enum err_code apply_missing(struct store_conn *conn, const struct migration_file *files, size_t count,
    const struct migrate_after *after, const bool *applied, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; code == ERR_NONE && i < count; i++) {
        const struct step step = {.file = &files[i], .after = after, .is_last = i + 1 == count};
        if (!applied[i])
            code = apply(conn, &step, err);
    }
    return code;
}

enum err_code migrate(struct store_conn *conn, const struct migration_file *files, size_t count,
    const struct migrate_after *after, struct err *err)
{
    bool *applied = mem_zalloc(count, sizeof(*applied));
    if (applied == NULL)
        return err_no_memory(err);
    enum err_code code = store_make_table(conn, "reckoner_migrations",
        "CREATE TABLE IF NOT EXISTS reckoner_migrations ("
        "name text PRIMARY KEY, checksum text NOT NULL, applied_at text NOT NULL)",
        err);
    if (code == ERR_NONE)
        code = read_applied(conn, files, count, applied, err);
    if (code == ERR_NONE)
        code = apply_missing(conn, files, count, after, applied, err);
    mem_free(applied);
    return code;
}

enum err_code migrations_fit(struct store_conn *conn, const struct migration_file *files, size_t count,
    size_t *ret_applied, size_t *ret_pending, struct err *err)
{
    bool *applied = mem_zalloc(count, sizeof(*applied));
    if (applied == NULL)
        return err_no_memory(err);
    enum err_code code = read_applied(conn, files, count, applied, err);
    size_t there = 0;
    for (size_t i = 0; i < count; i++)
        there += applied[i];
    mem_free(applied);
    if (code != ERR_NONE)
        return code;
    *ret_applied = there;
    *ret_pending = count - there;
    return ERR_NONE;
}

enum err_code migration_fits(const struct migration_file *files, size_t count, struct span name,
    struct span checksum, struct span applied_at, struct err *err)
{
    const struct record record = {.name = name, .checksum = checksum, .applied_at = applied_at};
    size_t found;
    return find_file(files, count, &record, &found, err);
}
