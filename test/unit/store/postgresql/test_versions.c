// SPDX-License-Identifier: Apache-2.0
// The versions of tables, and vectors, as PostgreSQL has them: raised by whoever writes, with whatever
// rights, in schemas of any name. Skipped where TEST_POSTGRESQL names no database.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "../../../store/fixture.h"
#include "base/buf.h"
#include "store/versions.h"
// How many commits have written to it.
static int64_t version_of(struct fixture *f, const char *table)
{
    char sql[200];
    snprintf(sql, sizeof(sql),
        "SELECT coalesce(sum(version)::bigint, 0) FROM reckoner_versions WHERE table_name = '%s' AND stripe >= 0",
        table);
    return strtoll(rows_of(f->reader, sql), NULL, 10);
}

// Whether triggers count all of them.
static bool is_counted(struct fixture *f, const char *table)
{
    char sql[200];
    snprintf(sql, sizeof(sql),
        "SELECT coalesce(min(stripe), -1) >= 0 FROM reckoner_versions WHERE table_name = '%s'", table);
    return strcmp(rows_of(f->reader, sql), "1\n") == 0;
}

// What psql is: a connection that knows nothing of us. `role` may be NULL.
static PGconn *foreign_connection(const struct fixture *f, const char *role)
{
    char sql[200];
    PGconn *link = PQconnectdb(f->url);
    assert_int_equal(PQstatus(link), CONNECTION_OK);
    snprintf(
        sql, sizeof(sql), "SET search_path = \"%s\"; SET ROLE %s", f->name, role != NULL ? role : "NONE");
    PQclear(PQexec(link, sql));
    return link;
}

static void run_foreign(PGconn *link, const char *sql)
{
    PGresult *result = PQexec(link, sql);
    assert_string_equal(PQresultErrorMessage(result), "");
    PQclear(result);
}

static void every_transaction_that_writes_raises_the_version_of_its_tables_once(void **state)
{
    struct fixture *f = *state;
    static const char *const writes[] = {"INSERT INTO t VALUES (1, 'x')", "UPDATE t SET b = 'y'",
        "MERGE INTO t USING (SELECT 2 AS a) n ON t.a = n.a WHEN NOT MATCHED THEN INSERT VALUES (n.a, 'z')",
        "WITH x AS (DELETE FROM t RETURNING a) SELECT count(*) FROM x",
        ("BEGIN; INSERT INTO t VALUES (5, 'x'); SAVEPOINT s; UPDATE t SET b = 'y'; ROLLBACK TO s;"
         " UPDATE t SET b = 'z'; INSERT INTO t VALUES (6, 'x'); COMMIT"),
        "BEGIN; SAVEPOINT s; INSERT INTO t VALUES (7, 'x'); ROLLBACK TO s; DELETE FROM t; COMMIT",
        "TRUNCATE t"};
    run_script(f->writer, "CREATE TABLE t (a integer, b text); CREATE TABLE u (a integer)");
    PGconn *psql = foreign_connection(f, NULL);
    int64_t other = version_of(f, "u");
    assert_int_equal(other, 1);
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        int64_t before = version_of(f, "t");
        run_foreign(psql, writes[i]);
        assert_int_equal(version_of(f, "t"), before + 1);
    }
    int64_t before = version_of(f, "t");
    run_foreign(psql, "BEGIN; INSERT INTO t VALUES (7, 'x'); ROLLBACK");
    run_foreign(psql, "BEGIN; SAVEPOINT s; INSERT INTO t VALUES (7, 'x'); ROLLBACK TO s; COMMIT");
    run_foreign(psql, "SELECT * FROM t");
    assert_int_equal(version_of(f, "t"), before);
    assert_int_equal(version_of(f, "u"), other);
    PQfinish(psql);
}

