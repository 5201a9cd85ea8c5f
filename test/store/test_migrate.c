// SPDX-License-Identifier: Apache-2.0
// Migrations and the record of first loads, on every store.
#include "store/migrate.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "fixture.h"
#include "store/first_loads.h"

static struct migration_file file_of(const char *name, const char *path, const char *sql)
{
    return (struct migration_file){.name = span_of(name), .file = path, .sql = span_of(sql)};
}

static struct migration_file ports_file(void)
{
    return file_of("001_ports", "schema/001_ports.sql",
        "CREATE TABLE ports (code text PRIMARY KEY);\nINSERT INTO ports VALUES ('CNSGH');\n");
}

static struct migration_file prices_file(void)
{
    return file_of("002_prices", "schema/002_prices.sql", "CREATE TABLE prices (price integer);");
}

// How many migrations the store has on record.
static size_t count_recorded(struct fixture *f)
{
    const char *sql = "SELECT count(*) FROM reckoner_migrations";
    bool is_made = error_of_prepare(f->writer, sql).code == ERR_NONE;
    return is_made ? strtoul(rows_of(f->writer, sql), NULL, 10) : 0;
}

// `expected`: how many it applies, if it succeeds.
static struct err apply(struct fixture *f, const struct migration_file *files, size_t count, size_t expected)
{
    struct err err = {0};
    size_t before = count_recorded(f);
    enum err_code code = migrate(f->writer, files, count, NULL, &err);
    assert_int_equal(code, err.code);
    if (code == ERR_NONE)
        assert_int_equal(count_recorded(f) - before, expected);
    return err;
}

// The text with the day of today, as the store has it, for "%s".
static const char *with_day(struct fixture *f, const char *format)
{
    static char text[300];
    char day[20];
    snprintf(day, sizeof(day), "%.10s",
        rows_of(f->writer, "SELECT substr(max(applied_at), 1, 10) FROM reckoner_migrations") + 1);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof(text), format, day);
#pragma GCC diagnostic pop
    return text;
}

static void each_is_applied_once_in_order(void **state)
{
    struct fixture *f = *state;
    const struct migration_file files[] = {ports_file(), prices_file()};
    assert_error(apply(f, files, 2, 2), ERR_NONE, "");
    assert_error(apply(f, files, 2, 0), ERR_NONE, "");
    assert_rows(f->writer, "SELECT code FROM ports", "'CNSGH'\n");
    assert_rows(f->writer, "SELECT name, length(checksum), length(applied_at) >= 20 FROM reckoner_migrations",
        "'001_ports'|32|1\n'002_prices'|32|1\n");
}

static void an_app_without_any_is_fine(void **state)
{
    struct fixture *f = *state;
    assert_error(apply(f, NULL, 0, 0), ERR_NONE, "");
    const struct migration_file empty = {.name = span_of("001_empty"), .file = "schema/001_empty.sql"};
    assert_error(apply(f, &empty, 1, 1), ERR_NONE, "");
    assert_error(apply(f, &empty, 1, 0), ERR_NONE, "");
}

static void a_new_one_is_applied_to_a_store_that_has_the_others(void **state)
{
    struct fixture *f = *state;
    const struct migration_file files[] = {ports_file(), prices_file()};
    assert_error(apply(f, files, 1, 1), ERR_NONE, "");
    assert_error(apply(f, files, 2, 1), ERR_NONE, "");
    assert_rows(f->writer, "SELECT count(*) FROM prices", "0\n");
}

// A table with checks of foreign keys that are still to come takes no trigger, and each gets one.
static void one_may_fill_a_table_whose_constraints_are_deferred(void **state)
{
    struct fixture *f = *state;
    const struct migration_file file = {.name = span_of("001_both"),
        .file = "schema/001_both.sql",
        .sql = span_of("CREATE TABLE p (k integer PRIMARY KEY); INSERT INTO p VALUES (1);"
                       "CREATE TABLE c (k integer REFERENCES p DEFERRABLE INITIALLY DEFERRED);"
                       "INSERT INTO c VALUES (1);")};
    assert_error(apply(f, &file, 1, 1), ERR_NONE, "");
    assert_rows(f->writer, "SELECT k FROM c", "1\n");
}

