// SPDX-License-Identifier: Apache-2.0
// How a store in PostgreSQL is kept up with: who is heard, and what is known when the link breaks and the
// server is away. Skipped where TEST_POSTGRESQL names no database.
#include <arpa/inet.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "../../../store/fixture.h"
#include "base/clock.h"
#include "proxy.h"
#include "store/postgresql/store.h"
#include "store/versions.h"
enum { BOUND_S = 30 };

static void rest(uint64_t end_ns)
{
    struct timespec pause = {.tv_nsec = 2000000};
    assert_true(clock_monotonic_ns() < end_ns);
    nanosleep(&pause, NULL);
}

static uint64_t bound(void)
{
    return clock_monotonic_ns() + (uint64_t)BOUND_S * 1000 * NS_PER_MS;
}

static uint64_t version_after(struct store *store, uint64_t before)
{
    uint64_t version;
    for (uint64_t end_ns = bound(); (version = number_of(store, "t")) == 0 || version == before;)
        rest(end_ns);
    return version;
}

static void wait_until_there(struct store *store, bool is_there)
{
    for (uint64_t end_ns = bound(); (store_is_there(store, NULL) == ERR_NONE) != is_there;)
        rest(end_ns);
}

static void watch(struct store *store)
{
    struct err err = {0};
    assert_int_equal(store_watch(store, &err), ERR_NONE);
    assert_string_equal(err.text, "");
}

static void run_foreign(const struct fixture *f, const char *sql)
{
    PGconn *link = PQconnectdb(f->url);
    PGresult *result = PQexec(link, sql);
    assert_string_equal(PQresultErrorMessage(result), "");
    PQclear(result);
    PQfinish(link);
}

static void write_foreign(const struct fixture *f)
{
    char sql[200];
    snprintf(sql, sizeof(sql), "INSERT INTO \"%s\".t VALUES (1)", f->name);
    run_foreign(f, sql);
}

// --- questions

struct waiting {
    struct versions_question question; // first
    sem_t answered;
};

static void on_answer(struct versions_question *question)
{
    sem_post(&((struct waiting *)question)->answered);
}

// Asks, and waits for the answer.
static void ask(struct store *store)
{
    struct waiting waiting = {.question = {.on_answer = on_answer}};
    sem_init(&waiting.answered, 0, 0);
    versions_ask(store, &waiting.question);
    sem_wait(&waiting.answered);
    sem_destroy(&waiting.answered);
}

static void run_here(const struct fixture *f, const char *sql)
{
    char text[500];
    snprintf(text, sizeof(text), "SET search_path = \"%s\"; %s", f->name, sql);
    run_foreign(f, text);
}

static void a_question_tells_of_all_that_was_committed_before(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer)");
    assert_true(versions_lag(f->store));
    ask(f->store); // of a store that nobody watches
    assert_int_equal(number_of(f->store, "t"), 0);
    assert_int_equal(versions_asked_ns(f->store), 0);
    watch(f->store);
    uint64_t version = version_after(f->store, 0), other = number_of(f->store, "u");
    for (int i = 0; i < 20; i++) {
        write_foreign(f);
        uint64_t before_ns = clock_monotonic_ns();
        ask(f->store);
        assert_true(versions_asked_ns(f->store) >= before_ns);
        assert_true(versions_asked_ns(f->store) <= clock_monotonic_ns());
        assert_int_not_equal(number_of(f->store, "t"), version);
        version = number_of(f->store, "t");
        ask(f->store);
        assert_int_equal(number_of(f->store, "t"), version);
        assert_int_equal(number_of(f->store, "u"), other);
    }
}