// Whether its version is raised at the commit, or had to be raised before, by SET CONSTRAINTS.
static void what_is_written_behind_the_raise_belongs_to_the_same_version(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer)");
    PGconn *psql = foreign_connection(f, NULL);
    int64_t before = version_of(f, "t");
    run_foreign(
        psql, "BEGIN; INSERT INTO t VALUES (1); SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO t VALUES (2)");
    assert_int_equal(version_of(f, "t"), before); // as others see it
    run_foreign(psql, "COMMIT");
    assert_int_equal(version_of(f, "t"), before + 1);
    PQfinish(psql);
}

static void a_raise_that_a_savepoint_takes_back_comes_at_the_commit(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer)");
    PGconn *psql = foreign_connection(f, NULL);
    int64_t before = version_of(f, "t"), other = version_of(f, "u");
    run_foreign(psql, "BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s; SET CONSTRAINTS ALL IMMEDIATE;"
                      " INSERT INTO u VALUES (1); ROLLBACK TO s; INSERT INTO t VALUES (2); COMMIT");
    assert_int_equal(version_of(f, "t"), before + 1);
    assert_int_equal(version_of(f, "u"), other);
    // The places of the notes are forgotten; the notes are not.
    run_foreign(psql, "BEGIN; INSERT INTO t VALUES (1); INSERT INTO u VALUES (1)");
    char sql[200];
    snprintf(
        sql, sizeof(sql), "RESET ALL; SET search_path = \"%s\"; INSERT INTO t VALUES (2); COMMIT", f->name);
    run_foreign(psql, sql);
    assert_true(version_of(f, "t") > before + 1);
    assert_int_equal(version_of(f, "u"), other + 1);
    PQfinish(psql);
}

static void serializable_transactions_that_write_to_other_tables_do_not_meet(void **state)
{
    struct fixture *f = *state;
    PGconn *psql[] = {foreign_connection(f, NULL), foreign_connection(f, NULL)};
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer)");
    int64_t before = version_of(f, "t"), other = version_of(f, "u");
    for (size_t i = 0; i < ARRAY_LEN(psql); i++)
        run_foreign(psql[i], "BEGIN ISOLATION LEVEL SERIALIZABLE");
    run_foreign(psql[0], "INSERT INTO t VALUES (1)");
    run_foreign(psql[1], "INSERT INTO u VALUES (1)");
    for (size_t i = 0; i < ARRAY_LEN(psql); i++) {
        run_foreign(psql[i], "COMMIT");
        PQfinish(psql[i]);
    }
    assert_int_equal(version_of(f, "t"), before + 1);
    assert_int_equal(version_of(f, "u"), other + 1);
}

static void a_table_of_the_app_may_be_called_like_one_of_the_stores(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE reckoner_things (a integer)");
    assert_rows(f->writer, "INSERT INTO reckoner_things VALUES (1)", "");
    assert_int_equal(version_of(f, "reckoner_things"), 2);
}

static void a_script_that_changes_something_raises_all_versions(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer)");
    int64_t before = version_of(f, "t");
    run_script(f->writer, "CREATE TABLE IF NOT EXISTS t (a integer)");
    assert_int_equal(version_of(f, "t"), before);
    begin(f->writer);
    run_script(f->writer, "ALTER TABLE t ADD COLUMN b integer DEFAULT 7");
    commit(f->writer);
    assert_int_equal(version_of(f, "t"), before + 1);
    run_script(f->writer, "DROP TABLE t");
    run_script(f->writer, "CREATE TABLE t AS SELECT 1 AS a"); // counts on, as replicas may know the last one
    assert_true(version_of(f, "t") > before + 1);
}

static void connect_writer_again(struct fixture *f)
{
    struct err err = {0};
    store_disconnect(f->writer);
    f->writer = NULL;
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    assert_string_equal(err.text, "");
}

