// SPDX-License-Identifier: Apache-2.0
// Versions of rows by some of a table's columns: whatever changes a row that a condition on them finds gives
// the bucket of the condition's values another number, and what is in other buckets keeps its own.
#include "store/sqlite/buckets.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../store/fixture.h"
#include "base/mem.h"
#include "store/sqlite/conn.h"
#include "store/versions.h"

static void watch(struct fixture *f)
{
    struct err err = {0};
    assert_int_equal(sqlite3_exec(sqlite_conn(f->writer)->db,
                         "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=50", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(store_watch(f->store, &err), ERR_NONE);
}

// By columns with ',' between them.
static const struct version_buckets *by(
    struct fixture *f, const char *table, const char *columns, const char **ret_why)
{
    struct span names[LIMIT_BUCKET_COLUMNS + 1];
    size_t count = 0;
    const struct version_buckets *buckets = NULL;
    struct err err = {0};
    for (const char *at = columns; at != NULL && count <= LIMIT_BUCKET_COLUMNS; count++) {
        const char *end = strchrnul(at, ',');
        names[count] = (struct span){.at = at, .len = (size_t)(end - at)};
        at = *end == ',' ? end + 1 : NULL;
    }
    if (versions_by(f->reader, table, names, count, &buckets, ret_why, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    return buckets;
}

static const struct version_buckets *surely_by(struct fixture *f, const char *table, const char *columns)
{
    const char *why = NULL;
    const struct version_buckets *buckets = by(f, table, columns, &why);
    if (buckets == NULL)
        fail_msg("%s", why);
    return buckets;
}

static void run_in_transaction(struct fixture *f, const char *sql)
{
    begin(f->writer);
    assert_error(error_of_run(f->writer, sql), ERR_NONE, "");
    commit(f->writer);
}

// --- which writes

static const char *const places[] = {"a", "b", "c", "d"};

// The places whose number is another one than before, and notes them all.
static const char *raised(const struct version_buckets *buckets, uint64_t numbers[ARRAY_LEN(places)])
{
    static char names[40];
    names[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct value place = text_of(places[i]);
        uint64_t number = version_now(version_bucket(buckets, &place, 1));
        assert_int_not_equal(number, 0);
        if (number != numbers[i])
            strcat(names, places[i]);
        numbers[i] = number;
    }
    return names;
}

static const struct {
    const char *sql, *raised;
} writes[] = {
    {"INSERT INTO t VALUES (1, 'a', 1, NULL), (2, 'b', 1, NULL)", "ab"},
    {"INSERT INTO u VALUES (1, 'a', 1, NULL)", ""}, {"UPDATE t SET n = 2 WHERE place = 'a'", "a"},
    {"UPDATE t SET place = 'c' WHERE place = 'a'", "ac"}, {"UPDATE t SET id = 7 WHERE place = 'b'", "b"},
    {"REPLACE INTO t VALUES (1, 'd', 1, NULL)", "cd"},
    {"INSERT INTO t VALUES (1, 'a', 5, NULL) ON CONFLICT DO UPDATE SET n = excluded.n", "d"},
    {"INSERT INTO t VALUES (1, 'a', 5, NULL) ON CONFLICT DO UPDATE SET place = excluded.place", "ad"},
    {"INSERT OR IGNORE INTO t VALUES (1, 'd', 5, NULL)", ""},
    {"UPDATE OR REPLACE t SET id = 7 WHERE id = 1", "ab"},
    {"DELETE FROM t WHERE place = 'a' RETURNING id", "a"}, {"DELETE FROM t", ""},
    {"INSERT INTO owners VALUES (1)", ""},
    {"INSERT INTO t VALUES (3, 'b', 1, NULL), (4, NULL, 1, NULL), (5, 'c', 1, NULL)", "bc"},
    {"UPDATE t SET owner = 1 WHERE id <> 3", "c"}, {"DELETE FROM owners", "c"}, // ON DELETE CASCADE
    {"INSERT INTO moves VALUES ('b', 'd')", "bd"},                              // a trigger
    {"DELETE FROM t", "d"}, {"INSERT INTO t SELECT * FROM u", "a"},
    {"DELETE FROM moves", "a"}, // a trigger that deletes all
};

static void try_writes(struct fixture *f, const char *rest)
{
    char sql[1000];
    uint64_t numbers[ARRAY_LEN(places)] = {0};
    snprintf(sql, sizeof(sql),
        "CREATE TABLE owners (id integer PRIMARY KEY);"
        "CREATE TABLE t (id integer PRIMARY KEY, place text, n integer, owner integer REFERENCES owners (id)"
        " ON DELETE CASCADE) %s; CREATE INDEX t_place ON t (place);"
        "CREATE TABLE u (id integer PRIMARY KEY, place text, n integer, owner integer REFERENCES owners (id)"
        " ON DELETE CASCADE) %s; CREATE INDEX u_place ON u (place);"
        "CREATE TABLE moves (was text, now text);"
        "CREATE TRIGGER moved AFTER INSERT ON moves BEGIN"
        "  UPDATE t SET place = new.now WHERE place = new.was; END;"
        "CREATE TRIGGER emptied AFTER DELETE ON moves BEGIN DELETE FROM t; END;",
        rest, rest);
    run_script(f->writer, sql);
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "T", "Place");
    assert_ptr_equal(surely_by(f, "t", "place"), buckets);
    raised(buckets, numbers);
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        run_in_transaction(f, writes[i].sql);
        assert_string_equal(raised(buckets, numbers), writes[i].raised);
    }
}

static void each_kind_of_write_raises_the_buckets_of_its_rows(void **state)
{
    try_writes(*state, "");
}

static void so_it_does_in_tables_without_rowid(void **state)
{
    try_writes(*state, "WITHOUT ROWID");
}

// --- which values are in one bucket

static const char *const types[] = {"text", "text COLLATE NOCASE", "text COLLATE RTRIM", "varchar(20)", "",
    "blob", "integer", "real", "numeric", "date", "boolean", "datetime"};

static const char *const stored[] = {"NULL", "1", "1.0", "'1'", "'1.0'", "'01'", "-0.0", "0", "'0'", "''",
    "'  '", "'a'", "'A'", "'a  '", "'A '", "x'61'", "9007199254740993", "9007199254740992",
    "9007199254740992.0", "'9007199254740993'", "1e300", "'1e300'", "-5", "'Ärger'", "'ÄRGER'", "'ärger'",
    "'a' || char(0) || 'b'", "'A' || char(0) || 'c'", "9223372036854775807", "9223372036854775808.0", "0.1",
    "'0.1'", "'2026-01-01'", "20260101",
    "'a long text, longer than the pieces in which it is hashed, each of them of sixty-four bytes'"};

static struct value param(size_t number)
{
    static const char *const texts[] = {"", " ", "a", "A", "a ", "1", "1.0", "01", "0", "Ärger", "ärger",
        "9007199254740993", "1e300", "0.1", "2026-01-01",
        "A LONG text, longer than the pieces in which it is hashed, each of them of sixty-four bytes  "};
    static const int64_t integers[] = {0, 1, -5, 9007199254740993, 9007199254740992, INT64_MAX, 20260101};
    static const double reals[] = {0, -0.0, 1, 0.1, 1e300, 9007199254740992.0, 9223372036854775808.0};
    if (number < ARRAY_LEN(texts))
        return text_of(texts[number]);
    number -= ARRAY_LEN(texts);
    if (number < ARRAY_LEN(integers))
        return integer_of(integers[number]);
    number -= ARRAY_LEN(integers);
    return number < ARRAY_LEN(reals) ? real_of(reals[number]) : null_value();
}

enum { PARAMS = 16 + 7 + 7 };

// Whether the one row is found by this value.
static bool is_found(struct store_stmt *find, const struct value *value)
{
    return strcmp(rows_of_stmt(find, value), "1\n") == 0;
}

static unsigned check_values(struct fixture *f, const char *type)
{
    static const struct store_name names[] = {{.name = {"p", 1}, .type = TYPE_TEXT}};
    unsigned found = 0, kept = 0;
    char sql[300];
    snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS t; CREATE TABLE t (id integer PRIMARY KEY, c %s)", type);
    run_script(f->writer, sql);
    const struct version_buckets *buckets = surely_by(f, "t", "c");
    struct store_stmt *find = prepare(f->reader, "SELECT 1 FROM t WHERE c = :p", names, 1);
    for (size_t i = 0; i < ARRAY_LEN(stored); i++) {
        uint64_t before[PARAMS];
        bool was_found[PARAMS];
        for (unsigned round = 0; round < 3; round++) { // inserts it, moves it to another bucket, and back
            for (size_t j = 0; j < PARAMS; j++) {
                struct value value = param(j);
                before[j] = version_now(version_bucket(buckets, &value, 1));
                was_found[j] = is_found(find, &value);
            }
            snprintf(sql, sizeof(sql),
                round == 0   ? "INSERT INTO t VALUES (1, %s)"
                : round == 1 ? "UPDATE t SET c = 'elsewhere' -- %s"
                             : "UPDATE t SET c = %s",
                stored[i]);
            run_in_transaction(f, sql);
            for (size_t j = 0; j < PARAMS; j++) {
                struct value value = param(j);
                bool is_same = version_now(version_bucket(buckets, &value, 1)) == before[j];
                bool is_changed = was_found[j] != is_found(find, &value);
                if (is_changed && is_same)
                    fail_msg("%s: %s, parameter %zu, round %u", type, stored[i], j, round);
                found += is_changed;
                kept += is_same;
            }
        }
        run_in_transaction(f, "DELETE FROM t");
    }
    store_finalize(find);
    assert_true(kept > found);
    return found;
}

static void values_that_are_equal_are_in_one_bucket(void **state)
{
    struct fixture *f = *state;
    watch(f);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        assert_true(check_values(f, types[i]) > 20);
}

static void several_columns_are_one_condition(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (x text, y integer, z text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "x,y");
    const struct value first[] = {text_of("a"), integer_of(1)}, other[] = {text_of("a"), integer_of(2)};
    uint64_t one = version_now(version_bucket(buckets, first, 2));
    uint64_t two = version_now(version_bucket(buckets, other, 2));
    run_in_transaction(f, "INSERT INTO t VALUES ('A', 1.0, 'z')");
    assert_int_not_equal(version_now(version_bucket(buckets, first, 2)), one);
    assert_int_equal(version_now(version_bucket(buckets, other, 2)), two);
    run_in_transaction(f, "UPDATE t SET y = 2");
    assert_int_not_equal(version_now(version_bucket(buckets, other, 2)), two);
}

// --- which columns

static void what_has_no_buckets_says_why(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *table, *columns, *why;
    } cases[] = {
        {"none", "a", "there is no such table"},
        {"t", "none", "the table has no such column"},
        {"v", "a", "only the rows of tables have versions, not those of views and of virtual tables"},
        {"words", "body", "only the rows of tables have versions, not those of views and of virtual tables"},
        {"g", "a", "the table has generated columns"},
        {"s", "a", "the column has the type ANY"},
        {"t", "a,a,a,a,a,a,a,a,a", "there are too many columns"},
    };
    run_script(f->writer,
        "CREATE TABLE t (a text); CREATE VIEW v AS SELECT a FROM t; CREATE VIRTUAL TABLE words USING"
        " fts5(body); CREATE TABLE g (a text, b text AS (upper(a))); CREATE TABLE s (a ANY) STRICT");
    watch(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *why = NULL;
        assert_null(by(f, cases[i].table, cases[i].columns, &why));
        assert_string_equal(why, cases[i].why);
    }
    char sql[60];
    const char *why = NULL;
    for (int i = 0; i <= LIMIT_BUCKET_SETS; i++) {
        snprintf(sql, sizeof(sql), "CREATE TABLE t%d (a text)", i);
        run_script(f->writer, sql);
        snprintf(sql, sizeof(sql), "t%d", i);
        assert_true((by(f, sql, "a", &why) != NULL) == (i < LIMIT_BUCKET_SETS));
    }
    assert_string_equal(why, "the store keeps versions of rows by enough other columns");
}

static void without_memory_there_are_no_buckets_and_none_in_part(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a text, b text)");
    watch(f);
    const struct span columns[] = {{.at = "a", .len = 1}, {.at = "b", .len = 1}};
    for (unsigned n = 0;; n++) {
        const struct version_buckets *buckets = NULL;
        const char *why = NULL;
        struct err err = {0};
        mem_fail_after(n);
        enum err_code code = versions_by(f->reader, "t", columns, 2, &buckets, &why, &err);
        mem_fail_after(-1);
        if (code == ERR_NONE && buckets != NULL)
            break;
        assert_true(code == ERR_NO_MEMORY || why != NULL);
    }
}