static void what_ddl_changes_is_another_version(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *sql;
        bool is_known; // behind it
    } cases[] = {
        {"ALTER TABLE t DETACH PARTITION t1", true},
        {"ALTER TABLE t ATTACH PARTITION t1 FOR VALUES FROM (0) TO (10)", true},
        {"ALTER TABLE t ALTER COLUMN b TYPE bigint USING b * 100", true},
        {"ALTER TABLE t ADD COLUMN c integer DEFAULT 7", true},
        {"ALTER TABLE t RENAME COLUMN c TO d", true},
        {"DROP TABLE t1", true},
        {"TRUNCATE t", true},
        {"ALTER TABLE t DISABLE TRIGGER reckoner_raise", false},
        {"ALTER TABLE t ENABLE TRIGGER reckoner_raise", true},
        {"ALTER TABLE t ENABLE ROW LEVEL SECURITY", false},
        {"ALTER TABLE t DISABLE ROW LEVEL SECURITY", true},
        {"CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (20) TO (30)", false}, // without a trigger
        {"DROP TABLE t2", true},
        {"ALTER TABLE t RENAME TO was_t", false},
        {"CREATE TABLE t (a integer)", false},
    };
    run_script(f->writer, "CREATE TABLE t (a integer, b integer) PARTITION BY RANGE (a);"
                          "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"
                          "CREATE TABLE u (a integer)");
    watch(f->store);
    uint64_t version = version_after(f->store, 0), other = number_of(f->store, "u");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        run_here(f, cases[i].sql);
        ask(f->store);
        uint64_t now = number_of(f->store, "t");
        if ((now != 0 && now == version) || (now != 0) != cases[i].is_known)
            fail_msg("%s", cases[i].sql);
        version = now;
        ask(f->store);
        assert_int_equal(number_of(f->store, "t"), version);
    }
    assert_int_equal(number_of(f->store, "u"), other);
}

static void tables_that_inherit_have_no_version(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE child (b integer) INHERITS (t);"
                          "CREATE TABLE u (a integer)");
    watch(f->store);
    for (uint64_t end_ns = bound(); number_of(f->store, "u") == 0;)
        rest(end_ns);
    assert_int_equal(number_of(f->store, "t"), 0);
}

static void on_name(void *ctx, const char *name)
{
    char *names = ctx;
    size_t len = strlen(names);
    snprintf(names + len, 300 - len, "%s\n", name);
}

static void a_view_that_is_made_anew_is_not_known_any_more(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    char names[300] = "", again[300] = "";
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer);"
                          "CREATE VIEW inner_v AS SELECT a FROM t; CREATE VIEW v AS SELECT a FROM inner_v");
    watch(f->store);
    version_after(f->store, 0);
    struct store_stmt *stmt = prepare(f->reader, "SELECT a FROM v", NULL, 0);
    assert_int_equal(versions_under(stmt, on_name, names, &err), ERR_NONE);
    char *end = names;
    const char *inner = strsep(&end, "\n"), *outer = strsep(&end, "\n"), *table = strsep(&end, "\n");
    assert_string_equal(strchr(inner, ' '), " inner_v");
    assert_string_equal(strchr(outer, ' '), " v");
    assert_string_equal(table, "t");
    uint64_t before = number_of(f->store, inner), other = number_of(f->store, outer);
    assert_true(before != 0 && other != 0);
    run_here(f, "CREATE OR REPLACE VIEW inner_v AS SELECT a FROM u");
    ask(f->store);
    assert_int_equal(number_of(f->store, inner), 0);
    assert_int_equal(number_of(f->store, outer), other);
    // Who asks what it reads again is told of the view as it is now.
    assert_int_equal(versions_under(stmt, on_name, again, &err), ERR_NONE);
    end = again;
    inner = strsep(&end, "\n");
    assert_int_not_equal(number_of(f->store, inner), 0);
    store_finalize(stmt);
}

// Reads u in a transaction, with a write to t in the midst of it, and tells which version of t it has seen.
static uint64_t seen(struct fixture *f, bool writes)
{
    struct err err = {0};
    const struct version *version = versions_of(f->store, "t");
    assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
    assert_rows(f->reader, "SELECT count(*) FROM u", "0\n");
    if (writes)
        write_foreign(f);
    uint64_t number = version_seen(f->reader, version);
    store_rollback(f->reader);
    return number;
}

static void a_read_tells_which_versions_it_has_seen(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer)");
    assert_int_equal(seen(f, false), 0);
    watch(f->store);
    uint64_t version = version_after(f->store, 0);
    assert_int_equal(seen(f, false), version);
    assert_int_equal(seen(f, true), version);
    uint64_t next = seen(f, false); // perhaps before the watch
    assert_int_not_equal(next, version);
    ask(f->store);
    assert_int_equal(number_of(f->store, "t"), next);
    assert_int_equal(seen(f, false), next);
    // What DDL has changed since the last answer, and what it has changed since a read began.
    struct err err = {0};
    assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
    run_here(f, "ALTER TABLE t ADD COLUMN b integer");
    ask(f->store);
    assert_rows(f->reader, "SELECT count(*) FROM u", "0\n");
    assert_int_equal(version_seen(f->reader, versions_of(f->store, "t")), 0);
    store_rollback(f->reader);
    assert_int_equal(seen(f, false), number_of(f->store, "t"));
}