static void a_table_made_by_hand_is_tracked_from_the_next_start_on(void **state)
{
    struct fixture *f = *state;
    PGconn *psql = foreign_connection(f, NULL);
    run_foreign(psql, "CREATE TABLE \"O'Hara \"\"x\"\"\" (a integer)");
    assert_int_equal(version_of(f, "O''Hara \"x\""), 0);
    connect_writer_again(f);
    assert_int_equal(version_of(f, "O''Hara \"x\""), 1);
    run_foreign(psql, "INSERT INTO \"O'Hara \"\"x\"\"\" VALUES (1)");
    assert_int_equal(version_of(f, "O''Hara \"x\""), 2);
    connect_writer_again(f);
    assert_int_equal(version_of(f, "O''Hara \"x\""), 2);
    PQfinish(psql);
}

static void a_table_whose_trigger_is_disabled_is_not_counted_until_it_is_enabled(void **state)
{
    struct fixture *f = *state;
    PGconn *psql = foreign_connection(f, NULL);
    run_script(f->writer, "CREATE TABLE t (a integer)");
    assert_true(is_counted(f, "t"));
    run_foreign(psql, "ALTER TABLE t DISABLE TRIGGER ALL");
    connect_writer_again(f);
    assert_false(is_counted(f, "t"));
    int64_t before = version_of(f, "t");
    run_foreign(psql, "INSERT INTO t VALUES (1)");
    run_foreign(psql, "ALTER TABLE t ENABLE TRIGGER ALL");
    connect_writer_again(f);
    assert_true(is_counted(f, "t"));
    assert_int_equal(version_of(f, "t"), before + 1); // whatever was written meanwhile
    PQfinish(psql);
}

static void writes_as_a_replica_count_too(void **state)
{
    struct fixture *f = *state;
    PGconn *psql = foreign_connection(f, NULL);
    run_script(f->writer, "CREATE TABLE t (a integer)");
    int64_t before = version_of(f, "t");
    run_foreign(psql, "SET session_replication_role = replica; INSERT INTO t VALUES (1)");
    assert_int_equal(version_of(f, "t"), before + 1);
    PQfinish(psql);
}

static void transactions_that_are_open_at_a_time_have_stripes_of_their_own(void **state)
{
    struct fixture *f = *state;
    PGconn *psql[4];
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer)");
    int64_t before = version_of(f, "t"), other = version_of(f, "u");
    for (size_t i = 0; i < ARRAY_LEN(psql); i++) {
        psql[i] = foreign_connection(f, NULL);
        run_foreign(psql[i], i % 2 == 0 ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ");
        run_foreign(psql[i], "SET lock_timeout = 1; INSERT INTO t VALUES (1)");
        run_foreign(psql[i], "SAVEPOINT s; INSERT INTO u VALUES (1)");
    }
    run_foreign(psql[0], "ROLLBACK TO s");
    for (size_t i = ARRAY_LEN(psql); i-- > 0; PQfinish(psql[i]))
        run_foreign(psql[i], "COMMIT");
    assert_int_equal(version_of(f, "t"), before + 4);
    assert_int_equal(version_of(f, "u"), other + 3);
    assert_rows(f->reader,
        "SELECT count(*) FROM reckoner_versions WHERE table_name = 't' AND stripe BETWEEN 0 AND 1", "2\n");
    // The next ones take the lowest.
    run_foreign(psql[0] = foreign_connection(f, NULL), "INSERT INTO t VALUES (1)");
    PQfinish(psql[0]);
    assert_rows(f->reader, "SELECT count(*) FROM reckoner_versions WHERE table_name = 't'", "4\n");
}