// --- what the hook does not tell

static uint64_t of(const struct version_buckets *buckets, const char *text)
{
    struct value value = text_of(text);
    return version_now(version_bucket(buckets, &value, 1));
}

static void buckets_that_are_asked_for_in_the_midst_of_a_transaction_are_all_raised_by_it(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a text)");
    watch(f);
    begin(f->writer);
    assert_rows(f->writer, "INSERT INTO t VALUES ('a')", "");
    const struct version_buckets *buckets = surely_by(f, "t", "a");
    uint64_t a = of(buckets, "a"), b = of(buckets, "b");
    commit(f->writer);
    assert_int_not_equal(of(buckets, "a"), a);
    assert_int_not_equal(of(buckets, "b"), b);
    b = of(buckets, "b");
    run_in_transaction(f, "INSERT INTO t VALUES ('a')");
    assert_int_equal(of(buckets, "b"), b);
}

// SQLite empties a table in one step, and tells of no row, unless it knows better when it compiles.
static void a_table_with_buckets_is_emptied_row_by_row(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    bool row;
    run_script(f->writer, "CREATE TABLE t (a text)");
    watch(f);
    struct store_stmt *stmt = prepare(f->writer, "DELETE FROM t", NULL, 0);
    const struct version_buckets *buckets = surely_by(f, "t", "a");
    run_in_transaction(f, "INSERT INTO t VALUES ('a')");
    uint64_t a = of(buckets, "a"), b = of(buckets, "b");
    begin(f->writer);
    assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
    store_reset(stmt);
    commit(f->writer);
    assert_int_not_equal(of(buckets, "a"), a);
    assert_int_equal(of(buckets, "b"), b);
    assert_rows(f->reader, "SELECT count(*) FROM t", "0\n");
    run_in_transaction(f, "INSERT INTO t VALUES ('a')");
    a = of(buckets, "a");
    run_in_transaction(f, "DELETE FROM t"); // compiled by now
    assert_int_not_equal(of(buckets, "a"), a);
    assert_int_equal(of(buckets, "b"), b);
    store_finalize(stmt);
}

