// SPDX-License-Identifier: Apache-2.0
// What a statement's result hangs on beside rows and parameters, as each store tells it; and when that
// changes with the schema.
#include "fixture.h"

#include <string.h>

#include "base/buf.h"
#include "store/versions.h"

static const char schema[] = "CREATE TABLE prices (shop text, day date, price integer);"
                             "CREATE VIEW dear AS SELECT shop, price FROM prices WHERE price > abs(-100);";

static const struct store_name params[] = {{.name = {"n", 1}, .type = TYPE_INTEGER},
    {.name = {"text", 4}, .type = TYPE_TEXT}, {.name = {"day", 3}, .type = TYPE_DATE},
    {.name = {"tags", 4}, .type = TYPE_TEXT, .is_list = true}};

static char why[1000];

static const char *why_of(struct store_conn *conn, const char *sql)
{
    struct err err = {0};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, sizeof(why) - 1);
    struct store_stmt *stmt = prepare(conn, sql, params, sizeof(params) / sizeof(params[0]));
    if (versions_miss(stmt, &out, &err) != ERR_NONE)
        fail_msg("%s: %s", sql, err.text);
    store_finalize(stmt);
    memcpy(why, out.data != NULL ? out.data : "", out.len);
    why[out.len] = '\0';
    return why;
}

struct one {
    const char *sql, *why;
};

static void expect_all(struct store_conn *conn, const struct one *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(why_of(conn, cases[i].sql), cases[i].why) != 0)
            fail_msg("%s: \"%s\" in place of \"%s\"", cases[i].sql, why, cases[i].why);
    }
}

#define expect(conn, cases) expect_all(conn, cases, sizeof(cases) / sizeof((cases)[0]))

static void rows_and_parameters_are_all_of_most_statements(void **state)
{
    struct fixture *f = *state;
    static const struct one cases[] = {
        {"SELECT 1", ""},
        {"SELECT count(*), sum(price), avg(price), min(day), max(day) FROM prices", ""},
        {"SELECT shop, rank() OVER (PARTITION BY shop ORDER BY price) FROM dear", ""},
        {"SELECT upper(shop) || lower(shop), length(trim(shop)), replace(shop, 'a', 'b') FROM prices", ""},
        {"SELECT coalesce(nullif(shop, ''), 'x') FROM prices WHERE shop LIKE 'a%' AND price IN (1, 2)", ""},
        {"SELECT c.day, p.price FROM calendar(:day, :day) c LEFT JOIN prices p ON p.day = c.day", ""},
        {"SELECT shop FROM prices WHERE shop IN (SELECT value FROM list(:tags)) ORDER BY shop LIMIT 3", ""},
        {"SELECT distance_m(1, 2, 3, :n)", ""},
        {"SELECT round(price / 3.0, 2), abs(price), CAST(price AS text), substr(shop, 1, 2) FROM prices", ""},
        {"SELECT 'random()' AS text, shop AS \"current_date\" FROM prices -- now()", ""},
    };
    run_script(f->writer, schema);
    expect(f->reader, cases);
}

static void chance_and_the_session_are_told(void **state)
{
    struct fixture *f = *state;
    static const struct one both[] = {
        {"SELECT random()", "it calls random()"},
        {"SELECT shop FROM prices ORDER BY random() LIMIT 1", "it calls random()"},
        {"WITH x AS (SELECT random() AS r) SELECT r FROM x", "it calls random()"},
    };
    static const struct one sqlite[] = {
        {"SELECT hex(randomblob(4))", "it calls randomblob()"},
        {"SELECT last_insert_rowid()", "it calls last_insert_rowid()"},
        {"SELECT changes()", "it calls changes()"},
        {"SELECT total_changes()", "it calls total_changes()"},
    };
    static const struct one postgresql[] = {
        {"SELECT current_setting('timezone')", "it calls current_setting()"},
        {"SELECT \"pg_backend_pid\"()", "it calls pg_backend_pid()"},
        {"SELECT gen_random_uuid()::text", "it calls gen_random_uuid()"},
        {"SELECT current_user", "it asks for the session's user or schema"},
        {"SELECT CURRENT_SCHEMA", "it asks for the session's user or schema"},
        {"SELECT shop FROM prices TABLESAMPLE system (50)", "it takes a sample of a table"},
    };
    run_script(f->writer, schema);
    expect(f->reader, both);
    if (f->is_sqlite)
        expect(f->reader, sqlite);
    else
        expect(f->reader, postgresql);
}