static void partitions_count_as_their_table(void **state)
{
    struct fixture *f = *state;
    PGconn *psql = foreign_connection(f, NULL);
    run_script(f->writer, "CREATE TABLE p (a integer) PARTITION BY RANGE (a);"
                          "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
    int64_t before = version_of(f, "p");
    run_foreign(psql, "BEGIN; INSERT INTO p1 VALUES (1); INSERT INTO p VALUES (2); COMMIT");
    assert_int_equal(version_of(f, "p"), before + 2); // once for each that has a trigger of its own
    assert_int_equal(version_of(f, "p1"), 0);
    PQfinish(psql);
}

static enum err_code begin_and_read(struct fixture *f, const char *vector, struct err *err)
{
    struct store_stmt *first = prepare(f->reader, "SELECT 1", NULL, 0);
    struct store_stmt *second = prepare(f->reader, "SELECT 2", NULL, 0);
    bool row = false;
    enum err_code code = store_begin_at(f->reader, span_of(vector), err);
    if (code == ERR_NONE)
        code = store_bind(first, NULL, err);
    store_last(f->reader);
    if (code == ERR_NONE)
        code = store_bind(second, NULL, err);
    if (code == ERR_NONE)
        code = store_step(first, &row, err);
    if (code != ERR_NONE) { // what was bound already, what is bound now, and the end fail likewise
        struct err other[3] = {{0}, {0}, {0}};
        assert_int_equal(store_step(second, &row, &other[0]), code);
        store_reset(first);
        assert_int_equal(store_bind(first, NULL, &other[1]), code);
        assert_int_equal(store_commit(f->reader, &other[2]), code);
    }
    store_reset(first);
    store_reset(second);
    store_rollback(f->reader);
    store_finalize(first);
    store_finalize(second);
    assert_rows(f->reader, "SELECT 3", "3\n");
    return code;
}

static void a_transaction_whose_vector_is_not_reached_fails_as_a_whole(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *vector;
        enum err_code code;
    } cases[] = {
        {"[]", ERR_NONE},
        {"[[\"t\", 0, 1], [\"U'\\\"\", 0, 1]]", ERR_NONE},
        {"[[\"t\", 0, 2], [\"U'\\\"\", 0, 1]]", ERR_BEHIND},
        {"[[\"t\", 0, 1], [\"U'\\\"\", 0, 2]]", ERR_BEHIND},
        {"[[\"t\", 0, 1], [\"gone\", 0, 1]]", ERR_BEHIND},
        {"[[\"t\", 0, 1], [\"t\", 1, 1]]", ERR_BEHIND},
        {"[[\"t\", -1, -1]]", ERR_BEHIND},
        {"[[\"\", -2, 0]]", ERR_BEHIND},
        {"[[\"t\", 0, 1]]", ERR_NONE},
    };
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE \"U'\"\"\" (a integer)");
    PGconn *psql = foreign_connection(f, NULL);
    run_foreign(psql, "UPDATE reckoner_versions SET version = 1 WHERE stripe = 0");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        assert_int_equal(begin_and_read(f, cases[i].vector, &err), cases[i].code);
        assert_string_equal(
            err.text, cases[i].code == ERR_NONE ? "" : "the store has not caught up yet: try again");
    }
    PQfinish(psql);
}

// As the server before this one had it, which its own number and timeline tell.
static void a_vector_of_another_history_is_not_seen(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    AUTO(buf_fini) struct buf vector;
    buf_init(&vector, 10000);
    run_script(f->writer, "CREATE TABLE t (a integer)");
    PGconn *psql = foreign_connection(f, NULL);
    assert_int_equal(versions_read(f->reader, &vector, &err), ERR_NONE);
    buf_append_byte(&vector, '\0');
    assert_int_equal(begin_and_read(f, vector.data, &err), ERR_NONE);
    run_foreign(psql, "UPDATE reckoner_versions SET version = version - 1 WHERE table_name = ''");
    assert_int_equal(begin_and_read(f, vector.data, &err), ERR_BEHIND);
    // A server that has not noted where it is gives no vector that can be seen.
    buf_clear(&vector);
    err = (struct err){0};
    assert_int_equal(versions_read(f->reader, &vector, &err), ERR_NONE);
    buf_append_byte(&vector, '\0');
    assert_int_equal(begin_and_read(f, vector.data, &err), ERR_BEHIND);
    connect_writer_again(f);
    buf_clear(&vector);
    assert_int_equal(versions_read(f->reader, &vector, &(struct err){0}), ERR_NONE);
    buf_append_byte(&vector, '\0');
    assert_int_equal(begin_and_read(f, vector.data, &(struct err){0}), ERR_NONE);
    PQfinish(psql);
}

