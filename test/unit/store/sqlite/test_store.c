// SPDX-License-Identifier: Apache-2.0
// What is SQLite's own: the settings that durability hangs on, files that are none, a full disk, and the
// exact texts of errors.
#include "store/sqlite/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../../store/fixture.h"
#include "store/migrate.h"

static const char BOM[] = "\xef\xbb\xbf";

// --- settings

// The value of a pragma, asked past the authorizer.
static const char *pragma(struct store_conn *conn, const char *name)
{
    static char value[100];
    char sql[100];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof(sql), "PRAGMA %s", name);
    assert_int_equal(sqlite3_prepare_v2(sqlite_conn(conn)->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    snprintf(value, sizeof(value), "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return value;
}

static void a_commit_is_on_disk_by_the_settings_in_force(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(pragma(f->writer, "journal_mode"), "wal");
    assert_string_equal(pragma(f->writer, "synchronous"), "2"); // FULL
    assert_string_equal(pragma(f->writer, "foreign_keys"), "1");
    assert_string_equal(pragma(f->writer, "wal_autocheckpoint"), "0"); // checkpoint.c has a hook of its own
    assert_string_equal(pragma(f->writer, "journal_size_limit"), "67108864");
}

static void the_planner_and_the_caches_are_set_for_requests(void **state)
{
    struct fixture *f = *state;
    struct store_conn *const conns[] = {f->writer, f->reader};
    for (size_t i = 0; i < ARRAY_LEN(conns); i++) {
        assert_string_equal(pragma(conns[i], "automatic_index"), "0");
        assert_string_equal(pragma(conns[i], "secure_delete"), "0");
        assert_string_equal(pragma(conns[i], "temp_store"), "1"); // FILE
        assert_string_equal(pragma(conns[i], "cell_size_check"), "1");
        assert_string_equal(pragma(conns[i], "trusted_schema"), "1");
    }
    assert_string_equal(pragma(f->writer, "cache_size"), "-16384");
    assert_string_equal(pragma(f->writer, "temp.cache_size"), "-16384");
    assert_string_equal(pragma(f->writer, "temp.secure_delete"), "0");
    assert_string_equal(pragma(f->writer, "query_only"), "0");
    assert_string_equal(pragma(f->reader, "cache_size"), "-16384");
    assert_string_equal(pragma(f->reader, "query_only"), "1");
}

static void no_join_builds_a_bloom_filter(void **state)
{
    struct fixture *f = *state;
    static const char question[] = "EXPLAIN QUERY PLAN SELECT count(*) FROM a, b WHERE b.k = a.k AND b.c = 1";
    run_script(f->writer, "CREATE TABLE a (k integer); CREATE TABLE b (k integer PRIMARY KEY, c integer);"
                          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
                          "  INSERT INTO a SELECT i FROM n;"
                          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                          "  INSERT INTO b SELECT i, i FROM n;"
                          "ANALYZE");
    // With the optimisation on, this join has one: otherwise the test would show nothing.
    sqlite3 *plain;
    sqlite3_stmt *stmt;
    bool filters = false;
    assert_int_equal(sqlite3_open(f->path, &plain), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(plain, question, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW)
        filters |= strstr((const char *)sqlite3_column_text(stmt, 3), "BLOOM FILTER") != NULL;
    sqlite3_finalize(stmt);
    sqlite3_close(plain);
    assert_true(filters);
    struct err err = {0};
    struct store_conn *conn; // a new one, which has read what ANALYZE found
    assert_int_equal(store_connect(f->store, STORE_READ, &conn, &err), ERR_NONE);
    assert_null(strstr(rows_of(conn, question), "BLOOM FILTER"));
    store_disconnect(conn);
}

// --- files

static struct err error_of_open(const char *url)
{
    struct store *store = NULL;
    struct err err = {0};
    enum err_code code = store_open(url, "test", &store, &err);
    assert_int_equal(code, err.code);
    assert_null(store);
    return err;
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    char path[100], url[120], text[200];
    snprintf(path, sizeof(path), "%s/notes", f->dir);
    snprintf(url, sizeof(url), "sqlite:%s", path);
    snprintf(text, sizeof(text), "%s: is not an SQLite database, or is damaged", path);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 100; i++)
        fputs("These are notes, not a database. ", file);
    fclose(file);
    assert_error(error_of_open(url), ERR_CONFIG, text);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 3300);
    unlink(path);
}

static void a_place_that_cannot_be_opened_is_named(void **state)
{
    struct fixture *f = *state;
    char url[120], text[200];
    snprintf(url, sizeof(url), "sqlite:%s", f->dir);
    snprintf(text, sizeof(text), "%s: cannot be opened: Is a directory", f->dir);
    assert_error(error_of_open(url), ERR_CONFIG, text);
    snprintf(url, sizeof(url), "sqlite:%s/none/x.db", f->dir);
    snprintf(text, sizeof(text), "%s/none/x.db: cannot be opened: No such file or directory", f->dir);
    assert_error(error_of_open(url), ERR_CONFIG, text);
    assert_error(
        error_of_open("sqlite:"), ERR_CONFIG, "\"sqlite:\" has no path: name a file, as sqlite:PATH");
}

static void without_a_descriptor_it_may_be_opened_later(void **state)
{
    struct fixture *f = *state;
    struct store_conn *conn = NULL;
    struct err err = {0};
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum err_code code = store_connect(f->store, STORE_READ, &conn, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(code, ERR_BUSY);
    assert_error(err, ERR_BUSY, "too many files are open for the store's: try again");
}

static void a_path_is_never_read_as_a_uri(void **state)
{
    struct fixture *f = *state;
    struct store *store;
    struct err err = {0};
    char here[400];
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(f->dir), 0);
    assert_int_equal(store_open("sqlite:file:x?mode=memory", "test", &store, &err), ERR_NONE);
    assert_int_equal(access("file:x?mode=memory", F_OK), 0);
    store_close(store);
    assert_int_equal(unlink("file:x?mode=memory"), 0);
    assert_int_equal(chdir(here), 0);
}

static void a_store_in_memory_is_its_one_connection(void **state)
{
    (void)state;
    struct store *store;
    struct store_conn *conn, *other = NULL;
    struct err err = {0};
    assert_int_equal(store_open("sqlite::memory:", "test", &store, &err), ERR_NONE);
    assert_string_equal(store_kind(store), "sqlite");
    assert_int_equal(store_connect(store, STORE_READ, &other, &err), ERR_CONFIG);
    assert_error(err, ERR_CONFIG, "sqlite::memory: cannot be read by a second connection: use a file");
    err = (struct err){0};
    assert_int_equal(store_connect(store, STORE_WRITE, &conn, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_WRITE, &other, &err), ERR_CONFIG);
    assert_error(err, ERR_CONFIG, "sqlite::memory: has its one connection already: use a file");
    assert_null(other);
    run_script(conn, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    assert_rows(conn, "SELECT a FROM t", "1\n");
    store_disconnect(conn);
    err = (struct err){0};
    assert_int_equal(store_connect(store, STORE_WRITE, &conn, &err), ERR_NONE); // a new, empty one
    assert_int_equal(error_of_prepare(conn, "SELECT a FROM t").code, ERR_CONFIG);
    store_disconnect(conn);
    store_close(store);
}

// --- a full disk

static void limit_pages(struct fixture *f, int more)
{
    char setting[60];
    snprintf(setting, sizeof(setting), "max_page_count=%d",
        more < 0 ? 1 << 20 : atoi(pragma(f->writer, "page_count")) + more);
    pragma(f->writer, setting);
}

static const char FILL[] =
    "INSERT INTO t WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    " SELECT hex(randomblob(100)) FROM n";

static void a_full_disk_says_so_and_leaves_nothing_of_the_transaction(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a text); INSERT INTO t VALUES ('kept')");
    begin(f->writer);
    run_script(f->writer, "INSERT INTO t VALUES ('lost')");
    limit_pages(f, 20);
    assert_error(error_of_run(f->writer, FILL), ERR_DISK_FULL, "the store has no room left");
    store_rollback(f->writer);
    limit_pages(f, -1);
    assert_rows(f->reader, "SELECT a FROM t", "'kept'\n");
    begin(f->writer);
    assert_rows(f->writer, FILL, "");
    commit(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM t", "5001\n");
}

static void a_transaction_that_sqlite_ended_by_itself_is_refused_everything_until_it_is_rolled_back(
    void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct store_name fields[] = {{.name = span_of("a"), .type = TYPE_TEXT}};
    const struct value row[] = {text_of("x")};
    run_script(f->writer, "CREATE TABLE t (a text); CREATE TRIGGER g BEFORE INSERT ON t WHEN NEW.a = 'bad'"
                          "  BEGIN SELECT RAISE(ROLLBACK, 'bad rows end everything'); END");
    begin(f->writer);
    assert_int_equal(store_batch_open(f->writer, fields, 1, &err), ERR_NONE);
    run_script(f->writer, "INSERT INTO t VALUES ('first')");
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    assert_error(
        error_of_run(f->writer, "INSERT INTO t VALUES ('bad')"), ERR_CONSTRAINT, "bad rows end everything");
    static const char lost[] = "the transaction was rolled back with a statement that failed in it";
    struct err errors[6] = {{0}};
    assert_int_equal(store_rollback_to(f->writer, &errors[0]), ERR_BUSY);
    assert_int_equal(store_release(f->writer, &errors[1]), ERR_BUSY);
    assert_int_equal(store_commit(f->writer, &errors[2]), ERR_BUSY);
    assert_int_equal(store_batch_open(f->writer, fields, 1, &errors[3]), ERR_BUSY);
    assert_int_equal(store_batch_add(f->writer, row, 1, &errors[4]), ERR_BUSY);
    errors[5] = error_of_run(f->writer, "INSERT INTO t VALUES ('alone')");
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        assert_error(errors[i], ERR_BUSY, lost);
    store_rollback(f->writer);
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    begin(f->writer);
    assert_int_equal(store_batch_open(f->writer, fields, 1, &err), ERR_NONE);
    assert_int_equal(store_batch_add(f->writer, row, 1, &err), ERR_NONE);
    assert_rows(f->writer, "INSERT INTO t SELECT a FROM batch", "");
    commit(f->writer);
    assert_rows(f->reader, "SELECT a FROM t", "'x'\n");
}

// --- texts of errors

static void constraints_are_named(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE p (k integer PRIMARY KEY, u text, n text NOT NULL DEFAULT 'n', c integer"
        "  CONSTRAINT positive CHECK (c > 0), x integer REFERENCES p (k), UNIQUE (u, n));"
        "CREATE TABLE s (i integer) STRICT;"
        "CREATE TRIGGER g BEFORE DELETE ON p BEGIN SELECT RAISE(ABORT, 'A port stays'); END;"
        "INSERT INTO p (k, u) VALUES (1, 'a');");
    static const struct {
        const char *sql, *text;
        enum err_code code;
    } cases[] = {
        {"INSERT INTO p (k) VALUES (1)", "a row with this key exists already", ERR_CONFLICT},
        {"INSERT INTO p (u) VALUES ('a')", "a row with this key exists already", ERR_CONFLICT},
        {"INSERT INTO p (n) VALUES (NULL)", "a value is null that must not be", ERR_CONSTRAINT},
        {"INSERT INTO p (c) VALUES (0)", "a row violates check constraint positive", ERR_CONSTRAINT},
        {"INSERT INTO p (x) VALUES (7)", "a row refers to one that does not exist", ERR_CONSTRAINT},
        {"INSERT INTO p (k) VALUES ('x')", "a value that must be an integer is something else", ERR_VALUE},
        {"INSERT INTO s VALUES ('x')", "a value is not of its column's type", ERR_CONSTRAINT},
        {"DELETE FROM p", "A port stays", ERR_CONSTRAINT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_error(error_of_run(f->writer, cases[i].sql), cases[i].code, cases[i].text);
}

// SQLite tells no number of their rows, and no key.
static void an_upsert_without_rowids_that_meets_one_key_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE w (a text, b real, n integer, note text, PRIMARY KEY (a, b)) WITHOUT ROWID;"
        "INSERT INTO w VALUES ('a', 1, 1, NULL)");
    static const char *const refused[] = {"('a', 1, 5, NULL), ('b', 2, 5, 'x'), ('a', 1.0, 6, 'y')",
        "('c', 2, 5, NULL), ('c', 2, 5, NULL)",
        "('c', 9007199254740993, 5, 'x'), ('c', 9007199254740993, 5, 'x')"};
    char sql[300];
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        snprintf(
            sql, sizeof(sql), "INSERT INTO w VALUES %s ON CONFLICT DO UPDATE SET n = excluded.n", refused[i]);
        begin(f->writer);
        assert_int_equal(error_of_run(f->writer, sql).code, ERR_CONSTRAINT);
        assert_int_equal(store_violation(f->writer).kind, VIOLATION_TWICE);
        store_rollback(f->writer);
    }
    run_script(f->writer, "INSERT INTO w VALUES ('a', 2, 1, NULL), ('b', 1, 1, NULL)");
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO w VALUES ('a', 1, 5, NULL), ('a', 2, 5, NULL), ('b', 1, 5, 'x')"
                                " ON CONFLICT DO UPDATE SET n = excluded.n")
            .code,
        ERR_NONE);
}

