// SPDX-License-Identifier: Apache-2.0
// What SQL may not do, by its origin. SQLite asks on_action about every action of a statement while it
// compiles it; the answer here comes with a reason in conn->refusal, as SQLite's own is "not authorized".
//
//                            endpoint    migration
//     BEGIN, SAVEPOINT …     no          no            a request, like a migration, is one transaction
//     ATTACH, PRAGMA, VACUUM no          no            one file, with the settings of conn.c
//     CREATE, ALTER, DROP …  no          yes           every connection's statements count on the schema
//     load_extension         no          no            code from files
//
// A virtual table (R*Tree, FTS5) is made known to a connection by the first statement that names it, in the
// middle of its compilation. What its module does then comes through here as well, and must pass: it writes
// its declaration to the schema table that is in memory, compiles statements over its own tables, and FTS5
// asks for a PRAGMA.
//
// A statement that SQLite compiles anew by itself, after a change of the schema, goes by ORIGIN_DRIVER: it
// has been through here before. The connection's thread.
#include "store/sqlite/permit.h"

#include <stdio.h>

#include "store/sqlite/calls.h"
#include "store/sqlite/conn.h"
#include "store/sqlite/reads.h"
#include "store/sqlite/store.h"
#include "store/sqlite/versions.h"

static int refuse(struct sqlite_conn *conn, const char *what, const char *reason)
{
    snprintf(conn->refusal, sizeof(conn->refusal), "%s is not allowed here: %s", what, reason);
    return SQLITE_DENY;
}

static int refuse_transaction(struct sqlite_conn *conn, const char *what)
{
    return refuse(conn, what,
        conn->origin == ORIGIN_MIGRATION ? "every migration is one transaction already"
                                         : "every request is one transaction already");
}

static int refuse_pragma(struct sqlite_conn *conn)
{
    return refuse(conn, "PRAGMA", "the store has its settings");
}

// A change of the schema. `what` is its statement.
static int permit_on_schema(struct sqlite_conn *conn, const char *what)
{
    if (conn->origin == ORIGIN_MIGRATION)
        return SQLITE_OK;
    return refuse(conn, what, "only a migration changes the schema");
}

// CREATE begins with an INSERT into the table that holds the schema, and DROP with a DELETE. An UPDATE of it
// needs no permit: it is a later step of a statement that has been asked about, or the declaration of a
// virtual table, or SQL written by hand, which SQLite refuses by itself.
static int permit_on_write(struct sqlite_conn *conn, const char *table, const char *what)
{
    static const char *const schema_tables[] = {
        "sqlite_master", "sqlite_temp_master", "sqlite_schema", "sqlite_temp_schema"};
    for (size_t i = 0; table != NULL && i < ARRAY_LEN(schema_tables); i++) {
        if (sqlite3_stricmp(table, schema_tables[i]) == 0)
            return permit_on_schema(conn, what);
    }
    return SQLITE_OK;
}

// Says yes to a DELETE; of a table whose rows are noted, by SQLITE_IGNORE, with which SQLite does not empty
// it in one step but row by row. To a DROP that would say no, but no statement of an endpoint is one.
static int permit_delete(struct sqlite_conn *conn, const char *table)
{
    bool is_noted = conn->noting != NULL && conn->tracks.count > 0 && table != NULL &&
                    sqlite_tracks_has(&conn->tracks, sqlite_versions_find(&conn->store->versions, table));
    return is_noted ? SQLITE_IGNORE : SQLITE_OK;
}

static int permit_on_savepoint(struct sqlite_conn *conn, const char *operation)
{
    if (strcmp(operation, "BEGIN") == 0)
        return refuse_transaction(conn, "SAVEPOINT");
    return refuse_transaction(conn, strcmp(operation, "RELEASE") == 0 ? "RELEASE" : "ROLLBACK TO");
}

