// SPDX-License-Identifier: Apache-2.0
// The archive of a table, on every store: what is made, what is moved, what late rows meet, and which tables
// can have none. Kills, readers and whole apps are test/box/durability/test_history.py's.
#include "store/history.h"

#include <stdio.h>
#include <string.h>

#include "fixture.h"

static const struct history_rule RULE = {.table = {.at = "prices", .len = 6},
    .column = {.at = "day", .len = 3},
    .days = 90,
    .file = "app.ini",
    .line = 3};

#define DAY_INDEX "CREATE INDEX prices_day ON prices (day);"

// A table of days by their age, so that statements need no words of one database.
static void make_ages(struct fixture *f)
{
    run_script(f->writer, "CREATE TABLE ages (age integer PRIMARY KEY, day date NOT NULL)");
    run_script(f->writer,
        f->is_sqlite
            ? "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
              " INSERT INTO ages SELECT i, date('now', '-' || i || ' days') FROM n"
            : "INSERT INTO ages SELECT i, (now() AT TIME ZONE 'UTC')::date - i FROM generate_series(0, 500) AS i");
}

static struct err make(struct fixture *f)
{
    struct err err = {0};
    (void)!history_make(f->writer, &RULE, 1, &err);
    return err;
}

static void make_well(struct fixture *f)
{
    struct err err = make(f);
    if (err.code != ERR_NONE)
        fail_msg("%s", err.text);
}

// Steps until nothing is old; the number of rows.
static uint64_t move_all(struct fixture *f)
{
    struct history_step step = {.has_more = true};
    uint64_t rows = 0;
    while (step.has_more) {
        struct err err = {0};
        if (history_move(f->writer, &RULE, &step, &err) != ERR_NONE)
            fail_msg("%s", err.text);
        rows += step.rows;
    }
    return rows;
}

static void set_up_prices(struct fixture *f)
{
    make_ages(f);
    run_script(f->writer,
        "CREATE TABLE prices (port text NOT NULL, day date NOT NULL, price bigint NOT NULL, PRIMARY KEY (port, day));"
        "CREATE INDEX prices_day ON prices (day);"
        "INSERT INTO prices SELECT 'A', day, age FROM ages WHERE age IN (1, 89, 90, 91, 200, 300)");
    make_well(f);
}

// --- moves

static void rows_past_the_age_move_and_all_are_seen_in_one_view(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    assert_int_equal(move_all(f), 3);
    assert_rows(f->reader, "SELECT price FROM prices ORDER BY price", "1\n89\n90\n");
    assert_rows(f->reader, "SELECT price FROM prices_archive ORDER BY price", "91\n200\n300\n");
    assert_rows(f->reader, "SELECT price FROM prices_all ORDER BY price", "1\n89\n90\n91\n200\n300\n");
    assert_int_equal(move_all(f), 0);
    struct history_step step;
    struct err err = {0};
    assert_int_equal(history_move(f->writer, &RULE, &step, &err), ERR_NONE);
    assert_int_equal(step.oldest_days, 90);
    run_script(f->writer, "DELETE FROM prices");
    assert_int_equal(history_move(f->writer, &RULE, &step, &err), ERR_NONE);
    assert_int_equal(step.oldest_days, -1);
}

static void many_rows_take_several_steps(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    run_script(f->writer, "INSERT INTO prices SELECT 'B' || b.age, a.day, 1 FROM ages AS a, ages AS b"
                          " WHERE a.age BETWEEN 120 AND 125 AND b.age < 400");
    struct history_step step;
    struct err err = {0};
    assert_int_equal(history_move(f->writer, &RULE, &step, &err), ERR_NONE);
    assert_true(step.has_more && step.rows > 0 && step.rows <= 1000);
    assert_int_equal(step.rows + move_all(f), 2403);
    assert_rows(f->reader, "SELECT count(*), sum(price) FROM prices_all", "2406|3171\n");
    assert_rows(f->reader, "SELECT count(*) FROM prices", "3\n");
}

