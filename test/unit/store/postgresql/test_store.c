// SPDX-License-Identifier: Apache-2.0
// What only the PostgreSQL driver has: its texts, types and plans. Tests with a database are skipped where
// TEST_POSTGRESQL names none.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../store/fixture.h"
#include "base/clock.h"
#include "store/postgresql/errand.h"
#include "store/postgresql/permit.h"
#include "store/postgresql/sql.h"

// --- SQL, without a database

static struct err error_of_permit(enum pg_origin origin, const char *sql)
{
    struct err err = {0};
    size_t start = 0;
    enum err_code code = pg_permit_check(origin, span_of(sql), pg_next_statement(span_of(sql), &start), &err);
    assert_int_equal(code, err.code);
    return err;
}

static void an_endpoint_reads_and_writes_rows_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *text;
    } cases[] = {
        {"SELECT 1", ""},
        {"(SELECT 1) UNION SELECT 2", ""},
        {"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x", ""},
        {"VALUES (1)", ""},
        {"/* x */ begin", "BEGIN is not allowed here: every request is one transaction already"},
        {"SET search_path = x", "SET is not allowed here: the store has its settings"},
        {"COPY t FROM STDIN",
            "COPY is not allowed here: rows come and go through the table batch and the answer"},
        {"create table t (a int)", "CREATE is not allowed here: only a migration changes the schema"},
        {"SELECT 1 AS a INTO t", "SELECT INTO is not allowed here: only a migration changes the schema"},
        {"WITH x AS (SELECT 1) SELECT * INTO t FROM x",
            "SELECT INTO is not allowed here: only a migration changes the schema"},
        {"SELECT 'INTO' AS \"into\"", ""},
        {"SELECT pg_catalog.set_config('a.b', 'c', false)",
            "SET_CONFIG is not allowed here: the store has its settings, and locks end with a request"},
        {"SELECT \"set_config\"('a.b', 'c', false)",
            "\"SET_CONFIG\" is not allowed here: the store has its settings, and locks end with a request"},
        {"/* /* */ -- */ SELECT set_config('a.b', 'c', false)",
            "SET_CONFIG is not allowed here: the store has its settings, and locks end with a request"},
        {"SELECT ARRAY[1, set_config('a.b', 'c', false)]",
            "SET_CONFIG is not allowed here: the store has its settings, and locks end with a request"},
        {"SELECT pg_advisory_lock(1)",
            "PG_ADVISORY_LOCK is not allowed here: the store has its settings, and locks end with a request"},
        {"SELECT pg_advisory_xact_lock(1)", ""},
        {"UPDATE pg_catalog.\"pg_settings\" SET setting = 'off' WHERE name = 'synchronous_commit'",
            "\"PG_SETTINGS\" is not allowed here: the store has its settings, and locks end with a request"},
        {"SELECT setting FROM pg_settings",
            "PG_SETTINGS is not allowed here: the store has its settings, and locks end with a request"},
        {"SELECT 1 AS insert INTO t", "SELECT INTO is not allowed here: only a migration changes the schema"},
        {"VACUUM", "VACUUM is not allowed here: it cannot run in a transaction"},
        {"DO $$ BEGIN END $$", "DO is not allowed here: only a migration changes the schema"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_string_equal(error_of_permit(PG_ORIGIN_ENDPOINT, cases[i].sql).text, cases[i].text);
}

static void a_migration_changes_the_schema_and_no_transaction(void **state)
{
    (void)state;
    assert_string_equal(error_of_permit(PG_ORIGIN_MIGRATION, "CREATE TABLE t (a int)").text, "");
    assert_string_equal(error_of_permit(PG_ORIGIN_MIGRATION, "SELECT 1 AS a INTO t").text, "");
    assert_string_equal(error_of_permit(PG_ORIGIN_MIGRATION, "commit").text,
        "COMMIT is not allowed here: every migration is one transaction already");
    assert_string_equal(error_of_permit(PG_ORIGIN_MIGRATION, "SET x = 1").text,
        "SET is not allowed here: the store has its settings");
}

static void words_tell_whether_a_statement_writes(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        bool writes;
    } cases[] = {
        {"SELECT \"update\" FROM t", false},
        {"SELECT * FROM t WHERE update > 1", false},
        {"WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x", true},
        {"WITH x AS (SELECT 1) UPDATE t SET a = 1", true},
        {"WITH x AS (SELECT 'INSERT') SELECT (1)", false},
        {"-- x\nMERGE INTO t USING u ON true WHEN MATCHED THEN DELETE", true},
        {"SELECT a FROM t FOR UPDATE", false},
        {"((WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x))", true},
        {"(SELECT a FROM t)", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(pg_writes(span_of(cases[i].sql)), cases[i].writes);
}

static const char *translated(const char *sql, const struct store_name *params, size_t count)
{
    static char text[300];
    struct err err = {0};
    uint16_t numbers[PG_PARAMS];
    size_t used = 0;
    struct buf out;
    buf_init(&out, sizeof(text));
    if (pg_translate(span_of(sql), params, count, &out, numbers, &used, &err) == ERR_NONE)
        snprintf(text, sizeof(text), "%s", out.data);
    else
        snprintf(text, sizeof(text), "%u:%u %.200s", err.line, err.column, err.text);
    buf_fini(&out);
    return text;
}

static void names_become_numbers_of_the_same_width(void **state)
{
    (void)state;
    const struct store_name params[] = {{.name = span_of("unused"), .type = TYPE_TEXT},
        {.name = span_of("day"), .type = TYPE_DATE}, {.name = span_of("a"), .type = TYPE_TEXT}};
    assert_string_equal(translated("SELECT :a, :day::text, :a", params, 3), "SELECT $1, $2  ::text, $1");
    assert_string_equal(translated("':a' -- :a\n/* :a */ \":a\" $$:a$$ E'\\':a'", params, 3),
        "':a' -- :a\n/* :a */ \":a\" $$:a$$ E'\\':a'");
    assert_string_equal(translated("SELECT x[:a], ARRAY[':a', :day], y[1:2], y[1 : a]", params, 3),
        "SELECT x[$1], ARRAY[':a', $2  ], y[1:2], y[1 : a]");
    assert_string_equal(translated("/* /* */ :a */ :a", params, 3), "/* /* */ :a */ $1");
    assert_string_equal(translated("SELECT 1\n, :b", params, 3), "2:3 \":b\" is not declared");
    assert_string_equal(
        translated("SELECT :a, $12", params, 3), "1:12 \"$12\" is not a parameter: write it as :name");
}

static void a_script_is_cut_at_the_semicolons_that_end_statements(void **state)
{
    (void)state;
    static const char script[] =
        "; -- a;\nCREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;"
        "\nSELECT ';' /* /* */ ; */;\n\n";
    size_t start = 0;
    struct span first = pg_next_statement(span_of(script), &start);
    assert_int_equal(
        first.len, strlen("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1"
                          " END; SELECT 2; END"));
    struct span second = pg_next_statement(span_of(script), &start);
    assert_true(span_is(second, "SELECT ';'"));
    assert_int_equal(pg_next_statement(span_of(script), &start).len, 0);
}

// --- types

static void values_come_out_as_sqlite_would_give_them(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *row;
    } cases[] = {
        {"sum(a) FROM (VALUES (1::bigint), (9007199254740993)) t (a)", "9007199254740994\n"},
        {"sum(a) FROM (VALUES (100000000::bigint), (-300000000)) t (a)", "-200000000\n"},
        {"avg(a) FROM (VALUES (1::bigint), (2)) t (a)", "1.5\n"},
        {"0::numeric, 10::numeric, 10000::numeric, -1::numeric", "0|10|10000|-1\n"},
        {"10.0::numeric, 0.00::numeric, -0.00012::numeric", "10.0|0.0|-0.00012\n"},
        {"99999999999999999999::numeric, -100000000000000000000::numeric",
            "99999999999999999999|-100000000000000000000\n"},
        {"12345678901234.5678::numeric(20, 4), 19.90::numeric(10, 2)", "12345678901234.5678|19.9\n"},
        {"1e-9::numeric, 10000.0001::numeric, 1e20::numeric(30, 3)",
            "0.000000001|10000.0001|100000000000000000000.0\n"},
        {"'NaN'::numeric, 'Infinity'::numeric, '-Infinity'::numeric, 'NaN'::float8", "nan|inf|-inf|nan\n"},
        {"date 'infinity', date '-infinity', timestamptz 'infinity', timestamptz '-infinity'",
            "NULL|NULL|NULL|NULL\n"},
        {"date '12000-02-29', date '0044-03-15 BC', date '0001-12-31 BC'",
            "'12000-02-29'|'0044-03-15 BC'|'0001-12-31 BC'\n"},
        {"timestamptz '10000-01-01 00:00:00Z', timestamptz '4713-11-25 23:59:59.999999 BC'",
            "'10000-01-01T00:00:00.000Z'|'4713-11-25T23:59:59.999Z BC'\n"},
        {"date '5874897-12-31', date '4713-01-01 BC', timestamptz '294276-12-31 23:59:59.999Z'",
            "'5874897-12-31'|'4713-01-01 BC'|'294276-12-31T23:59:59.999Z'\n"},
        {"true, false, 7::smallint, (-7)::integer, 0.1::real", "1|0|7|-7|0.100000000000000\n"},
        {"date '0001-01-01', date '9999-12-31'", "'0001-01-01'|'9999-12-31'\n"},
        {"timestamptz '2016-01-01 01:00:00.1239+01', timestamptz '1969-12-31 23:59:59.9999Z'",
            "'2016-01-01T00:00:00.123Z'|'1969-12-31T23:59:59.999Z'\n"},
        {"'x'::varchar, 'y'::char(2), 'z'::name, '{}'::json", "'x'|'y '|'z'|'{}'\n"},
        {"'00000000-0000-4000-8000-0000000000ff'::uuid", "'00000000-0000-4000-8000-0000000000ff'\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql), "SELECT %s", cases[i].sql);
        assert_rows(f->reader, sql, cases[i].row);
    }
}

static void a_type_without_a_form_in_json_is_refused_by_name(void **state)
{
    struct fixture *f = *state;
    assert_error(error_of_run(f->reader, "SELECT '\\x00'::bytea AS b"), ERR_STORE,
        "the column \"b\" is of bytea (17), which has no form in JSON: cast it");
    assert_error(error_of_run(f->reader, "SELECT interval '1 day' AS i"), ERR_STORE,
        "the column \"i\" is of interval (1186), which has no form in JSON: cast it");
}

static void the_helpers_are_there(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader, "SELECT value FROM list(' a,,b\t, c d ,')", "'a'\n'b'\n'c d'\n");
    assert_rows(f->reader, "SELECT count(*) FROM list(NULL)", "0\n");
    assert_rows(f->reader, "SELECT distance_m(0, 0, 0, 180) / 20015086.79602057 - 1 < 1e-12", "1\n");
    assert_rows(
        f->reader, "SELECT distance_m(52, 13, 52, 13), distance_m(NULL, 1, 2, 3)", "0.00000000000000|NULL\n");
}

// --- texts

static void errors_say_what_the_server_says(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE p (k integer PRIMARY KEY, c integer CONSTRAINT positive CHECK (c > 0));"
        "INSERT INTO p VALUES (1, 1);"
        "CREATE TABLE spans (k int4range, v int4range, EXCLUDE USING gist (k WITH &&),"
        " CONSTRAINT apart EXCLUDE USING gist (v WITH &&));"
        "INSERT INTO spans VALUES ('[1,5]', '[1,5]')");
    assert_error(error_of_run(f->writer, "INSERT INTO spans VALUES ('[2,2]', NULL)"), ERR_CONFLICT,
        "a row and another one exclude each other");
    assert_error(error_of_run(f->writer, "INSERT INTO spans VALUES (NULL, '[2,2]')"), ERR_CONFLICT,
        "a row and another one exclude each other by constraint apart");
    assert_error(error_of_run(f->writer, "INSERT INTO p VALUES (1, 1)"), ERR_CONFLICT,
        "a row with this key exists already");
    assert_error(error_of_run(f->writer, "INSERT INTO p VALUES (2, 0)"), ERR_CONSTRAINT,
        "a row violates check constraint positive");
    assert_error(error_of_run(f->writer, "SELECT 1 / (k - 1) FROM p"), ERR_VALUE, "division by zero");
    struct err err = error_of_prepare(f->writer, "SELECT\n  häfen, nothing FROM p");
    assert_error(err, ERR_CONFIG, "column \"häfen\" does not exist");
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
    err = error_of_prepare(f->writer, "SELECT 'häfen' AS a, nothing FROM p");
    assert_int_equal(err.column, 23); // in bytes
    const struct store_name params[] = {{.name = span_of("day"), .type = TYPE_DATE}};
    const struct value values[] = {text_of("2015-02-29")};
    struct store_stmt *stmt = prepare(f->reader, "SELECT :day", params, 1);
    err = (struct err){0};
    assert_int_equal(store_bind(stmt, values, &err), ERR_VALUE);
    assert_string_equal(err.text, "\"2015-02-29\" is not a date, YYYY-MM-DD");
}