static void what_a_savepoint_takes_back_raises_no_bucket(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "a");
    run_in_transaction(f, "INSERT INTO t VALUES ('a'), ('b'), ('c')");
    uint64_t a = of(buckets, "a"), b = of(buckets, "b"), c = of(buckets, "c");
    begin(f->writer);
    assert_rows(f->writer, "DELETE FROM t WHERE a = 'a'", "");
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "DELETE FROM t WHERE a = 'b'", "");
    assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
    assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
    assert_rows(f->writer, "DELETE FROM t WHERE a = 'c'", "");
    assert_int_equal(store_release(f->writer, &err), ERR_NONE);
    commit(f->writer);
    assert_int_not_equal(of(buckets, "a"), a);
    assert_int_equal(of(buckets, "b"), b);
    assert_int_not_equal(of(buckets, "c"), c);
}

static void a_snapshot_of_before_does_not_know_new_buckets(void **state)
{
    struct fixture *f = *state;
    struct store_conn *conn = NULL;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a text)");
    watch(f);
    assert_int_equal(store_connect(f->store, STORE_READ, &conn, &err), ERR_NONE);
    assert_int_equal(store_begin_seen(conn, &err), ERR_NONE);
    assert_rows(conn, "SELECT count(*) FROM t", "0\n");
    run_in_transaction(f, "INSERT INTO t VALUES ('a')");
    const struct version_buckets *buckets = surely_by(f, "t", "a");
    struct value value = text_of("a");
    assert_int_equal(version_seen(conn, version_bucket(buckets, &value, 1)), 0);
    store_rollback(conn);
    assert_int_equal(store_begin_seen(conn, &err), ERR_NONE);
    assert_rows(conn, "SELECT count(*) FROM t", "1\n");
    assert_int_equal(version_seen(conn, version_bucket(buckets, &value, 1)), of(buckets, "a"));
    store_disconnect(conn);
}