static void a_database_that_has_no_versions_yet_is_behind(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    char sql[160];
    PGconn *psql = foreign_connection(f, NULL);
    run_foreign(psql, "ALTER TABLE reckoner_versions RENAME TO hidden");
    assert_int_equal(begin_and_read(f, "[[\"t\", 0, 1]]", &err), ERR_BEHIND);
    run_foreign(psql, "ALTER TABLE hidden RENAME TO reckoner_versions");
    assert_int_equal(begin_and_read(f, "[]", &(struct err){0}), ERR_NONE);
    snprintf(sql, sizeof(sql), "ALTER SCHEMA \"%s\" RENAME TO \"%s.hidden\"", f->name, f->name);
    run_foreign(psql, sql);
    assert_int_equal(begin_and_read(f, "[]", &(struct err){0}), ERR_BEHIND);
    snprintf(sql, sizeof(sql), "ALTER SCHEMA \"%s.hidden\" RENAME TO \"%s\"", f->name, f->name);
    run_foreign(psql, sql);
    assert_int_equal(begin_and_read(f, "[]", &(struct err){0}), ERR_NONE);
    PQfinish(psql);
}

// What somebody else's table needs: a role that is not ours. Its name is the test's own.
static void with_role(struct fixture *f, void (*test)(struct fixture *f, PGconn *psql, const char *role))
{
    char role[60], sql[400];
    PGconn *admin = foreign_connection(f, NULL);
    snprintf(role, sizeof(role), "\"role %s\"", f->name);
    snprintf(sql, sizeof(sql), "CREATE ROLE %s; GRANT ALL ON SCHEMA \"%s\" TO %s", role, f->name, role);
    run_foreign(admin, sql);
    PGconn *psql = foreign_connection(f, role);
    test(f, psql, role);
    PQfinish(psql);
    snprintf(sql, sizeof(sql), "DROP OWNED BY %s CASCADE; DROP ROLE %s", role, role);
    run_foreign(admin, sql); // with what is in the schema
    PQfinish(admin);
}

static void write_as(struct fixture *f, PGconn *psql, const char *role)
{
    char sql[200];
    run_script(f->writer, "CREATE TABLE t (a integer)");
    snprintf(sql, sizeof(sql), "GRANT INSERT ON t TO %s", role);
    run_script(f->writer, sql);
    int64_t before = version_of(f, "t");
    run_foreign(psql, "INSERT INTO t VALUES (1)"); // a role without any right on reckoner_versions
    assert_int_equal(version_of(f, "t"), before + 1);
}

static void writes_by_a_role_with_few_rights_count(void **state)
{
    with_role(*state, write_as);
}

// They would be run with the rights of the app's role, with what he says.
static void put_them_on_his_own(struct fixture *f, PGconn *psql, const char *role)
{
    char sql[300];
    (void)role;
    run_foreign(psql, "CREATE TEMP TABLE his (a integer)");
    snprintf(sql, sizeof(sql),
        "CREATE TRIGGER r AFTER INSERT ON his EXECUTE FUNCTION \"%s\".reckoner_raise('zero_damaged_pages')",
        f->name);
    PGresult *result = PQexec(psql, sql);
    assert_string_equal(PQresultErrorField(result, PG_DIAG_SQLSTATE), "42501");
    PQclear(result);
}

static void nobody_else_can_use_the_functions(void **state)
{
    with_role(*state, put_them_on_his_own);
}

// Connects a writer as the role, which may log in, and goes again: the app starts.
static void start_as(struct fixture *f)
{
    char url[600], name[60];
    struct store *store;
    struct store_conn *writer = NULL;
    struct err err = {0};
    snprintf(name, sizeof(name), "role%%20%.47s", f->name);
    snprintf(url, sizeof(url), "postgresql://%s%.500s", name, strchr(f->url, '@'));
    assert_int_equal(store_open(url, f->name, &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_WRITE, &writer, &err), ERR_NONE);
    assert_string_equal(err.text, "");
    store_disconnect(writer);
    store_close(store);
}