static void the_time_is_told_where_words_name_it(void **state)
{
    struct fixture *f = *state;
    static const struct one sqlite[] = {
        {"SELECT CURRENT_TIMESTAMP", "it calls current_timestamp()"},
        {"SELECT price FROM prices WHERE day < CURRENT_DATE", "it calls current_date()"},
        {"SELECT date('now')", "it asks for the time"},
        {"SELECT price FROM prices WHERE day = date( 'NOW' , '-1 day')", "it asks for the time"},
        {"SELECT strftime('%Y', 'now')", "it asks for the time"},
        {"SELECT datetime()", "it asks for the time"},
        {"SELECT julianday( /* now */ )", "it asks for the time"},
        {"SELECT date('2020-01-01', '+1 day'), strftime('%Y', day) FROM prices", ""},
        {"SELECT 'now' AS word", ""},
    };
    static const struct one postgresql[] = {
        {"SELECT now()", "it calls now()"},
        {"SELECT pg_catalog.clock_timestamp()", "it calls clock_timestamp()"},
        {"SELECT age(day) FROM prices", "it calls age()"},
        {"SELECT price FROM prices WHERE day < CURRENT_DATE", "it asks for the time"},
        {"SELECT localtimestamp", "it asks for the time"},
        {"SELECT price FROM prices WHERE day = 'today'",
            "it has a text that may mean the time, such as 'now'"},
        {"SELECT timestamp E'now'", "it has a text that may mean the time, such as 'now'"},
        {"SELECT to_char(day, 'YYYY'), date_trunc('month', day)::date, day::timestamp, day::text FROM prices",
            ""},
        {"SELECT :day::date, date '2020-01-01', (day)::timestamptz, p.day::timestamp FROM prices p", ""},
        {"SELECT CAST(p.day AS timestamp), CAST(:day AS pg_catalog.date), price::text FROM prices p", ""},
        {"SELECT :text::date", "it casts what may be a text to date, and 'now' may be such a text"},
        {"SELECT shop::timestamp FROM prices",
            "it casts what may be a text to timestamp, and 'now' may be such a text"},
        {"SELECT CAST(p.shop AS date) FROM prices p",
            "it casts what may be a text to date, and 'now' may be such a text"},
        {"SELECT date(shop) FROM prices",
            "it casts what may be a text to date, and 'now' may be such a text"},
        {"SELECT (shop || '')::date FROM prices",
            "it casts what may be a text to date, and 'now' may be such a text"},
        {"SELECT CAST(coalesce(shop, '') AS pg_catalog.timestamptz) FROM prices",
            "it casts what may be a text to timestamptz, and 'now' may be such a text"},
        {"SELECT lower(shop)::date FROM prices",
            "it casts what may be a text to date, and 'now' may be such a text"},
        {"SELECT day::text::date FROM prices",
            "it casts what may be a text to date, and 'now' may be such a text"},
    };
    run_script(f->writer, schema);
    if (f->is_sqlite)
        expect(f->reader, sqlite);
    else
        expect(f->reader, postgresql);
}

static void views_are_looked_into(void **state)
{
    struct fixture *f = *state;
    static const struct one sqlite[] = {
        {"SELECT r FROM lots", "it calls random()"},
        {"SELECT x FROM lots_of_lots", "it calls random()"},
        {"SELECT shop FROM fresh", "it asks for the time"},
        {"SELECT shop FROM fresher", "it calls current_date()"},
        {"SELECT shop FROM dear", ""},
    };
    static const struct one postgresql[] = {
        {"SELECT r FROM lots", "it calls random()"},
        {"SELECT x FROM lots_of_lots", "it calls random()"},
        {"SELECT shop FROM fresh", "it calls now()"},
        {"SELECT shop FROM fresher", "the view fresher asks for the time, the user or a sample"},
        {"SELECT d FROM cast_days",
            "the view cast_days casts a text to a time, and 'now' may be such a text"},
        {"SELECT d FROM harmless", ""},
        {"SELECT shop FROM dear", ""},
    };
    run_script(f->writer, schema);
    run_script(f->writer, "CREATE VIEW lots AS SELECT random() AS r FROM prices;"
                          "CREATE VIEW lots_of_lots AS SELECT r AS x FROM lots;"
                          "CREATE VIEW fresher AS SELECT shop FROM prices WHERE day >= CURRENT_DATE");
    if (f->is_sqlite) {
        run_script(f->writer, "CREATE VIEW fresh AS SELECT shop FROM prices WHERE day >= date('now')");
        expect(f->reader, sqlite);
        return;
    }
    run_script(f->writer,
        "CREATE VIEW fresh AS SELECT shop FROM prices WHERE day >= now();"
        "CREATE VIEW cast_days AS SELECT shop::date AS d FROM prices;"
        "CREATE VIEW harmless AS SELECT day::timestamptz AS d, to_char(day, 'YYYY') AS y FROM prices");
    expect(f->reader, postgresql);
}