// --- parts that come and go

#define PARTED                                                                                               \
    "CREATE TABLE u (a integer); INSERT INTO u VALUES (1);"                                                  \
    "CREATE TABLE t (a integer) PARTITION BY RANGE (a);"                                                     \
    "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10);"                                            \
    "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (30) PARTITION BY RANGE (a);"                    \
    "CREATE TABLE t21 PARTITION OF t2 FOR VALUES FROM (10) TO (20);"                                         \
    "CREATE VIEW inner_v AS SELECT a FROM t; CREATE VIEW v AS SELECT a FROM inner_v;"                        \
    "CREATE TABLE more (a integer)"

static const struct {
    const char *sql;
    bool is_known; // which version of t it has seen
} parted_reads[] = {
    {"SELECT count(*) FROM t", true},
    {"SELECT count(*) FROM t WHERE a = 5", true},
    {"SELECT count(*) FROM t, t1", true},
    {"SELECT count(*) FROM v", true},
    {"SELECT count(*) FROM u WHERE a IN (SELECT a FROM v)", true},
    {"SELECT count(*) FROM t1", true},
    {"SELECT count(*) FROM t21", true},
    {"SELECT count(*) FROM t2", false}, // a part that has parts
    {"SELECT count(*) FROM t2, t21", false},
};

static void watch_parted(struct fixture *f)
{
    run_script(f->writer, PARTED);
    watch(f->store);
    version_after(f->store, 0);
    ask(f->store);
}

// Which version of t a transaction has seen in which the statement is run; 0 also where it has to be prepared
// anew. The SQL is run by another connection when the transaction has its snapshot.
static uint64_t seen_by(struct fixture *f, struct store_stmt *stmt, const char *meanwhile)
{
    struct err err = {0};
    bool row = true;
    assert_int_equal(store_begin_seen(f->reader, &err), ERR_NONE);
    if (meanwhile != NULL) {
        assert_rows(f->reader, "SELECT count(*) FROM u", "1\n");
        run_here(f, meanwhile);
    }
    enum err_code code = store_bind(stmt, NULL, &err);
    while (code == ERR_NONE && row)
        code = store_step(stmt, &row, &err);
    if (code != ERR_NONE)
        assert_error(err, ERR_STALE, "a table has changed under the statement: try again");
    uint64_t number = code == ERR_NONE ? version_seen(f->reader, versions_of(f->store, "t")) : 0;
    store_rollback(f->reader);
    store_reset(stmt);
    return number;
}

static void a_read_of_a_table_with_parts_tells_which_version_it_has_seen(void **state)
{
    struct fixture *f = *state;
    watch_parted(f);
    for (size_t i = 0; i < ARRAY_LEN(parted_reads); i++) {
        struct store_stmt *stmt = prepare(f->reader, parted_reads[i].sql, NULL, 0);
        uint64_t number = number_of(f->store, "t"), seen = seen_by(f, stmt, NULL);
        if (seen != (parted_reads[i].is_known ? number : 0))
            fail_msg("%s", parted_reads[i].sql);
        run_here(f, "INSERT INTO t VALUES (5)");
        seen = seen_by(f, stmt, NULL);
        ask(f->store);
        if (seen != (parted_reads[i].is_known ? number_of(f->store, "t") : 0) || seen == number)
            fail_msg("%s, behind a write", parted_reads[i].sql);
        store_finalize(stmt);
    }
}

// What reads the table does not see the partition any more, though it is one until its readers have ended.
static void a_partition_that_is_being_detached_is_another_version(void **state)
{
    struct fixture *f = *state;
    char sql[300];
    run_script(f->writer, "CREATE TABLE t (a integer) PARTITION BY RANGE (a);"
                          "CREATE TABLE t1 PARTITION OF t (CHECK (a IS NOT NULL AND a >= 0 AND a < 10))"
                          " FOR VALUES FROM (0) TO (10)"); // so that none is added to it
    watch(f->store);
    uint64_t version = version_after(f->store, 0);
    PGconn *reader = PQconnectdb(f->url), *link = PQconnectdb(f->url);
    snprintf(sql, sizeof(sql), "BEGIN; SELECT FROM \"%s\".t", f->name);
    PQclear(PQexec(reader, sql));
    snprintf(
        sql, sizeof(sql), "ALTER TABLE \"%s\".t DETACH PARTITION \"%s\".t1 CONCURRENTLY", f->name, f->name);
    assert_int_equal(PQsendQuery(link, sql), 1);
    uint64_t now = version;
    for (uint64_t end_ns = bound(); now == version && clock_monotonic_ns() < end_ns;) {
        ask(f->store);
        now = number_of(f->store, "t");
    }
    struct store_stmt *stmt = prepare(f->reader, "SELECT count(*) FROM t", NULL, 0);
    uint64_t seen = seen_by(f, stmt, NULL), told = number_of(f->store, "t");
    store_finalize(stmt);
    bool waits = PQtransactionStatus(link) == PQTRANS_ACTIVE; // for the reader
    PQfinish(reader);
    PGresult *result = PQgetResult(link);
    assert_string_equal(PQresultErrorMessage(result), "");
    PQclear(result);
    PQfinish(link);
    assert_true(waits);
    assert_int_not_equal(now, version);
    assert_true(now != 0 && seen == now && told == now);
}

