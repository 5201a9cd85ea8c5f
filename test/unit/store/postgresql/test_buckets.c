// SPDX-License-Identifier: Apache-2.0
// Versions of rows on PostgreSQL: whatever changes a row that a condition on some columns finds gives the
// bucket of the condition's values another number at the next question, whichever program does it; and what
// is in other buckets keeps its own. Skipped where TEST_POSTGRESQL names no database.
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

#include "../../../store/fixture.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/postgresql/bucket_hash.h"
#include "store/postgresql/bucket_sets.h"
#include "store/versions.h"
enum { BOUND_S = 30 };

// --- asking

struct waiting {
    struct versions_question question; // first
    sem_t answered;
};

static void on_answer(struct versions_question *question)
{
    sem_post(&((struct waiting *)question)->answered);
}

static void ask(struct store *store)
{
    struct waiting waiting = {.question = {.on_answer = on_answer}};
    sem_init(&waiting.answered, 0, 0);
    versions_ask(store, &waiting.question);
    sem_wait(&waiting.answered);
    sem_destroy(&waiting.answered);
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

static bool is_by_itself(const struct version_buckets *buckets)
{
    const struct pg_bucket_set *set = (const struct pg_bucket_set *)buckets;
    return atomic_load(&set->whole) != 0;
}

static void wait_until_by_itself(struct fixture *f, const struct version_buckets *buckets)
{
    uint64_t end_ns = clock_monotonic_ns() + (uint64_t)BOUND_S * 1000 * NS_PER_MS;
    while (!is_by_itself(buckets)) {
        struct timespec pause = {.tv_nsec = 2000000};
        assert_true(clock_monotonic_ns() < end_ns);
        nanosleep(&pause, NULL);
        ask(f->store);
    }
}

static void watch(struct fixture *f)
{
    struct err err = {0};
    assert_int_equal(store_watch(f->store, &err), ERR_NONE);
}

static const struct version_buckets *surely_by(struct fixture *f, const char *table, const char *columns)
{
    const char *why = NULL;
    const struct version_buckets *buckets = by(f, table, columns, &why);
    if (buckets == NULL)
        fail_msg("%s", why);
    wait_until_by_itself(f, buckets);
    return buckets;
}

static uint64_t of(const struct version_buckets *buckets, const char *text)
{
    struct value value = text_of(text);
    return version_now(version_bucket(buckets, &value, 1));
}

static PGconn *foreign_connection(const struct fixture *f)
{
    char sql[200];
    PGconn *link = PQconnectdb(f->url);
    assert_int_equal(PQstatus(link), CONNECTION_OK);
    snprintf(sql, sizeof(sql), "SET search_path = \"%s\"", f->name);
    PQclear(PQexec(link, sql));
    return link;
}

static void run(PGconn *link, const char *sql)
{
    PGresult *result = PQexec(link, sql);
    if (PQresultErrorMessage(result)[0] != '\0')
        fail_msg("%s: %s", sql, PQresultErrorMessage(result));
    PQclear(result);
}

static void copy_in(PGconn *link, const char *rows)
{
    PQclear(PQexec(link, "COPY t (id, place) FROM stdin"));
    assert_int_equal(PQputCopyData(link, rows, (int)strlen(rows)), 1);
    assert_int_equal(PQputCopyEnd(link, NULL), 1);
    for (PGresult *result; (result = PQgetResult(link)) != NULL; PQclear(result))
        assert_string_equal(PQresultErrorMessage(result), "");
}

// --- which writes

static const char *const places[] = {"a", "b", "c", "d"};

// The places whose number is another one than before, and notes them all.
static const char *raised(
    struct fixture *f, const struct version_buckets *buckets, uint64_t numbers[ARRAY_LEN(places)])
{
    static char names[40];
    names[0] = '\0';
    ask(f->store);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        uint64_t number = of(buckets, places[i]);
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
    {"INSERT INTO t VALUES (1, 'a'), (2, 'b')", "ab"},
    {"INSERT INTO u VALUES (1)", ""},
    {"UPDATE t SET n = 2 WHERE place = 'a'", "a"},
    {"UPDATE t SET n = 2 WHERE place = 'z'", ""},
    {"UPDATE t SET place = 'c' WHERE place = 'a'", "ac"},
    {"INSERT INTO t VALUES (1, 'd') ON CONFLICT DO NOTHING", ""},
    {"INSERT INTO t VALUES (1, 'd') ON CONFLICT (id) DO UPDATE SET place = excluded.place", "cd"},
    {"INSERT INTO t VALUES (7, 'a'), (1, 'x') ON CONFLICT (id) DO UPDATE SET n = 5", "ad"},
    {("MERGE INTO t USING (VALUES (1), (2), (9)) AS n (id) ON t.id = n.id WHEN MATCHED AND n.id = 1 THEN DELETE"
      " WHEN MATCHED THEN UPDATE SET place = 'c' WHEN NOT MATCHED THEN INSERT VALUES (n.id, 'b')"),
        "bcd"},
    {"WITH gone AS (DELETE FROM t WHERE id = 9 RETURNING id) INSERT INTO t SELECT id, 'd' FROM gone", "bd"},
    {"BEGIN; INSERT INTO t VALUES (20, 'a'); ROLLBACK", ""},
    {"BEGIN; SAVEPOINT s; INSERT INTO t VALUES (20, 'a'); ROLLBACK TO s; INSERT INTO t VALUES (20, 'b'); COMMIT",
        "b"},
    {"BEGIN; INSERT INTO t VALUES (21, 'a'); SAVEPOINT s; DELETE FROM t WHERE place = 'b'; ROLLBACK TO s; COMMIT",
        "a"},
    {("BEGIN; INSERT INTO t VALUES (22, 'a'); SAVEPOINT s; INSERT INTO t VALUES (23, 'b'); RELEASE s; RESET ALL;"
      " SET search_path = :; INSERT INTO t VALUES (24, 'c'); COMMIT"),
        "abcd"}, // nobody knows what was noted
    {"BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE t SET n = 3 WHERE place = 'c'; COMMIT", "c"},
    {"DO $$ BEGIN FOR i IN 100..400 LOOP INSERT INTO t VALUES (i, 'd'); END LOOP; END $$", "d"},
    {"BEGIN; INSERT INTO t VALUES (30, 'a'); PREPARE TRANSACTION 'buckets of :'", ""},
    {"INSERT INTO t VALUES (31, 'b')", "b"},
    {"COMMIT PREPARED 'buckets of :'", "a"},
    {"SET session_replication_role = replica; UPDATE t SET n = 4 WHERE place = 'b'; RESET session_replication_role",
        "b"},
    {"INSERT INTO t VALUES (40, NULL)", ""},
    {"UPDATE t SET place = 'a' WHERE id = 40", "a"},
    {"INSERT INTO u VALUES (60)", ""},
    {"INSERT INTO t VALUES (50, 'b', 1, 60), (51, 'c', 1, 60)", "bc"},
    {"UPDATE u SET id = 61 WHERE id = 60", "bc"}, // ON UPDATE CASCADE
    {"DELETE FROM u WHERE id = 61", "bc"},
    {"INSERT INTO moves VALUES ('a', 'd')", "ad"}, // by a trigger
    {"INSERT INTO through VALUES (81, 'b')", "b"},
    {"INSERT INTO t SELECT 1000 + i, 'row ' || i FROM generate_series(1, 300) AS i", ""},
    {"INSERT INTO t SELECT 2000 + i, 'many ' || i FROM generate_series(1, 5000) AS i", "abcd"},
    {"BEGIN; DELETE FROM t WHERE id BETWEEN 2000 AND 3600; DELETE FROM t WHERE id > 3600; COMMIT", "abcd"},
    {"BEGIN; DELETE FROM t WHERE id BETWEEN 1000 AND 1100; DELETE FROM t WHERE id > 1000;"
     " UPDATE t SET n = 9 WHERE place = 'b'; COMMIT",
        "b"},
    {"CREATE INDEX ON t (place)", ""},
    {"BEGIN; INSERT INTO t VALUES (70, 'a'); TRUNCATE t; INSERT INTO t VALUES (70, 'a'); COMMIT", "abcd"},
    {"TRUNCATE t", "abcd"},
    {"UPDATE t SET n = 1", ""},
};

// Puts the quoted name of the schema in the place of each ':'.
static void fill_in(const char *sql, const char *name, char *out, size_t size)
{
    size_t len = 0;
    for (; *sql != '\0' && len < size; sql++) {
        if (*sql == ':')
            len += (size_t)snprintf(out + len, size - len, "\"%s\"", name);
        else
            out[len++] = *sql;
    }
    assert_true(len < size);
    out[len] = '\0';
}

static void each_kind_of_write_raises_the_buckets_of_its_rows(void **state)
{
    struct fixture *f = *state;
    uint64_t numbers[ARRAY_LEN(places)] = {0};
    run_script(f->writer,
        "CREATE TABLE u (id integer PRIMARY KEY);"
        "CREATE TABLE t (id integer PRIMARY KEY, place text, n integer,"
        " owner integer REFERENCES u ON DELETE CASCADE ON UPDATE CASCADE);"
        "CREATE TABLE moves (was text, now text); CREATE VIEW through AS SELECT id, place FROM t WHERE id > 80;"
        "CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN UPDATE t SET place = new.now WHERE place = new.was; RETURN NULL; END';"
        "CREATE TRIGGER moved AFTER INSERT ON moves FOR EACH ROW EXECUTE FUNCTION move();");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    assert_ptr_equal(surely_by(f, "t", "place"), buckets);
    PGconn *psql = foreign_connection(f);
    raised(f, buckets, numbers);
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        char sql[500];
        fill_in(writes[i].sql, f->name, sql, sizeof(sql));
        run(psql, sql);
        const char *names = raised(f, buckets, numbers);
        if (strcmp(names, writes[i].raised) != 0)
            fail_msg("%s: %s", sql, names);
        wait_until_by_itself(f, buckets); // TRUNCATE gives the table another shape
        raised(f, buckets, numbers);
    }
    copy_in(psql, "200\tb\n201\td\n");
    assert_string_equal(raised(f, buckets, numbers), "bd");
    PQfinish(psql);
}