// What a trigger or a foreign key writes to the same table is not the upsert's.
static void what_a_trigger_writes_again_is_no_second_row(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE r (k integer PRIMARY KEY, n integer);"
        "CREATE TRIGGER a AFTER INSERT ON r BEGIN UPDATE r SET n = n + 1 WHERE k = new.k; END;"
        "CREATE TRIGGER b AFTER UPDATE ON r WHEN new.n < 100 BEGIN"
        " INSERT INTO r VALUES (new.k, 100) ON CONFLICT DO UPDATE SET n = excluded.n; END;");
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO r VALUES (1, 1), (2, 1) ON CONFLICT DO UPDATE SET n = 7").code,
        ERR_NONE);
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO r VALUES (1, 1), (2, 1) ON CONFLICT DO UPDATE SET n = 7").code,
        ERR_NONE);
    assert_rows(f->writer, "SELECT count(*) FROM r", "2\n");
}

static void statements_that_fail_say_why(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer)");
    static const struct {
        const char *sql, *text;
        enum err_code code;
    } cases[] = {
        {"SELECT x'00' AS photo", "the column \"photo\" holds a blob, which cannot be answered as JSON",
            ERR_STORE},
        {"SELECT length(hex(zeroblob(50 * 1024 * 1024)))", "a value or row is larger than 67108864 bytes",
            ERR_VALUE},
        {"SELECT 'x' LIKE '%' || hex(zeroblob(500))", "a pattern of LIKE or GLOB is longer than 1000 bytes",
            ERR_VALUE},
        {"SELECT abs(-9223372036854775808)", "integer overflow", ERR_VALUE},
        {"INSERT INTO t VALUES (1)", "this connection to the store is for reading only", ERR_STORE},
        {"SELECT day FROM calendar('2015-02-29', '2016-01-01')",
            "calendar: from is \"2015-02-29\", which is not an existing day, YYYY-MM-DD", ERR_VALUE},
        {"SELECT day FROM calendar('2016-01-01', 20160101)",
            "calendar: to is \"20160101\", which is not an existing day, YYYY-MM-DD", ERR_VALUE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_error(error_of_run(f->reader, cases[i].sql), cases[i].code, cases[i].text);
    store_deadline(f->reader, 1);
    assert_error(error_of_run(f->reader, "SELECT count(*) FROM calendar('0001-01-01', '9999-12-31')"),
        ERR_TIMEOUT, "the statement was ended at its time limit");
}

static void statements_that_are_wrong_say_why(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *text;
    } cases[] = {
        {"SELEC 1", "near \"SELEC\": syntax error"},
        {"SELECT \"text\"", "no such column: text"},
        {"SELECT 1 FROM ports", "no such table: ports"},
        {"SELECT ?", "\"?\" is not a parameter: write it as :name"},
        {"SELECT ?3", "\"?\" is not a parameter: write it as :name"},
        {"SELECT @a", "\"@a\" is not a parameter: write it as :name"},
        {"SELECT $a", "\"$a\" is not a parameter: write it as :name"},
        {"SELECT :a", "\":a\" is not declared"},
        {"SELECT 1; SELECT 2", "only one statement can stand here"},
        {"-- nothing", "there is no statement here"},
        {"BEGIN", "BEGIN is not allowed here: every request is one transaction already"},
        {"END", "COMMIT is not allowed here: every request is one transaction already"},
        {"ROLLBACK", "ROLLBACK is not allowed here: every request is one transaction already"},
        {"SAVEPOINT s", "SAVEPOINT is not allowed here: every request is one transaction already"},
        {"RELEASE s", "RELEASE is not allowed here: every request is one transaction already"},
        {"ROLLBACK TO s", "ROLLBACK TO is not allowed here: every request is one transaction already"},
        {"ATTACH 'x' AS y", "ATTACH is not allowed here: an app has one store"},
        {"DETACH main", "DETACH is not allowed here: an app has one store"},
        {"PRAGMA synchronous = OFF", "PRAGMA is not allowed here: the store has its settings"},
        {"VACUUM", "VACUUM is not allowed here: it cannot run in a transaction"},
        {"CREATE TABLE t (a)", "CREATE is not allowed here: only a migration changes the schema"},
        {"DROP TABLE u", "DROP is not allowed here: only a migration changes the schema"},
        {"ALTER TABLE u ADD COLUMN b", "ALTER is not allowed here: only a migration changes the schema"},
        {"ANALYZE", "ANALYZE is not allowed here: only a migration changes the schema"},
        {"REINDEX u", "REINDEX is not allowed here: only a migration changes the schema"},
        {"SELECT load_extension('x')", "load_extension is not allowed here: it runs code from a file"},
    };
    run_script(f->writer, "CREATE TABLE u (a integer); CREATE INDEX i ON u (a)");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_error(error_of_prepare(f->writer, cases[i].sql), ERR_CONFIG, cases[i].text);
    assert_error(error_of_script(f->writer, "SELECT 1; COMMIT"), ERR_CONFIG,
        "COMMIT is not allowed here: every migration is one transaction already");
    assert_error(
        error_of_script(f->writer, "INSERT INTO u VALUES (:a)"), ERR_CONFIG, "a script has no parameters");
}