// When the statement is prepared, and when the part comes.
enum coming { PREPARED_BEHIND, PREPARED_BEFORE, COMES_UNDER_IT, COMINGS };

// The part comes, the read ends, and the part goes. The watch may or may not ask in between.
static uint64_t seen_between(struct fixture *f, const char *sql, enum coming coming, const char *attach)
{
    struct store_stmt *stmt = coming != PREPARED_BEHIND ? prepare(f->reader, sql, NULL, 0) : NULL;
    if (coming != COMES_UNDER_IT)
        run_here(f, attach);
    if (stmt == NULL)
        stmt = prepare(f->reader, sql, NULL, 0);
    uint64_t seen = seen_by(f, stmt, coming == COMES_UNDER_IT ? attach : NULL);
    store_finalize(stmt);
    return seen;
}

static void a_part_that_came_and_went_between_two_questions_is_in_no_version(void **state)
{
    struct fixture *f = *state;
    static const char *const changes[][2] = {
        {"ALTER TABLE t ATTACH PARTITION more FOR VALUES FROM (90) TO (99)",
            "ALTER TABLE t DETACH PARTITION more"},
        {"ALTER TABLE t2 ATTACH PARTITION more FOR VALUES FROM (20) TO (30)",
            "ALTER TABLE t2 DETACH PARTITION more"},
        {"CREATE TABLE new PARTITION OF t FOR VALUES FROM (90) TO (99)", "DROP TABLE new"},
    };
    watch_parted(f);
    for (size_t i = 0; i < ARRAY_LEN(parted_reads) * ARRAY_LEN(changes) * COMINGS; i++) {
        const char *sql = parted_reads[i / COMINGS / ARRAY_LEN(changes)].sql;
        const char *const *change = changes[i / COMINGS % ARRAY_LEN(changes)];
        enum coming coming = i % COMINGS;
        bool is_leaf =
            strcmp(sql, "SELECT count(*) FROM t1") == 0 || strcmp(sql, "SELECT count(*) FROM t21") == 0;
        ask(f->store);
        uint64_t seen = seen_between(f, sql, coming, change[0]);
        run_here(f, change[1]);
        ask(f->store);
        if (!is_leaf && seen != 0 && seen == number_of(f->store, "t"))
            fail_msg("%s: %s (%d)", sql, change[0], (int)coming);
    }
}

static void statements_that_share_what_is_prepared_share_what_it_was_found_to_read(void **state)
{
    struct fixture *f = *state;
    watch_parted(f);
    struct store_stmt *first = prepare(f->reader, "SELECT count(*) FROM t", NULL, 0);
    for (int i = 0; i < 5; i++) {
        ask(f->store);
        run_here(f, "ALTER TABLE t ATTACH PARTITION more FOR VALUES FROM (90) TO (99)");
        struct store_stmt *second = prepare(f->reader, "SELECT count(*) FROM t", NULL, 0);
        uint64_t seen = seen_by(f, first, NULL);
        run_here(f, "ALTER TABLE t DETACH PARTITION more");
        ask(f->store);
        assert_true(seen == 0 || seen != number_of(f->store, "t"));
        assert_int_equal(seen_by(f, first, NULL), 0); // it has to be prepared anew
        store_finalize(second);
        store_finalize(first);
        first = prepare(f->reader, "SELECT count(*) FROM t", NULL, 0);
        assert_int_equal(seen_by(f, first, NULL), number_of(f->store, "t"));
    }
    store_finalize(first);
}