static void a_url_that_libpq_does_not_understand_is_refused(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct err err = {0};
    assert_int_equal(store_open("postgresql://x?nothing=1", "test", &store, &err), ERR_CONFIG);
    assert_string_equal(err.text, "the store's url is wrong: invalid URI query parameter: \"nothing\"");
    assert_null(store);
}

static void a_server_that_is_not_there_is_an_error_of_the_place(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct store_conn *conn = NULL;
    struct err err = {0};
    assert_int_equal(store_open("postgresql://postgres@127.0.0.1:1/x", "test", &store, &err), ERR_NONE);
    assert_int_equal(store_connect(store, STORE_READ, &conn, &err), ERR_IO);
    assert_null(conn);
    store_close(store);
}

// A socket of 127.0.0.1 that takes connections and says nothing.
static int listen_silently(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static void a_store_that_is_closed_does_not_wait_for_the_pings_of_others(void **state)
{
    (void)state;
    struct err err = {0};
    struct store *one, *other;
    char url[80];
    uint16_t port;
    int silent = listen_silently(&port);
    snprintf(url, sizeof(url), "postgresql://reckoner@127.0.0.1:%u/none", port);
    assert_int_equal(store_open(url, "one", &one, &err), ERR_NONE);
    assert_int_equal(store_open(url, "other", &other, &err), ERR_NONE);
    PGconn *link = PQconnectStart(url);
    struct pg_errand *ping = pg_errand_ping(link, url);
    PQfinish(link);
    assert_non_null(ping);
    store_close(one);
    assert_int_equal(pg_errand_wait(ping, 0), PG_ERRAND_UNDER_WAY);
    close(silent);
    store_close(other); // the last one waits
    assert_int_equal(pg_errand_wait(ping, clock_monotonic_ns() + 10 * NS_PER_S), PG_ERRAND_FAILED);
    pg_errand_leave(ping);
}

static void a_numeric_of_any_length_keeps_its_digits(void **state)
{
    struct fixture *f = *state;
    char expected[6100] = "";
    memset(expected, '1', 3001);
    expected[3001] = '.';
    memset(expected + 3002, '3', 3000);
    strcpy(expected + 6002, "\n");
    assert_rows(
        f->reader, "SELECT (repeat('1', 3001) || '.' || repeat('3', 3000) || '00')::numeric", expected);
    expected[50] = '\n'; // and shorter ones in the same room
    expected[51] = '\0';
    assert_rows(f->reader, "SELECT repeat('1', 50)::numeric", expected);
}

// The server's value, text and all, comes back equal from the key that is made of it.
static void a_key_is_exact_where_the_text_is_cut(void **state)
{
    struct fixture *f = *state;
    static const char *const values[] = {"timestamptz '2016-01-01 01:00:00.123456+01'",
        "timestamptz '-infinity'", "timestamptz '4713-11-25 23:59:59.999999 BC'", "date 'infinity'",
        "date '0044-03-15 BC'", "0.1::real", "0.30000000000000004::float8", "'NaN'::float8",
        "'-Infinity'::numeric", "'NaN'::numeric", "12345678901234567890.000000000000000001",
        "9007199254740993::bigint", "'00000000-0000-4000-8000-0000000000ff'::uuid", "'a'::char(3)", "true"};
    const struct store_name params[] = {{.name = span_of("K1"), .type = TYPE_TEXT, .is_page_key = true}};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char sql[200];
        struct err err = {0};
        struct value key;
        bool row = false;
        snprintf(sql, sizeof(sql), "SELECT %s AS k", values[i]);
        struct store_stmt *stmt = prepare(f->reader, sql, NULL, 0);
        assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
        assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
        assert_int_equal(store_key(stmt, 0, &key, &err), ERR_NONE);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM (SELECT %s AS k) x WHERE k = :K1", values[i]);
        struct store_stmt *again = prepare(f->reader, sql, params, 1);
        assert_string_equal(rows_of_stmt(again, &key), "1\n");
        store_finalize(again);
        store_finalize(stmt);
    }
}