static void one_that_breaks_a_deferred_constraint_is_named(void **state)
{
    struct fixture *f = *state;
    const struct migration_file file = {.name = span_of("001_both"),
        .file = "schema/001_both.sql",
        .sql = span_of("CREATE TABLE p (k integer PRIMARY KEY);"
                       "CREATE TABLE c (k integer REFERENCES p DEFERRABLE INITIALLY DEFERRED);"
                       "INSERT INTO c VALUES (1);")};
    assert_error(apply(f, &file, 1, 0), ERR_CONSTRAINT,
        "schema/001_both.sql: a row refers to one that does not exist");
}

static void one_that_has_changed_is_refused(void **state)
{
    struct fixture *f = *state;
    struct migration_file files[] = {ports_file(), prices_file()};
    assert_error(apply(f, files, 1, 1), ERR_NONE, "");
    files[0].sql.len--; // a line feed less
    assert_error(apply(f, files, 2, 0), ERR_CONFIG,
        with_day(f,
            "schema/001_ports.sql has changed since it was applied on %s: put it back and write a new file"));
    assert_int_equal(error_of_prepare(f->writer, "SELECT 1 FROM prices").code, ERR_CONFIG);
}

static void one_that_is_gone_is_missed(void **state)
{
    struct fixture *f = *state;
    const struct migration_file files[] = {ports_file(), prices_file()};
    assert_error(apply(f, files, 2, 2), ERR_NONE, "");
    assert_error(apply(f, files, 1, 0), ERR_CONFIG,
        with_day(f, "migration 002_prices was applied on %s and is gone: put its file back"));
}

static void a_new_one_before_an_applied_one_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct migration_file files[] = {ports_file(), prices_file()};
    assert_error(apply(f, files + 1, 1, 1), ERR_NONE, "");
    assert_error(apply(f, files, 2, 0), ERR_CONFIG,
        "schema/001_ports.sql is new, but 002_prices behind it was applied already: number it higher");
}

static void one_that_fails_leaves_nothing_of_itself_and_says_where(void **state)
{
    struct fixture *f = *state;
    struct migration_file files[] = {ports_file(),
        file_of("002_bad", "schema/002_bad.sql",
            "CREATE TABLE half (a integer);\nINSERT INTO half VALUES (1);\n"
            "  INSERT INTO nowhere VALUES (2);\n"),
        file_of("003_late", "schema/003_late.sql", "CREATE TABLE late (a integer);")};
    struct err err = apply(f, files, 3, 0);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_memory_equal(err.text, "schema/002_bad.sql:3:15: ", 25);
    assert_rows(f->writer, "SELECT name FROM reckoner_migrations", "'001_ports'\n");
    assert_int_equal(error_of_prepare(f->writer, "SELECT 1 FROM half").code, ERR_CONFIG);
    assert_int_equal(error_of_prepare(f->writer, "SELECT 1 FROM late").code, ERR_CONFIG);
    files[1] = file_of("002_bad", "schema/002_bad.sql", "CREATE TABLE half (a integer);");
    assert_error(apply(f, files, 3, 2), ERR_NONE, "");
}

static void one_that_controls_the_transaction_is_refused_whole(void **state)
{
    struct fixture *f = *state;
    const struct migration_file bad =
        file_of("001_bad", "schema/001_bad.sql", "CREATE TABLE half (a integer);\nCOMMIT;\nSELECT nothing;");
    struct err err = apply(f, &bad, 1, 0);
    assert_int_equal(err.code, ERR_CONFIG);
    assert_memory_equal(err.text, "schema/001_bad.sql:2:1: ", 24);
    assert_int_equal(error_of_prepare(f->writer, "SELECT 1 FROM half").code, ERR_CONFIG);
}

struct migrator {
    struct store_conn *conn; // of this thread alone
    enum err_code code;
    struct err err;
};