static void writes_to_partitions_are_told_like_those_to_their_table(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql, *raised;
    } cases[] = {
        {"INSERT INTO t VALUES (1, 'a'), (11, 'b'), (21, 'c')", "abc"},
        {"INSERT INTO t1 VALUES (2, 'd')", "d"},
        {"UPDATE t SET id = 12 WHERE id = 1", "a"}, // moves to another partition
        {"UPDATE t2 SET place = 'd' WHERE id = 11", "bd"},
        {"UPDATE t21 SET place = 'a' WHERE id = 11", "ad"},
        {"DELETE FROM t WHERE place = 'c'", "c"},
        {"TRUNCATE t1", "abcd"},
        {"BEGIN; INSERT INTO t VALUES (3, 'b'); TRUNCATE t1; COMMIT", "abcd"},
    };
    uint64_t numbers[ARRAY_LEN(places)] = {0};
    run_script(f->writer, "CREATE TABLE t (id integer, place text) PARTITION BY RANGE (id);"
                          "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"
                          "CREATE TABLE t2 (gone integer, place text, id integer) PARTITION BY RANGE (id);"
                          "ALTER TABLE t2 DROP COLUMN gone;"
                          "ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (10) TO (20);"
                          "CREATE TABLE t21 PARTITION OF t2 DEFAULT;"
                          "CREATE TABLE t3 PARTITION OF t DEFAULT");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    PGconn *psql = foreign_connection(f);
    raised(f, buckets, numbers);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        run(psql, cases[i].sql);
        const char *names = raised(f, buckets, numbers);
        if (strcmp(names, cases[i].raised) != 0)
            fail_msg("%s: %s", cases[i].sql, names);
        wait_until_by_itself(f, buckets);
        raised(f, buckets, numbers);
    }
    PQfinish(psql);
}