static void a_second_key_shares_columns_with_the_first(void **state)
{
    struct fixture *f = *state;
    make_ages(f);
    run_script(f->writer,
        "CREATE TABLE prices (port text NOT NULL, day date NOT NULL, price bigint NOT NULL, PRIMARY KEY (port, day),"
        " UNIQUE (day, price)); CREATE INDEX prices_day ON prices (day);"
        "INSERT INTO prices SELECT 'A', day, age FROM ages WHERE age IN (1, 200)");
    make_well(f);
    assert_int_equal(move_all(f), 1);
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO prices SELECT 'B', day, 200 FROM ages WHERE age = 200").code,
        ERR_CONFLICT);
    assert_int_equal(error_of_run(f->writer, "UPDATE prices SET port = 'B', price = 2").code, ERR_NONE);
}

static void what_is_there_is_not_made_again(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    move_all(f);
    uint64_t number = number_of(f->store, "ages");
    make_well(f);
    make_well(f);
    assert_int_equal(number_of(f->store, "ages"), number);
    assert_rows(f->reader, "SELECT count(*) FROM prices_all", "6\n");
}

static void moments_and_rows_without_a_key_move_too(void **state)
{
    struct fixture *f = *state;
    make_ages(f);
    run_script(f->writer, f->is_sqlite ? "CREATE TABLE prices (day timestamp, price integer)"
                                       : "CREATE TABLE prices (day timestamptz, price integer)");
    run_script(f->writer, "CREATE INDEX prices_day ON prices (day)");
    run_script(f->writer,
        f->is_sqlite
            ? "INSERT INTO prices SELECT day || 'T23:59:59Z', age FROM ages WHERE age IN (90, 91, 91, 150)"
            : "INSERT INTO prices SELECT day + time '23:59:59', age FROM ages WHERE age IN (90, 91, 91, 150)");
    run_script(f->writer, "INSERT INTO prices VALUES (NULL, 7)");
    make_well(f);
    assert_int_equal(move_all(f), 2);
    run_script(f->writer, "INSERT INTO prices SELECT day, price FROM prices_archive"); // the same once more
    assert_int_equal(move_all(f), 2);
    assert_rows(f->reader, "SELECT price FROM prices ORDER BY price", "7\n90\n");
    assert_rows(f->reader, "SELECT price FROM prices_all ORDER BY price", "7\n90\n91\n91\n150\n150\n");
}

// --- late rows

static void a_plain_insert_of_an_archived_key_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    move_all(f);
    begin(f->writer);
    struct err err =
        error_of_run(f->writer, "INSERT INTO prices SELECT 'A', day, 5 FROM ages WHERE age IN (2, 200)");
    assert_int_equal(err.code, ERR_CONFLICT);
    struct violation violation = store_violation(f->writer);
    assert_int_equal(violation.kind, VIOLATION_KEY);
    assert_true(span_is(violation.columns, "port, day"));
    store_rollback(f->writer);
    assert_rows(f->reader, "SELECT price FROM prices_all ORDER BY price", "1\n89\n90\n91\n200\n300\n");
    run_script(f->writer, "INSERT INTO prices SELECT 'B', day, 5 FROM ages WHERE age = 200");
    assert_int_equal(move_all(f), 1);
    assert_rows(f->reader, "SELECT port, price FROM prices_all WHERE price IN (5, 200) ORDER BY port",
        "'A'|200\n'B'|5\n");
}

static void a_key_that_is_changed_to_an_archived_one_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    move_all(f);
    struct err err = error_of_run(
        f->writer, "UPDATE prices SET day = (SELECT day FROM ages WHERE age = 200) WHERE price = 1");
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(error_of_run(f->writer, "UPDATE prices SET price = 2 WHERE price = 1").code, ERR_NONE);
    assert_rows(f->reader, "SELECT price FROM prices_all ORDER BY price", "2\n89\n90\n91\n200\n300\n");
}

static void each_unique_key_holds_over_both(void **state)
{
    struct fixture *f = *state;
    make_ages(f);
    run_script(f->writer,
        "CREATE TABLE prices (id bigint NOT NULL PRIMARY KEY, day date NOT NULL, code text UNIQUE, price bigint);"
        "CREATE INDEX prices_day ON prices (day);"
        "INSERT INTO prices SELECT age, day, 'c' || age, age FROM ages WHERE age IN (1, 200)");
    make_well(f);
    assert_int_equal(move_all(f), 1);
    struct err err =
        error_of_run(f->writer, "INSERT INTO prices SELECT 200, day, 'x', 0 FROM ages WHERE age = 0");
    assert_int_equal(err.code, ERR_CONFLICT);
    err = error_of_run(f->writer, "INSERT INTO prices SELECT 5, day, 'c200', 0 FROM ages WHERE age = 0");
    assert_int_equal(err.code, ERR_CONFLICT);
    run_script(f->writer, "INSERT INTO prices SELECT 5, day, NULL, 0 FROM ages WHERE age = 0");
    assert_rows(f->reader, "SELECT id, code FROM prices_all ORDER BY id", "1|'c1'\n5|NULL\n200|'c200'\n");
}