static void a_place_counts_bytes_and_no_byte_order_mark(void **state)
{
    struct fixture *f = *state;
    char sql[100];
    snprintf(sql, sizeof(sql), "%sSELECT nothing", BOM);
    struct err err = error_of_prepare(f->reader, sql);
    assert_int_equal(err.line, 1);
    assert_int_equal(err.column, 8);
    err = error_of_prepare(f->reader, "SELECT 'ö',\r\n'ä', nothing");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 7);
}

static void what_authors_get_wrong_most_has_its_cure(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *text, *hint;
    } cases[] = {
        {"INSERT INTO u (a) SELECT a FROM w ON CONFLICT (a) DO NOTHING", "near \"DO\": syntax error",
            "put WHERE true in front of ON CONFLICT"},
        {"INSERT INTO u (a) SELECT a FROM w WHERE true ON CONFLICT (b) DO NOTHING",
            "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint",
            "name the columns of a key, or make them one by a UNIQUE index in a new schema file"},
        {"SELECT a FROM u JOIN w ON u.a = w.a", "ambiguous column name: a",
            "write its table in front of it, and a name behind: l.id AS id"},
        {"SELECT \u2018a\u2019", "no such column: \u2018a\u2019", "texts stand in straight quotes: 'a'"},
        {"SELECT a b DO FROM u", "near \"DO\": syntax error", ""},
        {"SELECT nowhere", "no such column: nowhere", ""},
    };
    run_script(f->writer, "CREATE TABLE u (a integer PRIMARY KEY, b integer); CREATE TABLE w (a integer)");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = error_of_prepare(f->writer, cases[i].sql);
        assert_error(err, ERR_CONFIG, cases[i].text);
        assert_string_equal(err.hint, cases[i].hint);
    }
    assert_string_equal(
        error_of_script(f->writer, "INSERT INTO w VALUES (1)\nCREATE TABLE x (a integer)").hint,
        "end the statement in front of it with a ;");
}

