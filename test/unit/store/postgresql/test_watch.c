// SPDX-License-Identifier: Apache-2.0
// How a store in PostgreSQL is kept up with: who is heard, and what is known when the link breaks and the
// server is away. Skipped where TEST_POSTGRESQL names no database.
#include <arpa/inet.h>
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
#include "store/postgresql/versions.h"
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
    char sql[300], channel[PG_CHANNEL_CHARS];
    pg_channel(pg_store(f->store), channel);
    snprintf(sql, sizeof(sql),
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE query LIKE 'SELECT table_name%%\"%s\"%%' AND pid <> pg_backend_pid()",
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
    assert_int_equal(number_of(store, "t"), 0);
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

static void through_a_pooler_no_version_is_known_but_whether_the_server_is_there(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    if (!f->is_pooled)
        skip();
    run_script(f->writer, "CREATE TABLE t (a integer)");
    watch(f->store);
    // Until it has asked, with what it asks in the place of versions.
    PGconn *link = PQconnectdb(f->url);
    for (uint64_t end_ns = bound();; rest(end_ns)) {
        PGresult *result = PQexec(link, "SELECT FROM pg_stat_activity WHERE query = 'SELECT 1 WHERE false'");
        bool has_asked = PQntuples(result) > 0;
        PQclear(result);
        if (has_asked)
            break;
    }
    PQfinish(link);
    assert_int_equal(number_of(f->store, "t"), 0);
    assert_int_equal(store_is_there(f->store, &err), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_psql_writes_is_heard),
        STORE_TEST(a_table_without_a_trigger_has_no_version),
        STORE_TEST(all_is_new_when_the_listener_was_lost),
        STORE_TEST(a_server_that_is_away_is_known_to_be_until_it_is_back),
        STORE_TEST(a_store_whose_server_is_silent_is_closed_all_the_same),
    };
    const struct CMUnitTest pooled[] = {
        STORE_TEST(through_a_pooler_no_version_is_known_but_whether_the_server_is_there),
    };
    if (getenv("TEST_POSTGRESQL_POOLED") != NULL)
        return fixture_run_of("postgresql", pooled);
    return fixture_run_of("postgresql", tests);
}