static void sqlite_gives_an_upsert_the_archived_row(void **state)
{
    struct fixture *f = *state;
    make_ages(f);
    run_script(f->writer,
        "CREATE TABLE prices (port TEXT NOT NULL COLLATE NOCASE, day TEXT NOT NULL, price INTEGER NOT NULL,"
        " PRIMARY KEY (port, day)) STRICT, WITHOUT ROWID; CREATE INDEX prices_day ON prices (day);"
        "INSERT INTO prices SELECT 'a', day, age FROM ages WHERE age IN (200, 300, 400)");
    make_well(f);
    assert_int_equal(move_all(f), 3);
    run_script(f->writer,
        "INSERT INTO prices SELECT 'A', day, 5 FROM ages WHERE age IN (200, 1) ON CONFLICT (port, day)"
        " DO UPDATE SET price = prices.price + excluded.price;"
        "INSERT OR IGNORE INTO prices SELECT 'A', day, 5 FROM ages WHERE age = 300;"
        "INSERT OR REPLACE INTO prices SELECT 'A', day, 5 FROM ages WHERE age = 400");
    assert_rows(
        f->reader, "SELECT port, price FROM prices_all ORDER BY day", "'A'|5\n'a'|300\n'a'|205\n'A'|5\n");
    assert_rows(f->reader, "SELECT count(*) FROM prices_archive", "0\n");
    assert_int_equal(move_all(f), 3);
    assert_rows(
        f->reader, "SELECT port, price FROM prices_all ORDER BY day", "'A'|5\n'a'|300\n'a'|205\n'A'|5\n");
}

// --- versions

static void on_table(void *ctx, const char *table)
{
    char *names = ctx;
    snprintf(names + strlen(names), 200 - strlen(names), "%s ", table);
}

static void what_reads_the_view_hangs_on_both_tables(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    char names[200] = "";
    set_up_prices(f);
    struct store_stmt *stmt = prepare(f->reader, "SELECT price FROM prices_all", NULL, 0);
    assert_int_equal(store_reads(stmt, on_table, names, &err), ERR_NONE);
    assert_string_equal(names, "prices prices_archive ");
    store_finalize(stmt);
    assert_true(is_covered(f->reader, "SELECT price FROM prices_all", NULL, 0));
}

// --- changes of the table

static void a_new_column_is_there_for_archived_rows(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    move_all(f);
    run_script(f->writer,
        "ALTER TABLE prices ADD COLUMN note text NOT NULL DEFAULT 'it''s';"
        "ALTER TABLE prices ADD COLUMN size numeric; CREATE INDEX prices_note ON prices (note)");
    make_well(f);
    assert_rows(
        f->reader, "SELECT note, size, count(*) FROM prices_all GROUP BY note, size", "'it's'|NULL|6\n");
    run_script(f->writer, "UPDATE prices SET note = 'x'");
    run_script(f->writer, "INSERT INTO prices SELECT 'B', day, 1, 'y', 2 FROM ages WHERE age = 400");
    move_all(f);
    assert_rows(f->reader, "SELECT note, count(*) FROM prices_all GROUP BY note ORDER BY note",
        "'it's'|3\n'x'|3\n'y'|1\n");
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO prices SELECT 'B', day, 1, 'y', 2 FROM ages WHERE age = 400")
            .code,
        ERR_CONFLICT);
}

static void a_table_that_is_made_anew_has_its_archive_again(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    move_all(f);
    run_script(f->writer,
        "DROP VIEW IF EXISTS prices_all;"
        "CREATE TABLE anew (day date NOT NULL, price bigint NOT NULL, port text NOT NULL, PRIMARY KEY (day, port));"
        "INSERT INTO anew (day, price, port) SELECT day, price, port FROM prices; DROP TABLE prices;"
        "ALTER TABLE anew RENAME TO prices; CREATE INDEX prices_day ON prices (day)");
    make_well(f);
    assert_rows(f->reader, "SELECT price FROM prices_all ORDER BY price", "1\n89\n90\n91\n200\n300\n");
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO prices SELECT day, 1, 'A' FROM ages WHERE age = 200").code,
        ERR_CONFLICT);
}

