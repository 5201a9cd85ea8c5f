// SPDX-License-Identifier: Apache-2.0
// pg_dump copies one snapshot of the app's schema while others write (PostgreSQL 26.1); it waits for nobody
// but a change of the schema, and nobody but that waits for it. An archive is whole when pg_restore can read
// it to its end. The helpers, which lie in a schema of all apps, are left out: whoever restores makes them.
// One thread.
#include "store/postgresql/dump.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "store/postgresql/store.h"
#include "store/postgresql/tool.h"

enum { LIST_BYTES = 16 << 20 }; // of an archive's contents, and of its records of migrations

static const char no_records[] = "it has no records of Reckoner: it is another program's";

enum err_code pg_dump_write(struct store *base, const char *path, const atomic_bool *stop, struct err *err)
{
    const struct pg_store *store = pg_store(base);
    char schema[256]; // a name has no character that means something in a pattern (app_may_be_named)
    snprintf(schema, sizeof(schema), "--schema=%s", store->name);
    struct pg_tool tool = {
        .program = "pg_dump",
        .args = {"--format=custom", schema, "--strict-names", "--no-password", "--no-sync",
            "--lock-wait-timeout=60s", "--file", path},
        .url = store->url,
        .stop = stop,
    };
    return pg_tool_run(&tool, err);
}

// --- what is in an archive

static enum err_code list(const char *path, const atomic_bool *stop, struct buf *out, struct err *err)
{
    struct pg_tool tool = {.program = "pg_restore", .args = {"--list", path}, .out = out, .stop = stop};
    return pg_tool_run(&tool, err);
}

// A line of the list: "6; 2615 16385 SCHEMA - small reckoner".
enum err_code pg_dump_schemas(const char *path, const atomic_bool *stop, struct buf *names, struct err *err)
{
    static const char mark[] = " SCHEMA - ";
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIST_BYTES);
    enum err_code code = list(path, stop, &out, err);
    struct span rest = buf_span(&out);
    while (code == ERR_NONE && rest.len > 0) {
        struct span line = span_split(&rest, '\n');
        const char *found = memmem(line.at, line.len, mark, strlen(mark));
        if (found == NULL || line.at[0] == ';')
            continue;
        struct span name = {.at = found + strlen(mark)};
        name.len = line.len - (size_t)(name.at - line.at);
        name = span_split(&name, ' ');
        buf_append(names, name.at, name.len);
        buf_append_byte(names, '\n');
    }
    return code == ERR_NONE && buf_status(names) != ERR_NONE ? err_no_memory(err) : code;
}

// Rows as COPY writes them, with tabs between the values, of which none has characters that are escaped.
static void check_records(struct span rest, struct backup_check *check)
{
    bool is_inside = false;
    while (rest.len > 0) {
        struct span line = span_split(&rest, '\n');
        if (span_is(line, "\\."))
            return;
        if (is_inside) {
            struct span name = span_split(&line, '\t'), checksum = span_split(&line, '\t');
            check->fits_record(check, name, checksum, line);
        }
        is_inside |= span_starts_with(line, "COPY ");
    }
    if (!is_inside)
        backup_fault(check, no_records);
}

static enum err_code check_migrations(const char *path, struct backup_check *check, struct err *err)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, LIST_BYTES);
    struct pg_tool tool = {.program = "pg_restore",
        .args = {"--data-only", "--table=reckoner_migrations", "--file=-", path},
        .out = &out,
        .stop = check->stop};
    enum err_code code = pg_tool_run(&tool, err);
    if (code == ERR_NONE && check->files != NULL)
        check_records(buf_span(&out), check);
    else if (code == ERR_NONE && memmem(out.data, out.len, "COPY ", strlen("COPY ")) == NULL)
        backup_fault(check, no_records);
    return code;
}

enum err_code pg_dump_check(
    const struct store_driver *driver, const char *path, struct backup_check *check, struct err *err)
{
    (void)driver;
    struct err cause = {0};
    struct pg_tool tool = {.program = "pg_restore", .args = {"--file=/dev/null", path}, .stop = check->stop};
    enum err_code code = pg_tool_run(&tool, &cause);
    if (code == ERR_STORE) {
        backup_fault(check, "%s", cause.text);
        return ERR_NONE;
    }
    if (code == ERR_NONE)
        return check_migrations(path, check, err);
    return err_pass(err, &cause);
}

// --- a store

static enum err_code check_conn(struct store_conn *conn, struct backup_check *check, struct err *err)
{
    enum err_code code = conn->driver->begin(conn, err);
    if (code != ERR_NONE)
        return code;
    bool has_records;
    code = conn->driver->has_table(conn, "reckoner_migrations", &has_records, err);
    if (code == ERR_NONE && !has_records)
        backup_fault(check, no_records);
    else if (code == ERR_NONE && check->files != NULL)
        code = check->fits(conn, check, err);
    conn->driver->rollback(conn);
    return code;
}

// Each row of each table is read.
static enum err_code read_all(struct store *store, struct backup_check *check, struct err *err)
{
    struct err cause = {0};
    enum err_code code = pg_dump_write(store, "/dev/null", check->stop, &cause);
    if (code == ERR_STORE) {
        backup_fault(check, "%s", cause.text);
        return ERR_NONE;
    }
    return code == ERR_NONE ? ERR_NONE : err_pass(err, &cause);
}

enum err_code pg_dump_check_store(struct store *store, struct backup_check *check, struct err *err)
{
    struct store_conn *conn = NULL;
    enum err_code code = store->driver->connect(store, STORE_READ, &conn, err);
    if (code != ERR_NONE)
        return code;
    code = check_conn(conn, check, err);
    store->driver->disconnect(conn);
    return code == ERR_NONE && check->faults == 0 ? read_all(store, check, err) : code;
}