static void a_table_that_is_another_one_by_now_raises_its_buckets(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *script, *write;
        bool keeps_other; // the bucket of another value keeps its number
    } cases[] = {
        {"ALTER TABLE t ADD COLUMN c text DEFAULT 'x'", "UPDATE t SET b = 'y'", true},
        {"CREATE TRIGGER w AFTER INSERT ON w BEGIN INSERT INTO t (a) VALUES ('a'); END",
            "INSERT INTO w VALUES (1)", true},
        {"ALTER TABLE t DROP COLUMN o", "UPDATE t SET b = 'z'", true}, // a and b move to the left
        {"DROP TABLE t; CREATE TABLE t (b text, c text, a text)", "INSERT INTO t VALUES ('b', 'b', 'a')",
            true},
        {"DROP TABLE t; CREATE TABLE t (a integer)", "INSERT INTO t VALUES ('a')", false},
        {"DROP TABLE t; CREATE TABLE t (x text)", "INSERT INTO t VALUES ('a')", false},
    };
    run_script(f->writer, "CREATE TABLE t (o integer, a text, b text); CREATE TABLE w (n integer)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "a");
    run_in_transaction(f, "INSERT INTO t VALUES (1, 'a', 'b')");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t a = of(buckets, "a"), other = of(buckets, "other");
        run_script(f->writer, cases[i].script);
        assert_int_not_equal(of(buckets, "a"), a);
        assert_int_not_equal(of(buckets, "other"), other);
        a = of(buckets, "a"), other = of(buckets, "other");
        run_in_transaction(f, cases[i].write);
        assert_int_not_equal(of(buckets, "a"), a);
        assert_int_equal(of(buckets, "other") == other, cases[i].keeps_other);
    }
}