// Which files they have is not asked then.
static void a_table_of_many_parts_is_told_apart_by_their_number(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, PARTED);
    run_script(f->writer, "DO $$ BEGIN FOR i IN 100..199 LOOP EXECUTE format("
                          "'CREATE TABLE p%s PARTITION OF t FOR VALUES FROM (%s) TO (%s)', i, i, i + 1);"
                          " END LOOP; END $$");
    watch(f->store);
    version_after(f->store, 0);
    struct store_stmt *stmt = prepare(f->reader, "SELECT count(*) FROM t", NULL, 0);
    ask(f->store);
    assert_int_equal(seen_by(f, stmt, NULL), number_of(f->store, "t"));
    run_here(f, "ALTER TABLE t ATTACH PARTITION more FOR VALUES FROM (90) TO (99)");
    assert_int_equal(seen_by(f, stmt, NULL), 0);
    store_finalize(stmt);
}

static void a_view_that_reads_a_table_with_parts_now_is_looked_at_anew(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    bool is_covered = false;
    watch_parted(f);
    run_script(f->writer, "CREATE VIEW w AS SELECT a FROM u");
    ask(f->store);
    struct store_stmt *stmt = prepare(f->reader, "SELECT a FROM w", NULL, 0);
    run_here(f, "CREATE OR REPLACE VIEW w AS SELECT a FROM t");
    ask(f->store);
    assert_int_equal(seen_by(f, stmt, NULL), 0);
    assert_int_equal(versions_cover(stmt, &is_covered, &err), ERR_NONE);
    ask(f->store);
    assert_int_equal(seen_by(f, stmt, NULL), number_of(f->store, "t"));
    store_finalize(stmt);
}

static void a_table_that_others_may_inherit_from_has_no_version(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE child (a integer)");
    watch(f->store);
    version_after(f->store, 0);
    run_here(f, "ALTER TABLE child INHERIT t; ALTER TABLE child NO INHERIT t");
    ask(f->store);
    assert_int_equal(number_of(f->store, "t"), 0);
    assert_int_not_equal(number_of(f->store, "child"), 0);
    run_here(f, "ANALYZE t"); // by which PostgreSQL finds out that there are none
    ask(f->store);
    assert_int_not_equal(number_of(f->store, "t"), 0);
}

struct asker {
    struct fixture *f;
    unsigned rounds;
};

// Each write is seen by the question behind it, whoever asks at the same time.
static void *write_and_ask(void *arg)
{
    struct asker *asker = arg;
    PGconn *link = PQconnectdb(asker->f->url);
    char sql[200];
    snprintf(sql, sizeof(sql), "INSERT INTO \"%s\".t VALUES (1)", asker->f->name);
    for (unsigned i = 0; i < asker->rounds; i++) {
        uint64_t before = number_of(asker->f->store, "t");
        PQclear(PQexec(link, sql));
        ask(asker->f->store);
        assert_int_not_equal(number_of(asker->f->store, "t"), before);
    }
    PQfinish(link);
    return NULL;
}

static void questions_of_many_threads_are_answered_together(void **state)
{
    struct fixture *f = *state;
    struct asker asker = {.f = f, .rounds = 30};
    pthread_t threads[4];
    run_script(f->writer, "CREATE TABLE t (a integer)");
    watch(f->store);
    version_after(f->store, 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_and_ask, &asker), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        pthread_join(threads[i], NULL);
}

static void what_psql_writes_is_heard(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer)");
    watch(f->store);
    uint64_t version = version_after(f->store, 0), other = number_of(f->store, "u");
    assert_int_not_equal(other, 0);
    write_foreign(f);
    version_after(f->store, version);
    assert_int_equal(number_of(f->store, "u"), other);
    assert_int_equal(number_of(f->store, "public.t"), 0);
    assert_int_equal(number_of(f->store, "now()"), 0);
}

static void a_table_without_a_trigger_has_no_version(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    run_script(f->writer, "CREATE TABLE t (a integer); CREATE TABLE u (a integer)");
    run_script(f->writer, "ALTER TABLE u DISABLE TRIGGER reckoner_raise");
    watch(f->store);
    version_after(f->store, 0);
    assert_int_equal(number_of(f->store, "u"), 0);
    assert_int_equal(store_is_there(f->store, &err), ERR_NONE);
}