static void what_ddl_changes_raises_all_and_is_looked_at_anew(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql;
        bool comes_back; // to tell rows apart
    } cases[] = {
        {"ALTER TABLE t ADD COLUMN c integer DEFAULT 7", true},
        {"ALTER TABLE t ALTER COLUMN id TYPE bigint", true},
        {"ALTER TABLE t DISABLE TRIGGER reckoner_rows_1_insert; INSERT INTO t VALUES (99, 'b');"
         " ALTER TABLE t ENABLE TRIGGER reckoner_rows_1_insert",
            true},
        {"ALTER TABLE t ALTER COLUMN place TYPE varchar(40)", true},
        {"ALTER TABLE t RENAME COLUMN place TO spot; INSERT INTO t VALUES (100, 'b'); ALTER TABLE t RENAME COLUMN spot TO place",
            true},
        {"ALTER TABLE t DISABLE TRIGGER reckoner_rows_1_delete", false},
        {"ALTER TABLE t ENABLE TRIGGER reckoner_rows_1_delete", true},
        {"ALTER TABLE t ALTER COLUMN place TYPE integer USING 7", false},
        {"INSERT INTO t VALUES (101, 8)", false},
        {"ALTER TABLE t ALTER COLUMN place TYPE text COLLATE other", false},
        {"ALTER TABLE t ALTER COLUMN place TYPE text COLLATE \"C\"", true},
    };
    run_script(f->writer,
        "CREATE TABLE t (id integer, place text);"
        "CREATE COLLATION other (provider = icu, locale = 'und-u-ks-level2', deterministic = false)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    PGconn *psql = foreign_connection(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t b = of(buckets, "b");
        run(psql, cases[i].sql);
        ask(f->store);
        if (of(buckets, "b") == b)
            fail_msg("%s", cases[i].sql);
        if (cases[i].comes_back)
            wait_until_by_itself(f, buckets);
        else
            assert_false(is_by_itself(buckets));
        uint64_t a = of(buckets, "a");
        b = of(buckets, "b");
        if (cases[i].comes_back) {
            run(psql, "INSERT INTO t VALUES (5, 'a')");
            ask(f->store);
            assert_int_not_equal(of(buckets, "a"), a);
            assert_int_equal(of(buckets, "b"), b);
        }
    }
    PQfinish(psql);
}