static void sql_that_holds_a_nul_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store_stmt *stmt = NULL;
    const struct span sql = {.at = "SELECT 1\n \0; DROP", .len = 17};
    assert_int_equal(store_prepare(f->writer, sql, NULL, 0, &stmt, &err), ERR_CONFIG);
    assert_error(err, ERR_CONFIG, "SQL cannot hold a NUL byte");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 2);
    assert_null(stmt);
}

static void a_lock_of_somebody_else_is_named(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    sqlite3 *other;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    store_deadline(f->writer, 1);
    assert_int_equal(store_begin(f->writer, &err), ERR_BUSY);
    assert_error(err, ERR_BUSY, "the store is locked by somebody else: try again");
    store_deadline(f->writer, 0);
    sqlite3_close(other);
    begin(f->writer);
    commit(f->writer);
}

// --- two processes that migrate at once

static const struct migration_file files[] = {
    {.name = {"001", 3}, .file = "001.sql", .sql = {"CREATE TABLE t (a)", 18}},
    {.name = {"002", 3}, .file = "002.sql", .sql = {"CREATE TABLE u (a)", 18}},
};

// Called while f->writer waits for the lock that `ctx` holds: gives it up, and migrates first.
static int migrate_before(void *ctx, int waits)
{
    struct err err = {0};
    if (waits > 0)
        return 0;
    commit(ctx);
    assert_int_equal(migrate(ctx, files, 2, NULL, &err), ERR_NONE);
    assert_rows(ctx, "SELECT count(*) FROM reckoner_migrations", "2\n");
    return 1;
}