// The row is older than its column, and SQLite tells a null in place of the default.
static void a_default_that_a_row_does_not_hold_raises_all(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a text); INSERT INTO t VALUES ('a');"
                          "ALTER TABLE t ADD COLUMN b text DEFAULT 'x'");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "b");
    uint64_t x = of(buckets, "x");
    run_in_transaction(f, "UPDATE t SET a = 'b'");
    assert_int_not_equal(of(buckets, "x"), x);
    x = of(buckets, "x");
    uint64_t other = of(buckets, "other");
    run_in_transaction(f, "UPDATE t SET a = 'c'"); // it holds it now
    assert_int_not_equal(of(buckets, "x"), x);
    assert_int_equal(of(buckets, "other"), other);
}

// Nor does SQLite tell the default of such a row that it copies whole into a table.
static void a_copied_row_without_its_default_raises_all(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE u (id integer PRIMARY KEY); INSERT INTO u VALUES (1), (2);"
                          "ALTER TABLE u ADD COLUMN k text DEFAULT 'x';"
                          "CREATE TABLE t (id integer PRIMARY KEY, k text DEFAULT 'x')");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "k");
    uint64_t x = of(buckets, "x");
    run_in_transaction(f, "INSERT INTO t SELECT * FROM u");
    assert_int_not_equal(of(buckets, "x"), x);
}

static void a_commit_of_others_raises_all_buckets(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = NULL;
    run_script(f->writer, "CREATE TABLE t (a text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "a");
    uint64_t b = of(buckets, "b");
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "INSERT INTO t VALUES ('a')", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(of(buckets, "b"), b);
    sqlite3_close(db);
}

static void rows_that_are_met_twice_are_found_with_buckets_too(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a text PRIMARY KEY, n integer)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "a");
    static const char twice[] =
        "INSERT INTO t VALUES ('a', 1), ('a', 2) ON CONFLICT (a) DO UPDATE SET n = excluded.n";
    begin(f->writer);
    assert_int_not_equal(error_of_run(f->writer, twice).code, ERR_NONE);
    store_rollback(f->writer);
    uint64_t a = of(buckets, "a"), b = of(buckets, "b");
    run_in_transaction(f, "INSERT INTO t VALUES ('a', 1) ON CONFLICT (a) DO UPDATE SET n = excluded.n");
    assert_int_not_equal(of(buckets, "a"), a);
    assert_int_equal(of(buckets, "b"), b);
}

// --- threads that write and read

enum { VALUES = 12, READERS = 3, WRITES = 3000 };

struct checking {
    struct fixture *fixture;               // borrowed
    const struct version_buckets *buckets; // borrowed
    atomic_bool end;                       // the thread is to end
    uint64_t current;                      // answers that were kept and were still current
};

// Keeps an answer for each value; while its number is the version's, reading again gives the same.
static void *check_answers(void *arg)
{
    static const struct store_name names[] = {{.name = {"p", 1}, .type = TYPE_TEXT}};
    struct checking *checking = arg;
    struct store_conn *conn = NULL;
    struct err err = {0};
    char kept[VALUES][60] = {{0}};
    uint64_t seen[VALUES] = {0};
    assert_int_equal(store_connect(checking->fixture->store, STORE_READ, &conn, &err), ERR_NONE);
    struct store_stmt *stmt = prepare(conn, "SELECT count(*), total(n) FROM t WHERE place = :p", names, 1);
    for (unsigned i = 0; !atomic_load(&checking->end); i++) {
        char text[] = {(char)('a' + i % VALUES), '\0'};
        struct value value = text_of(text);
        const struct version *version = version_bucket(checking->buckets, &value, 1);
        assert_int_equal(store_begin_seen(conn, &err), ERR_NONE);
        bool row;
        struct value count = {0}, sum = {0};
        if (store_bind(stmt, &value, &err) != ERR_NONE || store_step(stmt, &row, &err) != ERR_NONE ||
            store_column(stmt, 0, &count, &err) != ERR_NONE || store_column(stmt, 1, &sum, &err) != ERR_NONE)
            fail_msg("%s", err.text);
        char now[60];
        snprintf(now, sizeof(now), "%lld %f", (long long)count.integer, sum.real);
        store_reset(stmt);
        if (seen[i % VALUES] != 0 && version_now(version) == seen[i % VALUES]) {
            assert_string_equal(now, kept[i % VALUES]);
            checking->current++;
        }
        seen[i % VALUES] = version_seen(conn, version);
        memcpy(kept[i % VALUES], now, sizeof(now));
        store_rollback(conn);
    }
    store_finalize(stmt);
    store_disconnect(conn);
    return NULL;
}