// As a page's keys are: their types are the server's to say.
static void a_text_needs_no_nul_behind_it_whatever_its_type(void **state)
{
    struct fixture *f = *state;
    static const char address[] = "11.11.11.11";
    char bytes[sizeof(address)];
    const struct store_name params[] = {{.name = span_of("K1"), .type = TYPE_TEXT, .is_page_key = true}};
    struct value value = {.kind = VALUE_TEXT, .text = {.at = bytes, .len = sizeof(address) - 1}};
    struct err err = {0};
    memcpy(bytes, address, sizeof(address) - 1);
    bytes[sizeof(address) - 1] = '2'; // another value's
    struct store_stmt *stmt = prepare(f->reader, "SELECT 7 WHERE '11.11.11.11'::inet = :K1", params, 1);
    assert_string_equal(rows_of_stmt(stmt, &value), "7\n");
    bytes[9] = '\0';
    assert_int_equal(store_bind(stmt, &value, &err), ERR_STORE);
    assert_string_equal(err.text, "a text with a NUL byte is no value of the store's");
}

// --- plans

static void a_bulk_of_rows_has_statistics_before_it_is_committed(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const char *const count = "SELECT count(*) FROM pg_stats WHERE schemaname = current_schema()";
    begin(f->writer);
    assert_int_equal(store_analyze(f->writer, &err), ERR_NONE); // of nothing
    run_script(f->writer,
        "CREATE TABLE \"O'Hara \"\"x\"\"\" (a integer, b text);"
        "CREATE TABLE later (a integer PRIMARY KEY REFERENCES later DEFERRABLE INITIALLY DEFERRED);");
    run_script(f->writer, "INSERT INTO \"O'Hara \"\"x\"\"\" SELECT i, 'b' FROM generate_series(1, 100) i;"
                          "INSERT INTO later VALUES (1);");
    assert_int_equal(store_analyze(f->writer, &err), ERR_NONE);
    assert_string_equal(err.text, "");
    assert_rows(f->writer, count, "3\n");
    commit(f->writer);
    assert_rows(f->reader, count, "3\n");
}