static void an_emptied_store_has_no_archive(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    set_up_prices(f);
    move_all(f);
    begin(f->writer);
    assert_int_equal(store_empty(f->writer, &err), ERR_NONE);
    commit(f->writer);
    store_disconnect(f->writer);
    assert_int_equal(store_connect(f->store, STORE_WRITE, &f->writer, &err), ERR_NONE);
    set_up_prices(f);
    assert_int_equal(move_all(f), 3);
    assert_rows(f->writer, "SELECT count(*) FROM prices_all", "6\n");
}

static void keys_that_change_are_minded_and_those_that_go_are_not(void **state)
{
    struct fixture *f = *state;
    make_ages(f);
    run_script(f->writer,
        "CREATE TABLE prices (port text, day date NOT NULL, code text); " DAY_INDEX
        "CREATE UNIQUE INDEX prices_port ON prices (port);"
        "INSERT INTO prices SELECT 'A' || age, day, 'c' || age FROM ages WHERE age IN (1, 200)");
    make_well(f);
    assert_int_equal(move_all(f), 1);
    run_script(f->writer, "DROP INDEX prices_port; CREATE UNIQUE INDEX prices_code ON prices (code)");
    make_well(f);
    assert_int_equal(error_of_run(f->writer, "UPDATE prices SET code = 'c200'").code, ERR_CONFLICT);
    assert_int_equal(error_of_run(f->writer, "UPDATE prices SET port = 'A200'").code, ERR_NONE);
    run_script(f->writer, "DROP INDEX prices_code");
    make_well(f);
    assert_int_equal(error_of_run(f->writer, "UPDATE prices SET code = 'c200'").code, ERR_NONE);
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO prices SELECT 'A200', day, 'c200' FROM ages WHERE age = 200")
            .code,
        ERR_NONE);
    assert_int_equal(move_all(f), 1);
    assert_rows(f->reader, "SELECT count(*) FROM prices_all", "3\n");
}

static void a_key_that_comes_later_is_asked_of_archived_rows(void **state)
{
    struct fixture *f = *state;
    make_ages(f);
    run_script(f->writer, "CREATE TABLE prices (port text, day date NOT NULL, code text); " DAY_INDEX
                          "INSERT INTO prices SELECT 'A', day, 'c' FROM ages WHERE age IN (1, 200);"
                          "INSERT INTO prices SELECT 'B', day, NULL FROM ages WHERE age IN (1, 200)");
    make_well(f);
    assert_int_equal(move_all(f), 2);
    run_script(f->writer, "CREATE UNIQUE INDEX prices_code ON prices (code, port)");
    struct err err = make(f);
    assert_error(err, ERR_CONFIG,
        "app.ini:3: prices_all has more than one row of (code, port)=(c, A), which prices_code does not allow:"
        " delete all but one");
    run_script(f->writer, "DELETE FROM prices_archive WHERE code = 'c'");
    make_well(f);
    assert_int_equal(error_of_run(f->writer, "UPDATE prices SET code = 'd' WHERE code = 'c'").code, ERR_NONE);
}

static void postgresql_follows_what_a_column_may_hold_and_refers_to(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    move_all(f);
    run_script(f->writer,
        "CREATE TABLE ports (code text PRIMARY KEY); INSERT INTO ports VALUES ('A');"
        "ALTER TABLE prices ALTER price DROP NOT NULL, ADD FOREIGN KEY (port) REFERENCES ports (code)");
    make_well(f);
    assert_int_equal(error_of_run(f->writer, "DELETE FROM ports").code, ERR_CONSTRAINT);
    run_script(f->writer, "INSERT INTO prices SELECT 'A', day, NULL FROM ages WHERE age = 201");
    assert_int_equal(move_all(f), 1);
    run_script(f->writer, "ALTER TABLE prices DROP CONSTRAINT prices_port_fkey");
    make_well(f);
    run_script(f->writer, "INSERT INTO prices SELECT 'C', day, 3 FROM ages WHERE age = 201");
    assert_int_equal(move_all(f), 1);
    run_script(f->writer, "ALTER TABLE prices ALTER price SET NOT NULL");
    struct err err = make(f);
    assert_error(err, ERR_CONSTRAINT,
        "the history of prices: ALTER TABLE prices_archive ALTER COLUMN price SET NOT NULL: a value is null that must not be");
    run_script(f->writer, "DELETE FROM prices_archive WHERE price IS NULL");
    make_well(f);
    assert_int_equal(error_of_run(f->writer, "UPDATE prices_archive SET price = NULL").code, ERR_CONSTRAINT);
    uint64_t number = number_of(f->store, "prices");
    make_well(f);
    assert_int_equal(number_of(f->store, "prices"), number);
}