// Here the app's role is the one with few rights.
static void own_elsewhere(struct fixture *f, PGconn *psql, const char *role)
{
    (void)psql;
    static const char *const owned[] = {"TABLE reckoner_versions", "TABLE reckoner_commits",
        "TABLE reckoner_buckets", "TABLE reckoner_changes", "FUNCTION reckoner_track",
        "FUNCTION reckoner_raise", "FUNCTION reckoner_stripe", "FUNCTION reckoner_here",
        "FUNCTION reckoner_kinds", "FUNCTION reckoner_body", "FUNCTION reckoner_by"};
    char sql[600];
    run_script(f->writer, "CREATE TABLE t (a integer)");
    PGconn *admin = foreign_connection(f, NULL);
    snprintf(sql, sizeof(sql),
        "ALTER ROLE %s LOGIN; ALTER SCHEMA \"%s\" OWNER TO %s; CREATE TABLE other (a integer)", role, f->name,
        role);
    run_foreign(admin, sql);
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        snprintf(sql, sizeof(sql), "ALTER %s OWNER TO %s", owned[i], role);
        run_foreign(admin, sql);
    }
    start_as(f);
    assert_false(is_counted(f, "other"));
    assert_true(is_counted(f, "t")); // has its trigger since before
    snprintf(sql, sizeof(sql), "GRANT TRIGGER ON other TO %s", role);
    run_foreign(admin, sql);
    start_as(f);
    assert_true(is_counted(f, "other"));
    assert_int_equal(version_of(f, "other"), 2);
    run_foreign(admin, "ALTER TABLE other DISABLE TRIGGER reckoner_raise");
    start_as(f);
    assert_false(is_counted(f, "other"));
    PQfinish(admin);
}

static void a_table_of_another_role_is_known_to_be_unknown(void **state)
{
    with_role(*state, own_elsewhere);
}

static void app_names_with_quotes_and_capitals_have_versions_too(void **state)
{
    struct fixture *f = *state;
    struct store *store;
    struct store_conn *writer, *reader;
    struct err err = {0};
    char name[100], sql[200];
    snprintf(name, sizeof(name), "It's \"%s\" $body$ $1 %%s", f->name);
    assert_int_equal(store_open(f->url, name, &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_WRITE, &writer, &err), ERR_NONE);
    assert_string_equal(err.text, "");
    assert_int_equal(store_connect(store, STORE_READ, &reader, &err), ERR_NONE);
    run_script(writer, "CREATE TABLE t (a integer)");
    assert_rows(writer, "INSERT INTO t VALUES (1)", "");
    assert_rows(reader, "SELECT * FROM reckoner_versions WHERE stripe >= 0", "'t'|0|2\n");
    store_disconnect(reader);
    store_disconnect(writer);
    store_close(store);
    PGconn *psql = foreign_connection(f, NULL);
    snprintf(sql, sizeof(sql),
        "SET client_min_messages = error; DROP SCHEMA \"It's \"\"%s\"\" $body$ $1 %%s\" CASCADE", f->name);
    run_foreign(psql, sql);
    PQfinish(psql);
}

// --- what statements read

static void on_table(void *ctx, const char *table)
{
    char *names = ctx;
    size_t len = strlen(names);
    snprintf(names + len, 200 - len, "%s%s", len > 0 ? "," : "", table);
}

