// SPDX-License-Identifier: Apache-2.0
// Compares the files with what the store has on record, then applies the rest. Through store.h alone, in SQL
// that every store understands. The connection's thread.
//
// A file is looked up once more in its own transaction, as another process may have applied it meanwhile.
#include "store/migrate.h"

#include <xxhash.h>

#include "base/clock.h"
#include "base/mem.h"
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

static struct value text_value(struct span text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
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

static enum err_code read_record(
    struct store_stmt *stmt, bool *ret_row, struct record *ret_record, struct err *err)
{
    enum err_code code = store_step(stmt, ret_row, err);
    if (code == ERR_NONE && *ret_row)
        code = read_text(stmt, 0, &ret_record->name, err);
    if (code == ERR_NONE && *ret_row)
        code = read_text(stmt, 1, &ret_record->checksum, err);
    if (code == ERR_NONE && *ret_row)
        code = read_text(stmt, 2, &ret_record->applied_at, err);
    return code;
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

// Marks the files that are on record, and finds what is wrong with them.
static enum err_code check_records(struct store_stmt *select, const struct migration_file *files,
    size_t count, bool *applied, struct err *err)
{
    for (;;) {
        struct record record = {0};
        bool row = false;
        enum err_code code = read_record(select, &row, &record, err);
        if (code != ERR_NONE || !row)
            return code;
        size_t found;
        code = find_file(files, count, &record, &found, err);
        if (code != ERR_NONE)
            return code;
        applied[found] = true;
    }
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
    struct store_stmt *select;
    enum err_code code = store_prepare(conn,
        span_of("SELECT name, checksum, applied_at FROM reckoner_migrations ORDER BY name"), NULL, 0, &select,
        err);
    if (code != ERR_NONE)
        return code;
    code = store_bind(select, NULL, err);
    if (code == ERR_NONE)
        code = check_records(select, files, count, applied, err);
    store_finalize(select);
    return code != ERR_NONE ? code : check_order(files, count, applied, err);
}

// --- applying

// Whether another process has applied the file since we looked.
static enum err_code is_recorded(
    struct store_conn *conn, const struct migration_file *file, bool *ret_recorded, struct err *err)
{
    const struct store_name params[] = {{.name = span_of("name"), .type = TYPE_TEXT}};
    const struct value values[] = {text_value(file->name)};
    struct store_stmt *select;
    enum err_code code = store_prepare(conn,
        span_of("SELECT name, checksum, applied_at FROM reckoner_migrations WHERE name = :name"), params, 1,
        &select, err);
    if (code != ERR_NONE)
        return code;
    struct record record;
    bool row;
    code = store_bind(select, values, err);
    if (code == ERR_NONE)
        code = read_record(select, &row, &record, err);
    if (code == ERR_NONE && row)
        code = check_unchanged(file, &record, err);
    if (code == ERR_NONE)
        *ret_recorded = row;
    store_finalize(select);
    return code;
}

static enum err_code record_file(struct store_conn *conn, const struct migration_file *file, struct err *err)
{
    const struct store_name params[] = {
        {.name = span_of("name"), .type = TYPE_TEXT},
        {.name = span_of("checksum"), .type = TYPE_TEXT},
        {.name = span_of("applied_at"), .type = TYPE_TEXT},
    };
    char sum[CHECKSUM_CHARS], now[TIMESTAMP_CHARS];
    checksum(file->sql, sum);
    timestamp_format(clock_wall_ms() * 1000, false, now);
    const struct value values[] = {
        text_value(file->name), text_value(span_of(sum)), text_value(span_of(now))};
    struct store_stmt *insert;
    enum err_code code = store_prepare(conn,
        span_of("INSERT INTO reckoner_migrations (name, checksum, applied_at) "
                "VALUES (:name, :checksum, :applied_at)"),
        params, ARRAY_LEN(params), &insert, err);
    if (code != ERR_NONE)
        return code;
    bool row;
    code = store_bind(insert, values, err);
    if (code == ERR_NONE)
        code = store_step(insert, &row, err);
    store_finalize(insert);
    return code;
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
    bool *applied = mem_zalloc(count + 1, sizeof(*applied)); // not 0 of them
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