static void postgresql_moves_rows_behind_locked_ones(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct store_conn *other;
    set_up_prices(f);
    run_script(f->writer, "INSERT INTO prices SELECT 'B' || i, day, i FROM ages, generate_series(1, 999) AS i"
                          " WHERE age = 400");
    assert_int_equal(store_connect(f->store, STORE_WRITE, &other, &err), ERR_NONE);
    assert_int_equal(store_begin_early(other, &err), ERR_NONE); // the mover is to have its turn
    err = error_of_run(other, "SELECT 1 FROM prices WHERE port IN ('B1', 'B2', 'B3') FOR UPDATE");
    assert_error(err, ERR_NONE, "");
    assert_int_equal(move_all(f), 999);
    store_rollback(other);
    store_disconnect(other);
    assert_int_equal(move_all(f), 3);
}

// --- refusals

static void assert_refused(struct fixture *f, const char *schema, const char *text)
{
    run_script(f->writer, schema);
    struct err err = make(f);
    assert_int_equal(err.code, ERR_CONFIG);
    if (strstr(err.text, text) == NULL || strncmp(err.text, "app.ini:3: ", 11) != 0)
        fail_msg("\"%s\" is not in \"%s\"", text, err.text);
    run_script(f->writer, "DROP TABLE prices");
}

static void a_table_that_can_have_no_history_is_refused_with_advice(void **state)
{
    struct fixture *f = *state;
    struct err err = make(f);
    assert_error(err, ERR_CONFIG, "app.ini:3: there is no table prices; a migration has to make it");
    run_script(f->writer, "CREATE TABLE ports (code text NOT NULL PRIMARY KEY)");
    assert_refused(f, "CREATE TABLE prices (at date)", "prices has no column day");
    assert_refused(f, "CREATE TABLE prices (day bigint)",
        "day of prices is declared bigint: a history goes by a date or a timestamp");
    assert_refused(f, "CREATE TABLE prices (day date, price bigint)", "no index of prices begins with day");
    assert_refused(f, "CREATE TABLE prices (day date, price bigint, PRIMARY KEY (price, day))",
        "let a migration make one, as CREATE INDEX");
    assert_refused(f,
        "CREATE TABLE prices (day date, price bigint, half bigint GENERATED ALWAYS AS (price / 2) STORED);" DAY_INDEX,
        "the column half of prices is a generated one");
    assert_refused(f,
        "CREATE TABLE prices (day date, price bigint);" DAY_INDEX
        "CREATE UNIQUE INDEX cheap ON prices (price) WHERE price < 5",
        "the unique index cheap of prices is of a part of the rows");
    assert_refused(f,
        "CREATE TABLE prices (day date, price bigint);" DAY_INDEX
        "CREATE UNIQUE INDEX cheap ON prices (abs(price))",
        "the unique index cheap of prices is of a part of the rows");
    run_script(f->writer,
        "CREATE TABLE prices (day date NOT NULL PRIMARY KEY); CREATE TABLE notes (day date REFERENCES prices (day))");
    err = make(f);
    assert_non_null(strstr(
        err.text, "notes refers to prices, whose old rows would be gone for it: take the reference away"));
    run_script(f->writer, "DROP TABLE notes; CREATE TABLE prices_all (day date)");
    err = make(f);
    assert_non_null(
        strstr(err.text, "the app has prices_all itself, whose name the history of prices needs: rename it"));
    run_script(f->writer, "DROP TABLE prices_all");
    make_well(f);
}