static void a_script_that_changes_something_raises_all(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (id integer, place text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    uint64_t a = of(buckets, "a");
    run_script(f->writer, "CREATE FUNCTION six() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 6'");
    ask(f->store);
    assert_int_not_equal(of(buckets, "a"), a);
    assert_true(is_by_itself(buckets));
}

// --- which values

static void the_hash_is_the_servers(void **state)
{
    struct fixture *f = *state;
    PGconn *psql = foreign_connection(f);
    char text[60] = "";
    for (size_t len = 0; len < sizeof(text); len++) {
        const char *const params[] = {text};
        PGresult *result =
            PQexecParams(psql, "SELECT hashtext($1 COLLATE \"C\")", 1, NULL, params, NULL, NULL, 0);
        assert_int_equal((uint32_t)strtol(PQgetvalue(result, 0, 0), NULL, 10), pg_hash_text(span_of(text)));
        PQclear(result);
        text[len] = (char)('!' + 7 * len % 90);
    }
    PQfinish(psql);
}

struct kind {
    const char *column;
    enum value_type type;
    const char *stored[8];
    struct value params[8];
};

#define TEXT(of)                                                                                             \
    {                                                                                                        \
        .kind = VALUE_TEXT, .text = { of, sizeof(of) - 1 }                                                   \
    }
#define INTEGER(of)                                                                                          \
    {                                                                                                        \
        .kind = VALUE_INTEGER, .integer = of                                                                 \
    }

static const struct kind kinds[] = {
    {"text", TYPE_TEXT, {"'a'", "'A'", "'a  '", "''", "'Ärger'", "'a long one, of some blocks'"},
        {TEXT("a"), TEXT("A"), TEXT("a  "), TEXT(""), TEXT("Ärger"), TEXT("a long one, of some blocks")}},
    {"varchar(9)", TYPE_TEXT, {"'a'", "'a '", "' a'"}, {TEXT("a"), TEXT("a "), TEXT(" a")}},
    {"char(4)", TYPE_TEXT, {"'a'", "'a  '", "''"}, {TEXT("a"), TEXT("a  "), TEXT("a   "), TEXT("")}},
    {"smallint", TYPE_INTEGER, {"1", "-5", "0"}, {INTEGER(1), INTEGER(-5), INTEGER(0)}},
    {"integer", TYPE_INTEGER, {"1", "'01'", "-2147483648"}, {INTEGER(1), INTEGER(-2147483648)}},
    {"bigint", TYPE_INTEGER, {"9007199254740993", "-0"}, {INTEGER(9007199254740993), INTEGER(0)}},
    {"date", TYPE_DATE, {"'2026-01-31'", "'31 jan 2026'", "'0001-01-01'", "'infinity'", "'0044-03-15 BC'"},
        {TEXT("2026-01-31"), TEXT("0001-01-01"), TEXT("0044-03-15")}},
    {"boolean", TYPE_BOOLEAN, {"true", "'f'", "'yes'"}, {INTEGER(1), INTEGER(0)}},
};

static bool is_given(const struct value *value)
{
    return value->kind != VALUE_NULL;
}

static unsigned check_kind(struct fixture *f, PGconn *psql, const struct kind *kind)
{
    const struct store_name names[] = {{.name = {"p", 1}, .type = kind->type}};
    unsigned found = 0;
    char sql[200];
    snprintf(sql, sizeof(sql), "DROP TABLE IF EXISTS t; CREATE TABLE t (c %s)", kind->column);
    run_script(f->writer, sql);
    const struct version_buckets *buckets = surely_by(f, "t", "c");
    struct store_stmt *find = prepare(f->reader, "SELECT 1 FROM t WHERE c = :p", names, 1);
    for (size_t i = 0; i < ARRAY_LEN(kind->stored) && kind->stored[i] != NULL; i++) {
        uint64_t before[ARRAY_LEN(kind->params)];
        ask(f->store);
        for (size_t j = 0; j < ARRAY_LEN(kind->params) && is_given(&kind->params[j]); j++)
            before[j] = version_now(version_bucket(buckets, &kind->params[j], 1));
        snprintf(sql, sizeof(sql),
            "SET datestyle = 'SQL, DMY'; SET timezone = 'Africa/Cairo'; INSERT INTO t VALUES (%s)",
            kind->stored[i]);
        run(psql, sql);
        ask(f->store);
        for (size_t j = 0; j < ARRAY_LEN(kind->params) && is_given(&kind->params[j]); j++) {
            bool is_found = strcmp(rows_of_stmt(find, &kind->params[j]), "1\n") == 0;
            bool is_same = version_now(version_bucket(buckets, &kind->params[j], 1)) == before[j];
            if (is_found && is_same)
                fail_msg("%s: %s, parameter %zu", kind->column, kind->stored[i], j);
            found += is_found;
        }
        run(psql, "DELETE FROM t");
    }
    store_finalize(find);
    return found;
}

static void values_that_are_equal_are_in_one_bucket(void **state)
{
    struct fixture *f = *state;
    watch(f);
    PGconn *psql = foreign_connection(f);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        assert_true(check_kind(f, psql, &kinds[i]) >= 2);
    PQfinish(psql);
}

static void several_columns_are_one_condition(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (x text, y integer, z text, raised text, \"Kept\" text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "x,y"), *odd = surely_by(f, "t", "raised,Kept");
    const struct value first[] = {text_of("a"), integer_of(1)}, other[] = {text_of("a"), integer_of(2)};
    const struct value words[] = {text_of("a"), text_of("b")}, more[] = {text_of("a"), text_of("c")};
    uint64_t one = version_now(version_bucket(buckets, first, 2));
    uint64_t two = version_now(version_bucket(buckets, other, 2));
    uint64_t b = version_now(version_bucket(odd, words, 2)), c = version_now(version_bucket(odd, more, 2));
    PGconn *psql = foreign_connection(f);
    run(psql, "INSERT INTO t VALUES ('a', 1, 'z', 'a', 'b')");
    ask(f->store);
    assert_int_not_equal(version_now(version_bucket(buckets, first, 2)), one);
    assert_int_equal(version_now(version_bucket(buckets, other, 2)), two);
    assert_int_not_equal(version_now(version_bucket(odd, words, 2)), b);
    assert_int_equal(version_now(version_bucket(odd, more, 2)), c);
    PQfinish(psql);
}

static void an_uuid_is_one_in_every_spelling(void **state)
{
    struct fixture *f = *state;
    static const char *const spellings[] = {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}"};
    run_script(f->writer, "CREATE TABLE t (c uuid)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "c");
    PGconn *psql = foreign_connection(f);
    uint64_t before = of(buckets, spellings[0]);
    run(psql, "INSERT INTO t VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')");
    ask(f->store);
    assert_int_not_equal(of(buckets, spellings[0]), before);
    for (size_t i = 1; i < ARRAY_LEN(spellings); i++)
        assert_int_equal(of(buckets, spellings[i]), of(buckets, spellings[0]));
    PQfinish(psql);
}

static void what_has_no_buckets_says_why(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *table, *columns, *why;
    } cases[] = {
        {"none", "a", "there is no such table or column"},
        {"t", "none", "there is no such table or column"},
        {"v", "a", "there is no such table or column"},
        {"t", "a,b", "a column is none of text, integers, date, uuid and boolean"},
        {"t", "c", "the collation of a column takes different texts for equal"},
        {"t", "a,a,a,a,a,a,a,a,a", "there are too many columns"},
    };
    run_script(f->writer,
        "CREATE COLLATION other (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
        "CREATE TABLE t (a text, b numeric, c text COLLATE other); CREATE VIEW v AS SELECT a FROM t");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *why = NULL;
        assert_null(by(f, cases[i].table, cases[i].columns, &why));
        assert_string_equal(why, cases[i].why);
    }
    const char *why = NULL;
    struct value number = integer_of(1);
    assert_ptr_equal(version_bucket(by(f, "t", "a", &why), &number, 1), versions_of(f->store, "t"));
}

static void without_memory_there_are_no_buckets_and_none_in_part(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a text, b text)");
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
        assert_true(code != ERR_NONE || why != NULL);
    }
}