static void assert_reads(struct fixture *f, const char *sql, const char *expected)
{
    char names[200] = "";
    struct err err = {0};
    struct store_stmt *stmt = prepare(f->reader, sql, NULL, 0);
    if (store_reads(stmt, on_table, names, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    assert_string_equal(names, expected);
    store_finalize(stmt);
}

// What is no table, beside a table t.
#define MADE_BY_HAND                                                                                         \
    "CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM t);" \
    " END $$;"                                                                                               \
    "CREATE FUNCTION inside() RETURNS TABLE (a integer) STABLE LANGUAGE sql AS 'SELECT a FROM t';"           \
    "CREATE FUNCTION twice(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 2 * n';"             \
    "CREATE VIEW v AS SELECT counted() AS n;"                                                                \
    "CREATE MATERIALIZED VIEW m AS SELECT a FROM t;"                                                         \
    "CREATE SEQUENCE s"

static void what_is_no_table_of_the_app_is_told_by_a_name_that_none_has(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer);" MADE_BY_HAND);
    assert_reads(f, "SELECT Counted()", "counted()");
    assert_reads(f, "SELECT n FROM v", "counted()");
    assert_reads(f, "SELECT a FROM inside()", "inside(),t");
    assert_reads(f, "SELECT twice(a), upper('x'), now() FROM t", "t");
    assert_reads(f, "SELECT a FROM m", "m");
    assert_reads(f, "SELECT last_value FROM s", "s");
    assert_reads(f, "SELECT relname FROM pg_class", "pg_catalog.pg_class");
}

static void tables_that_share_rows_are_told_together(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE p (a integer) PARTITION BY RANGE (a);"
                          "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
                          "CREATE TABLE base (a integer); CREATE TABLE child (b integer) INHERITS (base)");
    assert_reads(f, "SELECT a FROM p", "p");
    assert_reads(f, "SELECT a FROM p1", "p");
    assert_reads(f, "SELECT a FROM base", "base,child");
    assert_reads(f, "SELECT a FROM child", "base,child");
}

static void what_has_no_version_is_in_no_vector(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql;
        bool is_covered;
    } cases[] = {
        {"SELECT a FROM t", true},
        {"SELECT twice(a), upper('x'), now() FROM t", true},
        {"SELECT a FROM p", true},
        {"SELECT a FROM p1", true},
        {"SELECT a FROM child", true},
        {"SELECT counted()", false},
        {"SELECT n FROM v", false},
        {"SELECT a FROM inside()", false},
        {"SELECT a FROM m", false},
        {"SELECT a FROM t WHERE a IN (SELECT a FROM m)", false},
        {"SELECT last_value FROM s", false},
        {"SELECT relname FROM pg_class", false},
        {"SELECT version FROM reckoner_versions", false},
        {"SELECT a FROM was_table", false},
        {"SELECT a FROM \"of.app\"", true},
        {"SELECT 1", true},
    };
    run_script(f->writer,
        "CREATE TABLE t (a integer); CREATE TABLE was_table (a integer); CREATE TABLE \"of.app\" (a integer);"
        "CREATE TABLE p (a integer) PARTITION BY RANGE (a);"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);"
        "CREATE TABLE base (a integer); CREATE TABLE child (b integer) INHERITS (base);"
        "CREATE TABLE \"counted()\" (a integer);" MADE_BY_HAND);
    run_script(f->writer, "DROP TABLE was_table; CREATE MATERIALIZED VIEW was_table AS SELECT a FROM t");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (is_covered(f->reader, cases[i].sql, NULL, 0) != cases[i].is_covered)
            fail_msg("%s", cases[i].sql);
    }
}

static void what_no_trigger_counts_is_in_no_vector(void **state)
{
    struct fixture *f = *state;
    PGconn *psql = foreign_connection(f, NULL);
    run_script(f->writer, "CREATE TABLE t (a integer)");
    run_foreign(psql, "CREATE TABLE by_hand (a integer)");
    assert_false(is_covered(f->reader, "SELECT a FROM by_hand", NULL, 0));
    run_foreign(psql, "ALTER TABLE t DISABLE TRIGGER reckoner_raise");
    connect_writer_again(f);
    assert_true(is_covered(f->reader, "SELECT a FROM by_hand", NULL, 0));
    assert_false(is_covered(f->reader, "SELECT a FROM t", NULL, 0));
    PQfinish(psql);
}