static void a_file_that_somebody_applies_meanwhile_is_not_applied_again(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store_conn *other;
    assert_int_equal(migrate(f->writer, NULL, 0, NULL, &err), ERR_NONE);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &other, &err), ERR_NONE);
    sqlite3_busy_handler(sqlite_conn(f->writer)->db, migrate_before, other);
    begin(other);
    assert_int_equal(migrate(f->writer, files, 2, NULL, &err), ERR_NONE);
    assert_rows(f->writer, "SELECT name FROM reckoner_migrations", "'001'\n'002'\n");
    store_disconnect(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_commit_is_on_disk_by_the_settings_in_force),
        STORE_TEST(the_planner_and_the_caches_are_set_for_requests),
        STORE_TEST(no_join_builds_a_bloom_filter),
        STORE_TEST(a_file_that_is_no_database_is_refused_and_left_alone),
        STORE_TEST(a_place_that_cannot_be_opened_is_named),
        STORE_TEST(without_a_descriptor_it_may_be_opened_later),
        STORE_TEST(a_path_is_never_read_as_a_uri),
        STORE_TEST(a_store_in_memory_is_its_one_connection),
        STORE_TEST(a_full_disk_says_so_and_leaves_nothing_of_the_transaction),
        STORE_TEST(a_transaction_that_sqlite_ended_by_itself_is_refused_everything_until_it_is_rolled_back),
        STORE_TEST(constraints_are_named),
        STORE_TEST(an_upsert_without_rowids_that_meets_one_key_twice_is_refused),
        STORE_TEST(what_a_trigger_writes_again_is_no_second_row),
        STORE_TEST(statements_that_fail_say_why),
        STORE_TEST(statements_that_are_wrong_say_why),
        STORE_TEST(a_place_counts_bytes_and_no_byte_order_mark),
        STORE_TEST(what_authors_get_wrong_most_has_its_cure),
        STORE_TEST(sql_that_holds_a_nul_is_refused),
        STORE_TEST(a_lock_of_somebody_else_is_named),
        STORE_TEST(a_file_that_somebody_applies_meanwhile_is_not_applied_again),
    };
    return fixture_run_of("sqlite", tests);
}