// Ends the sessions that have listened; the number of them.
static int kill_listeners(const struct fixture *f)
{
    char sql[300];
    snprintf(sql, sizeof(sql),
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE query LIKE 'WITH RECURSIVE counted%%\"%s\"%%' AND pid <> pg_backend_pid()",
        f->name);
    PGconn *link = PQconnectdb(f->url);
    PGresult *result = PQexec(link, sql);
    int count = PQntuples(result);
    PQclear(result);
    PQfinish(link);
    return count;
}

static void all_is_new_when_the_listener_was_lost(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer, "CREATE TABLE t (a integer)");
    watch(f->store);
    uint64_t version = version_after(f->store, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(kill_listeners(f), 1);
        version = version_after(f->store, version); // though nobody has written
        write_foreign(f);
        version = version_after(f->store, version);
    }
}

// A store like that of the fixture, at another port; of the same machine.
static struct store *store_at(const struct fixture *f, uint16_t port)
{
    char url[600];
    struct store *store = NULL;
    struct err err = {0};
    snprintf(url, sizeof(url), "%s%chost=127.0.0.1&port=%u", f->url, strchr(f->url, '?') != NULL ? '&' : '?',
        port);
    assert_int_equal(store_open(url, f->name, &store, &err), ERR_NONE);
    return store;
}

static void a_server_that_is_away_is_known_to_be_until_it_is_back(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    uint64_t last;
    run_script(f->writer, "CREATE TABLE t (a integer)");
    struct proxy *proxy = proxy_new(proxy_port_in(f->url));
    uint16_t port = proxy_port(proxy);
    struct store *store = store_at(f, port);
    watch(store);
    last = version_after(store, 0);
    proxy_free(proxy);
    wait_until_there(store, false);
    ask(store); // which does not wait
    assert_int_equal(number_of(store, "t"), 0);
    assert_int_equal(versions_asked_ns(store), 0);
    assert_int_equal(store_is_there(store, &err), ERR_BUSY);
    assert_string_equal(err.text, "the store cannot be reached at the moment: try again");
    assert_string_not_equal(err.hint, "");
    proxy = proxy_new_at(port, proxy_port_in(f->url));
    wait_until_there(store, true);
    version_after(store, last);
    store_close(store);
    proxy_free(proxy);
}

static void a_store_whose_server_is_silent_is_closed_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); // takes connections, and says nothing
    assert_int_equal(bind(silent, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(silent, 8), 0);
    assert_int_equal(getsockname(silent, (struct sockaddr *)&address, &len), 0);
    struct store *store = store_at(f, ntohs(address.sin_port));
    watch(store);
    int link = accept(silent, NULL, NULL); // the watch waits for an answer now
    store_close(store);
    char byte;
    assert_int_equal(recv(link, &byte, 1, MSG_PEEK), 1); // it has asked …
    close(silent);
    close(link); // … and goes when it is left alone
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_table_without_a_trigger_has_no_version),
        STORE_TEST(what_ddl_changes_is_another_version),
        STORE_TEST(a_partition_that_is_being_detached_is_another_version),
        STORE_TEST(tables_that_inherit_have_no_version),
        STORE_TEST(questions_of_many_threads_are_answered_together),
        STORE_TEST(all_is_new_when_the_listener_was_lost),
        STORE_TEST(a_server_that_is_away_is_known_to_be_until_it_is_back),
        STORE_TEST(a_store_whose_server_is_silent_is_closed_all_the_same),
    };
    const struct CMUnitTest pooled[] = {
        // through a pooler, too
        STORE_TEST(what_psql_writes_is_heard),
        STORE_TEST(a_question_tells_of_all_that_was_committed_before),
        STORE_TEST(a_view_that_is_made_anew_is_not_known_any_more),
        STORE_TEST(a_read_tells_which_versions_it_has_seen),
        STORE_TEST(a_read_of_a_table_with_parts_tells_which_version_it_has_seen),
        STORE_TEST(a_part_that_came_and_went_between_two_questions_is_in_no_version),
        STORE_TEST(statements_that_share_what_is_prepared_share_what_it_was_found_to_read),
        STORE_TEST(a_table_of_many_parts_is_told_apart_by_their_number),
        STORE_TEST(a_view_that_reads_a_table_with_parts_now_is_looked_at_anew),
        STORE_TEST(a_table_that_others_may_inherit_from_has_no_version),
    };
    int failures = fixture_run_of("postgresql", pooled);
    if (getenv("TEST_POSTGRESQL_POOLED") == NULL)
        failures += fixture_run_of("postgresql", tests);
    return failures;
}