static void on_line(void *ctx, const struct store_plan_line *line)
{
    char *text = ctx;
    snprintf(text + strlen(text), 500 - strlen(text), "%u %s [%s %lld]\n", line->depth, line->text,
        line->read_whole != NULL ? line->read_whole : "", (long long)line->table_rows);
}

static void a_plan_names_what_is_read_whole(void **state)
{
    struct fixture *f = *state;
    char text[500] = "";
    struct err err = {0};
    run_script(f->writer,
        "CREATE TABLE ports (code text, lat integer); INSERT INTO ports VALUES ('a', 1), ('b', 2)");
    const struct store_name params[] = {{.name = span_of("lat"), .type = TYPE_INTEGER}};
    const struct value values[] = {integer_of(2)};
    struct store_stmt *stmt = prepare(f->reader, "SELECT count(*) FROM ports p WHERE lat = :lat", params, 1);
    rows_of_stmt(stmt, values);
    assert_int_equal(store_explain(stmt, on_line, text, &err), ERR_NONE);
    assert_string_equal(
        text, "0 Aggregate [ 0]\n1 Seq Scan on ports p [ports 2]\n2 Filter: (lat = '2'::bigint) [ 0]\n");
}

static void a_plan_of_another_schema_counts_no_rows(void **state)
{
    struct fixture *f = *state;
    char sql[200], text[500] = "";
    struct err err = {0};
    snprintf(sql, sizeof(sql), "CREATE SCHEMA \"%s-b\"; CREATE TABLE \"%s-b\".things (a integer)", f->name,
        f->name);
    run_script(f->writer, sql);
    snprintf(sql, sizeof(sql), "SELECT a FROM \"%s-b\".things", f->name);
    struct store_stmt *stmt = prepare(f->reader, sql, NULL, 0);
    enum err_code code = store_explain(stmt, on_line, text, &err);
    snprintf(sql, sizeof(sql), "DROP SCHEMA \"%s-b\" CASCADE", f->name);
    run_script(f->writer, sql);
    assert_int_equal(code, ERR_NONE);
    assert_string_equal(text, "0 Seq Scan on things [ 0]\n");
}