static void what_an_app_has_made_in_postgresql_is_looked_into(void **state)
{
    struct fixture *f = *state;
    static const struct one cases[] = {
        {"SELECT lucky(price) FROM prices", "it calls lucky()"},
        {"SELECT twice(price) FROM prices", ""},
        {"SELECT lucky_sum(price) FROM prices", "it calls lucky_sum()"},
        {"SELECT \xc3\xa9t\xc3\xa9(price) FROM prices", "it calls \xc3\xa9t\xc3\xa9()"},
        {"SELECT a FROM guarded", "the rows of guarded that it sees are for a policy to say"},
        {"SELECT price <~> 1 FROM prices", "it may use the operator <~>, which is not immutable"},
    };
    if (f->is_sqlite)
        return;
    run_script(f->writer, schema);
    run_script(f->writer,
        "CREATE FUNCTION lucky(integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT 1';"
        "CREATE FUNCTION \xc3\xa9t\xc3\xa9(integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT 1';"
        "CREATE FUNCTION add_luck(integer, integer) RETURNS integer LANGUAGE sql VOLATILE AS 'SELECT $1 + $2';"
        "CREATE AGGREGATE lucky_sum(integer) (SFUNC = add_luck, STYPE = integer, INITCOND = '0');"
        "CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';"
        "CREATE FUNCTION chance(integer, integer) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT true';"
        "CREATE OPERATOR <~> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = chance);"
        "CREATE TABLE guarded (a integer); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY mine ON guarded USING (true)");
    expect(f->reader, cases);
}

// SQLite's date functions ask for the time when a value says so: no version is known of such a read.
static void a_value_that_asks_for_the_time_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    const struct version *version = versions_of(f->store, "prices");
    if (!f->is_sqlite)
        return;
    run_script(f->writer, schema);
    run_script(f->writer, "INSERT INTO prices (day) VALUES ('9999-01-01')");
    assert_int_equal(store_watch(f->store, &err), ERR_NONE);
    static const char sql[] = "SELECT count(*) FROM prices WHERE day < date(:text)";
    assert_string_equal(why_of(f->reader, sql), "");
    struct store_stmt *stmt = prepare(f->reader, sql, params, sizeof(params) / sizeof(params[0]));
    static const char *const texts[] = {"2020-01-01", "now", "2020-01-01", "NOW", "now"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct value values[] = {null_value(), text_of(texts[i]), null_value(), null_value()};
        assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
        assert_string_equal(rows_of_stmt(stmt, values), "0\n");
        bool is_known = version_seen(f->reader, version) != 0;
        store_rollback(f->reader);
        assert_int_equal(is_known, texts[i][0] == '2');
    }
    store_finalize(stmt);
}

static void a_changed_schema_is_another_number(void **state)
{
    struct fixture *f = *state;
    if (!f->is_sqlite)
        return;
    run_script(f->writer, schema);
    struct store_stmt *stmt = prepare(f->reader, "SELECT shop FROM dear", NULL, 0);
    uint64_t before = versions_schema(stmt);
    assert_int_not_equal(before, 0);
    assert_string_equal(rows_of_stmt(stmt, NULL), "");
    assert_int_equal(versions_schema(stmt), before);
    run_script(f->writer, "DROP VIEW dear; CREATE TABLE others (shop text);"
                          "CREATE VIEW dear AS SELECT shop FROM others");
    assert_string_equal(rows_of_stmt(stmt, NULL), "");
    assert_int_not_equal(versions_schema(stmt), before);
    store_finalize(stmt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(rows_and_parameters_are_all_of_most_statements),
        STORE_TEST(chance_and_the_session_are_told),
        STORE_TEST(the_time_is_told_where_words_name_it),
        STORE_TEST(views_are_looked_into),
        STORE_TEST(what_an_app_has_made_in_postgresql_is_looked_into),
        STORE_TEST(a_value_that_asks_for_the_time_is_noticed),
        STORE_TEST(a_changed_schema_is_another_number),
    };
    return fixture_run(tests);
}