static void a_trigger_of_the_app_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_refused(f,
        f->is_sqlite
            ? "CREATE TABLE prices (day date);" DAY_INDEX
              "CREATE TRIGGER counted AFTER DELETE ON prices BEGIN SELECT 1; END"
            : "CREATE TABLE prices (day date);" DAY_INDEX
              "CREATE TRIGGER counted BEFORE UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "the trigger counted is on prices: a move would set it off");
}

static void sqlite_refuses_a_key_whose_numbers_come_again(void **state)
{
    struct fixture *f = *state;
    assert_refused(f, "CREATE TABLE prices (id INTEGER PRIMARY KEY, day date);" DAY_INDEX,
        "id gives a new row the number that prices has free, and it may be an archived one's");
    make_ages(f);
    run_script(f->writer, "CREATE TABLE prices (id INTEGER PRIMARY KEY AUTOINCREMENT, day date);" DAY_INDEX
                          "INSERT INTO prices (day) SELECT day FROM ages WHERE age IN (200, 300)");
    make_well(f);
    assert_int_equal(move_all(f), 2);
    run_script(f->writer, "INSERT INTO prices (day) SELECT day FROM ages WHERE age = 1");
    assert_rows(f->reader, "SELECT id FROM prices", "3\n");
    assert_int_equal(error_of_run(f->writer, "INSERT INTO prices (id) VALUES (2)").code, ERR_CONFLICT);
}

static void another_column_or_type_than_that_of_the_archive_is_refused(void **state)
{
    struct fixture *f = *state;
    set_up_prices(f);
    struct history_rule rule = RULE;
    struct err err = {0};
    run_script(f->writer, "ALTER TABLE prices ADD COLUMN at date; CREATE INDEX prices_at ON prices (at)");
    rule.column = span_of("at");
    assert_int_equal(history_make(f->writer, &rule, 1, &err), ERR_CONFIG);
    assert_string_equal(err.text, "app.ini:3: the history of prices goes by day, and cannot go by at");
    run_script(f->writer, "ALTER TABLE prices RENAME COLUMN price TO cost");
    err = make(f);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(strstr(err.text, "prices_archive has the column price, and prices has not"));
    run_script(f->writer, "ALTER TABLE prices_archive RENAME COLUMN price TO cost");
    make_well(f);
    assert_rows(f->reader, "SELECT count(cost) FROM prices_all", "6\n");
}

static void sqlite_refuses_what_would_keep_rows_from_the_archive(void **state)
{
    static const struct {
        const char *columns, *text;
    } cases[] = {
        {"port text NOT NULL, day date NOT NULL, price bigint, PRIMARY KEY (port, day)",
            "price is NOT NULL in one of prices and prices_archive alone"},
        {"port text NOT NULL, day date NOT NULL, price bigint NOT NULL, PRIMARY KEY (port, day, price)",
            "prices_archive has the unique key (day, port), and prices has not"},
    };
    struct fixture *f = *state;
    set_up_prices(f);
    move_all(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[400];
        snprintf(sql, sizeof(sql),
            "DROP VIEW IF EXISTS prices_all; DROP TABLE prices; CREATE TABLE prices (%s);" DAY_INDEX,
            cases[i].columns);
        run_script(f->writer, sql);
        struct err err = make(f);
        assert_int_equal(err.code, ERR_CONFIG);
        assert_non_null(strstr(err.text, cases[i].text));
    }
    run_script(f->writer,
        "DROP TABLE prices_archive;"
        "CREATE TABLE prices_archive (port text NOT NULL, day date NOT NULL, price bigint NOT NULL, PRIMARY KEY (port, day, price))");
    make_well(f);
}

// --- with migrations

static struct err migrate_with_history(struct fixture *f, const char *const *files, size_t count)
{
    static const char *const names[] = {"001", "002", "003"};
    struct migration_file all[3];
    struct err err = {0};
    for (size_t i = 0; i < count; i++)
        all[i] =
            (struct migration_file){.name = span_of(names[i]), .file = names[i], .sql = span_of(files[i])};
    (void)!history_migrate(f->writer, all, count, &RULE, 1, &err);
    return err;
}