static void a_unique_key_among_the_columns_is_found(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    bool is_unique = false;
    run_script(f->writer, "CREATE TABLE t (a integer, b integer NOT NULL, c integer, PRIMARY KEY (a, b));"
                          "CREATE UNIQUE INDEX ON t (c)");
    struct store_stmt *stmt = prepare(f->reader, "SELECT a, b, c FROM t", NULL, 0);
    const struct span key[] = {span_of("c"), span_of("b"), span_of("a")};
    assert_int_equal(store_is_unique(stmt, key, 3, &is_unique, &err), ERR_NONE);
    assert_true(is_unique);
    assert_int_equal(store_is_unique(stmt, key, 2, &is_unique, &err), ERR_NONE);
    assert_false(is_unique); // c may be null
}

int main(void)
{
    const struct CMUnitTest pure[] = {
        cmocka_unit_test(an_endpoint_reads_and_writes_rows_and_nothing_else),
        cmocka_unit_test(a_migration_changes_the_schema_and_no_transaction),
        cmocka_unit_test(words_tell_whether_a_statement_writes),
        cmocka_unit_test(names_become_numbers_of_the_same_width),
        cmocka_unit_test(a_script_is_cut_at_the_semicolons_that_end_statements),
        cmocka_unit_test(a_url_that_libpq_does_not_understand_is_refused),
        cmocka_unit_test(a_server_that_is_not_there_is_an_error_of_the_place),
        cmocka_unit_test(a_store_that_is_closed_does_not_wait_for_the_pings_of_others),
    };
    const struct CMUnitTest live[] = {
        STORE_TEST(a_numeric_of_any_length_keeps_its_digits),
        STORE_TEST(a_key_is_exact_where_the_text_is_cut),
        STORE_TEST(a_text_needs_no_nul_behind_it_whatever_its_type),
        STORE_TEST(values_come_out_as_sqlite_would_give_them),
        STORE_TEST(a_type_without_a_form_in_json_is_refused_by_name),
        STORE_TEST(the_helpers_are_there),
        STORE_TEST(errors_say_what_the_server_says),
        STORE_TEST(a_bulk_of_rows_has_statistics_before_it_is_committed),
        STORE_TEST(a_plan_names_what_is_read_whole),
        STORE_TEST(a_plan_of_another_schema_counts_no_rows),
        STORE_TEST(a_unique_key_among_the_columns_is_found),
    };
    return cmocka_run_group_tests(pure, NULL, NULL) + fixture_run_of("postgresql", live);
}