// One in forty deletes all, three in forty one row; the others write one.
static void write_at_random(struct fixture *f, unsigned *seed)
{
    char sql[200];
    int way = rand_r(seed) % 40, id = rand_r(seed) % 50, place = 'a' + rand_r(seed) % VALUES;
    if (way == 0)
        snprintf(sql, sizeof(sql), "DELETE FROM t");
    else if (way < 4)
        snprintf(sql, sizeof(sql), "DELETE FROM t WHERE id = %d", id);
    else if (way % 3 == 0)
        snprintf(sql, sizeof(sql), "UPDATE t SET place = '%c' WHERE id = %d", place, id);
    else if (way % 3 == 1)
        snprintf(sql, sizeof(sql), "REPLACE INTO t VALUES (%d, '%c', 5)", id, place);
    else
        snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d, '%c', 1) ON CONFLICT DO UPDATE SET n = n + 1",
            id, place);
    assert_error(error_of_run(f->writer, sql), ERR_NONE, "");
}

static void an_answer_is_current_while_its_buckets_number_is(void **state)
{
    struct fixture *f = *state;
    struct checking checkings[READERS];
    pthread_t threads[READERS];
    unsigned seed = 7;
    run_script(f->writer, "CREATE TABLE t (id integer PRIMARY KEY, place text, n integer)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    for (int i = 0; i < READERS; i++) {
        checkings[i] = (struct checking){.fixture = f, .buckets = buckets};
        assert_int_equal(pthread_create(&threads[i], NULL, check_answers, &checkings[i]), 0);
    }
    for (int i = 0; i < WRITES; i++) {
        struct err err = {0};
        begin(f->writer);
        write_at_random(f, &seed);
        if (i % 3 == 0) {
            assert_int_equal(store_savepoint(f->writer, &err), ERR_NONE);
            write_at_random(f, &seed);
            if (i % 2 == 0)
                assert_int_equal(store_rollback_to(f->writer, &err), ERR_NONE);
            else
                assert_int_equal(store_release(f->writer, &err), ERR_NONE);
        }
        if (i % 10 == 0)
            store_rollback(f->writer);
        else
            commit(f->writer);
    }
    uint64_t current = 0;
    for (int i = 0; i < READERS; i++) {
        atomic_store(&checkings[i].end, true);
        pthread_join(threads[i], NULL);
        current += checkings[i].current;
    }
    assert_true(current > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(each_kind_of_write_raises_the_buckets_of_its_rows),
        STORE_TEST(so_it_does_in_tables_without_rowid),
        STORE_TEST(values_that_are_equal_are_in_one_bucket),
        STORE_TEST(several_columns_are_one_condition),
        STORE_TEST(what_has_no_buckets_says_why),
        STORE_TEST(without_memory_there_are_no_buckets_and_none_in_part),
        STORE_TEST(buckets_that_are_asked_for_in_the_midst_of_a_transaction_are_all_raised_by_it),
        STORE_TEST(a_table_with_buckets_is_emptied_row_by_row),
        STORE_TEST(what_a_savepoint_takes_back_raises_no_bucket),
        STORE_TEST(a_snapshot_of_before_does_not_know_new_buckets),
        STORE_TEST(a_table_that_is_another_one_by_now_raises_its_buckets),
        STORE_TEST(a_default_that_a_row_does_not_hold_raises_all),
        STORE_TEST(a_copied_row_without_its_default_raises_all),
        STORE_TEST(a_commit_of_others_raises_all_buckets),
        STORE_TEST(rows_that_are_met_twice_are_found_with_buckets_too),
        STORE_TEST(an_answer_is_current_while_its_buckets_number_is),
    };
    return fixture_run_of("sqlite", tests);
}