static void a_file_that_an_archive_cannot_follow_is_taken_back(void **state)
{
    struct fixture *f = *state;
    const char *files[] = {
        "CREATE TABLE prices (port text NOT NULL, day date NOT NULL, price bigint NOT NULL, PRIMARY KEY (port, day))",
        "SELECT 1", "SELECT 1"};
    make_ages(f);
    struct err err = migrate_with_history(f, files, 1);
    assert_non_null(strstr(err.text, "no index of prices begins with day"));
    assert_non_null(strstr(err.hint, "001 is not applied"));
    assert_int_equal(error_of_prepare(f->writer, "SELECT 1 FROM prices").code, ERR_CONFIG);
    files[1] = DAY_INDEX "INSERT INTO prices SELECT 'A', day, age FROM ages WHERE age IN (1, 200)";
    err = migrate_with_history(f, files, 2); // it has to fit behind the last one
    assert_error(err, ERR_NONE, "");
    assert_int_equal(move_all(f), 1);
    files[2] =
        f->is_sqlite
            ? "DROP VIEW IF EXISTS prices_all; CREATE TABLE anew (port text NOT NULL, day date NOT NULL, cost bigint NOT NULL,"
              " PRIMARY KEY (port, day)); INSERT INTO anew SELECT port, day, price FROM prices; DROP TABLE prices;"
              "ALTER TABLE anew RENAME TO prices; CREATE INDEX prices_day ON prices (day)"
            : "ALTER TABLE prices RENAME COLUMN price TO cost";
    err = migrate_with_history(f, files, 3);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_non_null(
        strstr(err.text, "app.ini:3: prices_archive has the column price, and prices has not: it stays"));
    assert_rows(f->writer, "SELECT count(*) FROM reckoner_migrations", "2\n");
    assert_rows(f->writer, "SELECT price FROM prices_all ORDER BY price", "1\n200\n");
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO prices SELECT 'A', day, 1 FROM ages WHERE age = 200").code,
        ERR_CONFLICT);
    run_script(f->writer, "ALTER TABLE prices_archive RENAME COLUMN price TO cost"); // as the text says
    err = migrate_with_history(f, files, 3);
    assert_error(err, ERR_NONE, "");
    assert_rows(f->writer, "SELECT cost FROM prices_all ORDER BY cost", "1\n200\n");
    assert_int_equal(
        error_of_run(f->writer, "INSERT INTO prices SELECT 'A', day, 1 FROM ages WHERE age = 200").code,
        ERR_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest of_all[] = {
        STORE_TEST(rows_past_the_age_move_and_all_are_seen_in_one_view),
        STORE_TEST(many_rows_take_several_steps),
        STORE_TEST(a_second_key_shares_columns_with_the_first),
        STORE_TEST(what_is_there_is_not_made_again),
        STORE_TEST(moments_and_rows_without_a_key_move_too),
        STORE_TEST(a_plain_insert_of_an_archived_key_is_a_conflict),
        STORE_TEST(a_key_that_is_changed_to_an_archived_one_is_a_conflict),
        STORE_TEST(each_unique_key_holds_over_both),
        STORE_TEST(what_reads_the_view_hangs_on_both_tables),
        STORE_TEST(a_new_column_is_there_for_archived_rows),
        STORE_TEST(a_table_that_is_made_anew_has_its_archive_again),
        STORE_TEST(keys_that_change_are_minded_and_those_that_go_are_not),
        STORE_TEST(a_key_that_comes_later_is_asked_of_archived_rows),
        STORE_TEST(an_emptied_store_has_no_archive),
        STORE_TEST(a_table_that_can_have_no_history_is_refused_with_advice),
        STORE_TEST(a_trigger_of_the_app_is_refused),
        STORE_TEST(another_column_or_type_than_that_of_the_archive_is_refused),
        STORE_TEST(a_file_that_an_archive_cannot_follow_is_taken_back),
    };
    const struct CMUnitTest of_sqlite[] = {
        STORE_TEST(sqlite_gives_an_upsert_the_archived_row),
        STORE_TEST(sqlite_refuses_a_key_whose_numbers_come_again),
        STORE_TEST(sqlite_refuses_what_would_keep_rows_from_the_archive),
    };
    const struct CMUnitTest of_postgresql[] = {
        STORE_TEST(postgresql_follows_what_a_column_may_hold_and_refers_to),
        STORE_TEST(postgresql_moves_rows_behind_locked_ones),
    };
    return fixture_run(of_all) + fixture_run_of("sqlite", of_sqlite) +
           fixture_run_of("postgresql", of_postgresql);
}