// --- what a read has seen

static uint64_t seen(struct fixture *f, const struct version *version, PGconn *psql, const char *write)
{
    struct err err = {0};
    assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
    rows_of(f->reader, "SELECT count(*) FROM t");
    if (write != NULL)
        run(psql, write);
    if (write != NULL)
        ask(f->store);
    uint64_t number = version_seen(f->reader, version);
    store_rollback(f->reader);
    return number;
}

static void a_read_never_knows_a_number_that_was_given_after_it_began(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (id integer, place text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    struct value a = text_of("a"), b = text_of("b");
    const struct version *of_a = version_bucket(buckets, &a, 1), *of_b = version_bucket(buckets, &b, 1);
    PGconn *psql = foreign_connection(f);
    assert_int_equal(seen(f, of_a, psql, NULL), version_now(of_a));
    assert_int_equal(seen(f, of_a, psql, "INSERT INTO t VALUES (1, 'a')"), 0);
    assert_int_equal(seen(f, of_a, psql, NULL), version_now(of_a));
    assert_int_equal(seen(f, of_b, psql, "INSERT INTO t VALUES (1, 'a')"), version_now(of_b));
    PQfinish(psql);
}

static void a_part_that_came_and_went_between_two_questions_is_in_no_bucket(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (id integer, place text) PARTITION BY RANGE (id);"
                          "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"
                          "CREATE TABLE more (id integer, place text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    struct value a = text_of("a");
    const struct version *of_a = version_bucket(buckets, &a, 1);
    PGconn *psql = foreign_connection(f);
    for (int i = 0; i < 9; i++) {
        bool row = true;
        wait_until_by_itself(f, buckets);
        struct store_stmt *stmt = prepare(f->reader, "SELECT id FROM t WHERE place = 'a'", NULL, 0);
        assert_int_equal(seen(f, of_a, psql, NULL), 0); // the statement that it runs has not been looked at
        assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
        assert_string_equal(rows_of_stmt(stmt, NULL), "");
        assert_int_equal(version_seen(f->reader, of_a), version_now(of_a));
        store_rollback(f->reader);
        store_reset(stmt);
        if (i % 3 == 0)
            store_finalize(stmt);
        if (i % 3 != 2)
            run(psql, "ALTER TABLE t ATTACH PARTITION more FOR VALUES FROM (10) TO (20)");
        if (i % 3 == 0)
            stmt = prepare(f->reader, "SELECT id FROM t WHERE place = 'a'", NULL, 0);
        assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
        if (i % 3 == 2) {
            rows_of(f->reader, "SELECT 1");
            run(psql, "ALTER TABLE t ATTACH PARTITION more FOR VALUES FROM (10) TO (20)");
        }
        enum err_code code = store_bind(stmt, NULL, &err);
        while (code == ERR_NONE && row)
            code = store_step(stmt, &row, &err);
        uint64_t number = code == ERR_NONE ? version_seen(f->reader, of_a) : 0;
        store_rollback(f->reader);
        store_finalize(stmt);
        err = (struct err){0};
        run(psql, "ALTER TABLE t DETACH PARTITION more");
        ask(f->store);
        assert_true(number == 0 || number != version_now(of_a));
    }
    PQfinish(psql);
}

static void while_it_goes_by_the_table_a_bucket_has_the_tables_number(void **state)
{
    struct fixture *f = *state;
    const char *why = NULL;
    run_script(f->writer, "CREATE TABLE t (id integer, place text)");
    const struct version_buckets *buckets = by(f, "t", "place", &why);
    struct value a = text_of("a");
    const struct version *of_a = version_bucket(buckets, &a, 1);
    assert_int_equal(version_now(of_a), 0);
    PGconn *psql = foreign_connection(f), *writer = foreign_connection(f);
    run(writer, "BEGIN; INSERT INTO t VALUES (1, 'a')"); // the triggers have to wait for it
    watch(f);
    for (int i = 0; i < 3; i++) {
        ask(f->store);
        assert_int_equal(version_now(of_a), number_of(f->store, "t"));
        assert_int_equal(seen(f, of_a, psql, NULL), version_now(of_a));
        run(psql, "INSERT INTO t VALUES (2, 'b')");
        ask(f->store);
        assert_int_equal(version_now(of_a), number_of(f->store, "t"));
    }
    run(writer, "COMMIT");
    wait_until_by_itself(f, buckets);
    assert_int_not_equal(version_now(of_a), number_of(f->store, "t"));
    PQfinish(psql);
    PQfinish(writer);
}

static void all_are_new_when_the_watch_was_lost(void **state)
{
    struct fixture *f = *state;
    char sql[300];
    run_script(f->writer, "CREATE TABLE t (id integer, place text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    struct value a = text_of("a");
    PGconn *psql = foreign_connection(f);
    uint64_t number = of(buckets, "a");
    snprintf(sql, sizeof(sql),
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE query LIKE 'WITH RECURSIVE counted%%\"%s\"%%' AND pid <> pg_backend_pid()",
        f->name);
    run(psql, sql);
    ask(f->store);
    wait_until_by_itself(f, buckets);
    assert_int_not_equal(of(buckets, "a"), number);
    number = of(buckets, "a");
    assert_int_equal(seen(f, version_bucket(buckets, &a, 1), psql, NULL), number);
    run(psql, "INSERT INTO t VALUES (1, 'b')");
    ask(f->store);
    assert_int_equal(of(buckets, "a"), number);
    PQfinish(psql);
}

static void writers_that_commit_in_another_order_are_all_told(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (id integer, place text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    uint64_t numbers[ARRAY_LEN(places)] = {0};
    PGconn *writers[ARRAY_LEN(places)];
    char sql[100];
    raised(f, buckets, numbers);
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        writers[i] = foreign_connection(f);
        snprintf(sql, sizeof(sql), "BEGIN; INSERT INTO t VALUES (1, '%s')", places[i]);
        run(writers[i], sql);
        assert_string_equal(raised(f, buckets, numbers), "");
    }
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        size_t turn = (3 * i + 2) % ARRAY_LEN(places);
        run(writers[turn], "COMMIT");
        assert_string_equal(raised(f, buckets, numbers), places[turn]);
        PQfinish(writers[turn]);
    }
}

// --- what was told, and is not there any more

static void what_may_have_been_removed_unseen_raises_all(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (id integer, place text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    PGconn *psql = foreign_connection(f);
    uint64_t b = of(buckets, "b");
    run(psql, "INSERT INTO t VALUES (1, 'b')");
    run(psql, "DELETE FROM reckoner_changes; UPDATE reckoner_buckets SET pruned = pg_current_xact_id()");
    ask(f->store);
    assert_int_not_equal(of(buckets, "b"), b);
    PQfinish(psql);
}

static void old_changes_are_removed_and_no_writer_waits_for_that(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (id integer, place text)");
    watch(f);
    const struct version_buckets *buckets = surely_by(f, "t", "place");
    PGconn *psql = foreign_connection(f), *other = foreign_connection(f);
    run(other, "BEGIN; INSERT INTO t VALUES (1, 'b'); SELECT FROM reckoner_buckets FOR UPDATE");
    run(psql, "SET synchronous_commit = off; SET lock_timeout = 100;"
              "CREATE PROCEDURE write_some(n integer) LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..n LOOP"
              " INSERT INTO t VALUES (i, 'a'); COMMIT; END LOOP; END $$");
    run(psql, "CALL write_some(1500)");
    uint64_t b = of(buckets, "b");
    run(other, "COMMIT");
    ask(f->store);
    assert_int_not_equal(of(buckets, "b"), b);
    run(psql, "CALL write_some(2500)");
    ask(f->store);
    uint64_t count = strtoull(rows_of(f->reader, "SELECT count(*) FROM reckoner_changes"), NULL, 10);
    assert_true(count >= 1000 && count < 3000);
    ask(f->store);
    b = of(buckets, "b");
    uint64_t a = of(buckets, "a");
    run(psql, "INSERT INTO t VALUES (1, 'a')");
    ask(f->store);
    assert_int_not_equal(of(buckets, "a"), a);
    assert_int_equal(of(buckets, "b"), b);
    PQfinish(other);
    PQfinish(psql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(each_kind_of_write_raises_the_buckets_of_its_rows),
        STORE_TEST(writes_to_partitions_are_told_like_those_to_their_table),
        STORE_TEST(what_ddl_changes_raises_all_and_is_looked_at_anew),
        STORE_TEST(the_hash_is_the_servers),
        STORE_TEST(values_that_are_equal_are_in_one_bucket),
        STORE_TEST(several_columns_are_one_condition),
        STORE_TEST(an_uuid_is_one_in_every_spelling),
        STORE_TEST(what_has_no_buckets_says_why),
        STORE_TEST(a_read_never_knows_a_number_that_was_given_after_it_began),
        STORE_TEST(a_part_that_came_and_went_between_two_questions_is_in_no_bucket),
        STORE_TEST(while_it_goes_by_the_table_a_bucket_has_the_tables_number),
        STORE_TEST(all_are_new_when_the_watch_was_lost),
        STORE_TEST(writers_that_commit_in_another_order_are_all_told),
        STORE_TEST(what_may_have_been_removed_unseen_raises_all),
        STORE_TEST(old_changes_are_removed_and_no_writer_waits_for_that),
    };
    const struct CMUnitTest pooled[] = {
        // no other program has a session of its own in these
        STORE_TEST(a_script_that_changes_something_raises_all),
        STORE_TEST(without_memory_there_are_no_buckets_and_none_in_part),
    };
    int failures = fixture_run_of("postgresql", pooled);
    if (getenv("TEST_POSTGRESQL_POOLED") == NULL)
        failures += fixture_run_of("postgresql", tests);
    return failures;
}