static void *migrate_both(void *ctx)
{
    struct migrator *migrator = ctx;
    const struct migration_file files[] = {ports_file(), prices_file()};
    migrator->code = migrate(migrator->conn, files, 2, NULL, &migrator->err);
    return NULL;
}

static void two_that_migrate_at_once_apply_each_file_once(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct migrator migrators[2] = {{.conn = f->writer}, {0}};
    pthread_t threads[2];
    assert_int_equal(store_connect(f->store, STORE_WRITE, &migrators[1].conn, &err), ERR_NONE);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_both, &migrators[i]), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(migrators[i].code, ERR_NONE);
    assert_int_equal(count_recorded(f), 2);
    assert_rows(f->writer, "SELECT code FROM ports", "'CNSGH'\n");
    store_disconnect(migrators[1].conn);
}

static void a_lack_of_memory_leaves_each_file_applied_or_not(void **state)
{
    struct fixture *f = *state;
    const struct migration_file files[] = {ports_file(), prices_file()};
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        struct err err = {0};
        mem_fail_after(n);
        code = migrate(f->writer, files, 2, NULL, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY);
        assert_true(n < 200);
    }
    assert_rows(f->writer, "SELECT count(*) FROM reckoner_migrations", "2\n");
    assert_rows(f->writer, "SELECT count(*) FROM ports", "1\n");
}

// --- loads

static bool is_recorded(struct fixture *f, const char *endpoint, const char *file)
{
    struct err err = {0};
    bool recorded;
    assert_int_equal(first_load_is_recorded(f->writer, endpoint, file, &recorded, &err), ERR_NONE);
    return recorded;
}

static void a_load_is_on_record_after_its_transaction(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    begin(f->writer);
    assert_false(is_recorded(f, "POST /ports", "ports.csv"));
    assert_int_equal(
        first_load_record(f->writer, "POST /ports", "ports.csv", "2016-01-01T00:00:00Z", &err), ERR_NONE);
    assert_true(is_recorded(f, "POST /ports", "ports.csv"));
    store_rollback(f->writer);
    begin(f->writer);
    assert_false(is_recorded(f, "POST /ports", "ports.csv"));
    assert_int_equal(
        first_load_record(f->writer, "POST /ports", "ports.csv", "2016-01-01T00:00:00Z", &err), ERR_NONE);
    commit(f->writer);
    assert_true(is_recorded(f, "POST /ports", "ports.csv"));
    assert_false(is_recorded(f, "POST /ports", "more.csv"));
    assert_false(is_recorded(f, "POST /prices", "ports.csv"));
    assert_rows(
        f->reader, "SELECT * FROM reckoner_loads", "'POST /ports'|'ports.csv'|'2016-01-01T00:00:00Z'\n");
}

static void a_load_is_recorded_once(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    assert_int_equal(
        first_load_record(f->writer, "POST /ports", "p.csv", "2016-01-01T00:00:00Z", &err), ERR_NONE);
    assert_int_equal(
        first_load_record(f->writer, "POST /ports", "p.csv", "2016-01-02T00:00:00Z", &err), ERR_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(each_is_applied_once_in_order),
        STORE_TEST(an_app_without_any_is_fine),
        STORE_TEST(a_new_one_is_applied_to_a_store_that_has_the_others),
        STORE_TEST(one_may_fill_a_table_whose_constraints_are_deferred),
        STORE_TEST(one_that_breaks_a_deferred_constraint_is_named),
        STORE_TEST(one_that_has_changed_is_refused),
        STORE_TEST(one_that_is_gone_is_missed),
        STORE_TEST(a_new_one_before_an_applied_one_is_refused),
        STORE_TEST(one_that_fails_leaves_nothing_of_itself_and_says_where),
        STORE_TEST(one_that_controls_the_transaction_is_refused_whole),
        STORE_TEST(two_that_migrate_at_once_apply_each_file_once),
        STORE_TEST(a_lack_of_memory_leaves_each_file_applied_or_not),
        STORE_TEST(a_load_is_on_record_after_its_transaction),
        STORE_TEST(a_load_is_recorded_once),
    };
    return fixture_run(tests);
}