// Notes a table that the statement being compiled may write. SQLite's own tables have the version of the
// whole store, which each commit raises; and a virtual table that is made known seems to write one.
static void note_write(struct sqlite_conn *conn, int action, const char *table)
{
    bool writes = action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE;
    if (writes && table == NULL)
        sqlite_writes_add(conn->noting, NULL);
    else if (writes && sqlite3_strnicmp(table, "sqlite_", 7) != 0)
        sqlite_writes_add(conn->noting, sqlite_versions_find(&conn->store->versions, table));
}

// SQL that is compiled for no statement of an endpoint may write anything: a script's, mostly.
static void note_others(struct sqlite_conn *conn, int action)
{
    static const int harmless[] = {SQLITE_READ, SQLITE_SELECT, SQLITE_RECURSIVE, SQLITE_FUNCTION,
        SQLITE_TRANSACTION, SQLITE_SAVEPOINT, SQLITE_PRAGMA};
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++) {
        if (action == harmless[i])
            return;
    }
    conn->writes.has_all = true;
}

// SQLite's authorizer callback; what the arguments are depends on the action.
static int on_action(
    void *ctx, int action, const char *first, const char *second, const char *schema, const char *by)
{
    struct sqlite_conn *conn = ctx;
    bool is_of_table = action == SQLITE_READ || action == SQLITE_INSERT || action == SQLITE_UPDATE ||
                       action == SQLITE_DELETE;
    if (conn->reads != NULL && is_of_table && (schema == NULL || strcmp(schema, "main") == 0))
        sqlite_note_read(conn->reads, first);
    bool is_temporary = schema != NULL && strcmp(schema, "temp") == 0;
    if (!is_temporary && conn->noting != NULL)
        note_write(conn, action, first);
    else if (!is_temporary)
        note_others(conn, action);
    if (conn->calls != NULL && action == SQLITE_FUNCTION)
        sqlite_note_call(conn->calls, second);
    if (action == SQLITE_INSERT && by == NULL) // else a trigger does
        snprintf(conn->inserts_into, sizeof(conn->inserts_into), "%s", first != NULL ? first : "");
    if (conn->origin == ORIGIN_DRIVER)
        return action == SQLITE_DELETE && !is_temporary ? permit_delete(conn, first) : SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_UPDATE:
        return SQLITE_OK;
    case SQLITE_INSERT:
        return permit_on_write(conn, first, "CREATE");
    case SQLITE_DELETE: {
        int permit = permit_on_write(conn, first, "DROP");
        return permit == SQLITE_OK ? permit_delete(conn, first) : permit;
    }
    case SQLITE_FUNCTION:
        if (second != NULL && sqlite3_stricmp(second, "load_extension") == 0)
            return refuse(conn, "load_extension", "it runs code from a file");
        return SQLITE_OK;
    case SQLITE_TRANSACTION:
        return refuse_transaction(conn, first);
    case SQLITE_SAVEPOINT:
        return permit_on_savepoint(conn, first);
    case SQLITE_PRAGMA:
        return first != NULL && strcmp(first, "data_version") == 0 ? SQLITE_OK : refuse_pragma(conn);
    case SQLITE_ATTACH:
        return refuse(conn, "ATTACH", "an app has one store");
    case SQLITE_DETACH:
        return refuse(conn, "DETACH", "an app has one store");
    case SQLITE_ALTER_TABLE:
        return permit_on_schema(conn, "ALTER");
    case SQLITE_ANALYZE:
        return permit_on_schema(conn, "ANALYZE");
    case SQLITE_REINDEX:
        return permit_on_schema(conn, "REINDEX");
    default: // all others create or drop something
        return permit_on_schema(conn, "a change of the schema");
    }
}

void sqlite_permit_install(struct sqlite_conn *conn)
{
    sqlite3_set_authorizer(conn->db, on_action, conn);
}

bool sqlite_permits(struct sqlite_conn *conn, enum sqlite_origin origin, struct span first)
{
    if (origin == ORIGIN_DRIVER)
        return true;
    if (span_is_nocase(first, "vacuum"))
        refuse(conn, "VACUUM", "it cannot run in a transaction");
    else if (span_is_nocase(first, "pragma"))
        refuse_pragma(conn);
    else
        return true;
    return false;
}