// In a schema of its own beside the app's, with which all of it goes.
static void what_is_in_other_schemas_and_places_is_in_no_vector(void **state)
{
    struct fixture *f = *state;
    PGconn *psql = foreign_connection(f, NULL);
    char sql[800], beside[60];
    snprintf(beside, sizeof(beside), "\"%s beside\"", f->name);
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE p (a integer) PARTITION BY RANGE (a)");
    snprintf(sql, sizeof(sql),
        "CREATE SCHEMA %s; CREATE TABLE %s.t (a integer); CREATE EXTENSION file_fdw SCHEMA %s;"
        "CREATE SERVER %s FOREIGN DATA WRAPPER file_fdw;"
        "CREATE FOREIGN TABLE far (a integer) SERVER %s OPTIONS (filename '/dev/null');"
        "CREATE TABLE %s.p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
        beside, beside, beside, beside, beside, beside);
    run_foreign(psql, sql);
    assert_true(is_covered(f->reader, "SELECT a FROM t", NULL, 0));
    snprintf(sql, sizeof(sql), "SELECT a FROM %s.t", beside);
    assert_false(is_covered(f->reader, sql, NULL, 0));
    assert_false(is_covered(f->reader, "SELECT a FROM far", NULL, 0));
    assert_false(
        is_covered(f->reader, "SELECT a FROM p", NULL, 0)); // who writes to its part by name is not counted
    snprintf(sql, sizeof(sql), "DROP TABLE %s.p1", beside);
    run_foreign(psql, sql);
    assert_true(is_covered(f->reader, "SELECT a FROM p", NULL, 0));
    snprintf(sql, sizeof(sql),
        "CREATE FOREIGN TABLE p2 PARTITION OF p DEFAULT SERVER %s OPTIONS (filename '/dev/null')", beside);
    run_foreign(psql, sql);
    assert_false(is_covered(f->reader, "SELECT a FROM p", NULL, 0));
    snprintf(sql, sizeof(sql), "SET client_min_messages = error; DROP SCHEMA %s CASCADE", beside);
    run_foreign(psql, sql);
    PQfinish(psql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(every_transaction_that_writes_raises_the_version_of_its_tables_once),
        STORE_TEST(a_table_made_by_hand_is_tracked_from_the_next_start_on),
        STORE_TEST(serializable_transactions_that_write_to_other_tables_do_not_meet),
        STORE_TEST(a_table_whose_trigger_is_disabled_is_not_counted_until_it_is_enabled),
        STORE_TEST(writes_as_a_replica_count_too),
        STORE_TEST(transactions_that_are_open_at_a_time_have_stripes_of_their_own),
        STORE_TEST(a_vector_of_another_history_is_not_seen),
        STORE_TEST(partitions_count_as_their_table),
        STORE_TEST(a_transaction_whose_vector_is_not_reached_fails_as_a_whole),
        STORE_TEST(a_database_that_has_no_versions_yet_is_behind),
        STORE_TEST(writes_by_a_role_with_few_rights_count),
        STORE_TEST(nobody_else_can_use_the_functions),
        STORE_TEST(a_table_of_another_role_is_known_to_be_unknown),
        STORE_TEST(app_names_with_quotes_and_capitals_have_versions_too),
        STORE_TEST(what_no_trigger_counts_is_in_no_vector),
        STORE_TEST(what_is_in_other_schemas_and_places_is_in_no_vector),
    };
    const struct CMUnitTest pooled[] = {
        // no other program has a session of its own in these
        STORE_TEST(what_is_written_behind_the_raise_belongs_to_the_same_version),
        STORE_TEST(a_raise_that_a_savepoint_takes_back_comes_at_the_commit),
        STORE_TEST(a_table_of_the_app_may_be_called_like_one_of_the_stores),
        STORE_TEST(a_script_that_changes_something_raises_all_versions),
        STORE_TEST(what_is_no_table_of_the_app_is_told_by_a_name_that_none_has),
        STORE_TEST(tables_that_share_rows_are_told_together),
        STORE_TEST(what_has_no_version_is_in_no_vector),
    };
    int failures = fixture_run_of("postgresql", pooled);
    if (getenv("TEST_POSTGRESQL_POOLED") == NULL)
        failures += fixture_run_of("postgresql", tests);
    return failures;
}
