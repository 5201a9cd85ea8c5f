// SPDX-License-Identifier: Apache-2.0
// Files that change, break and go, and a server of keys on 127.0.0.1 that counts who asks.
#include "access/jwks_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/thread.h"

#define KEY(kid)                                                                                             \
    "{\"kty\":\"OKP\",\"kid\":\"" kid                                                                        \
    "\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define KEYS(kid) "{\"keys\":[" KEY(kid) "]}"

static const uint64_t PATIENCE_NS = 30 * NS_PER_S; // until a test gives up

struct told {
    atomic_int failed; // times that a location was told to have failed
    atomic_int well;   // and to be well again
};

static void tell(void *ctx, struct span location, const struct err *err)
{
    struct told *told = ctx;
    assert_true(location.len > 0);
    atomic_fetch_add(err != NULL ? &told->failed : &told->well, 1);
}

static bool has_kid(struct jwks_sources *sources, const char *location, const char *kid)
{
    bool knows_kid = false;
    struct jwks *keys = jwks_sources_keys(sources, span_of(location));
    if (keys != NULL)
        (void)jwks_find(keys, span_of(kid), TOKEN_EDDSA, &knows_kid);
    jwks_unref(keys);
    return knows_kid;
}

static void wait_for_kid(struct jwks_sources *sources, const char *location, const char *kid)
{
    uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (!has_kid(sources, location, kid)) {
        assert_true(clock_monotonic_ns() < end_ns);
        clock_pause(NS_PER_MS);
    }
}

static void wait_for_count(atomic_int *count, int least)
{
    uint64_t end_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (atomic_load(count) < least) {
        assert_true(clock_monotonic_ns() < end_ns);
        clock_pause(NS_PER_MS);
    }
}

// --- files

static void write_file(const char *path, const char *text)
{
    char part[64];
    snprintf(part, sizeof(part), "%s.part", path);
    FILE *file = fopen(part, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0 && fclose(file) == 0, 1);
    assert_int_equal(rename(part, path), 0);
}

static void a_file_is_read_anew_when_it_changes_and_kept_when_it_breaks(void **state)
{
    (void)state;
    struct told told = {0};
    struct jwks_sources *sources;
    struct err err = {0};
    char dir[] = "/tmp/jwks-XXXXXX", path[64];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/keys.json", dir);
    write_file(path, KEYS("one"));
    assert_int_equal(jwks_sources_new(tell, &told, &sources, &err), ERR_NONE);
    assert_null(jwks_sources_keys(sources, span_of(path)));
    assert_int_equal(jwks_sources_follow(sources, span_of(path), false, &err), ERR_NONE);
    assert_true(has_kid(sources, path, "one"));
    uint64_t number = jwks_sources_number(sources);

    write_file(path, KEYS("two"));
    wait_for_kid(sources, path, "two");
    assert_false(has_kid(sources, path, "one"));
    assert_true(jwks_sources_number(sources) > number);

    write_file(path, "{\"keys\":[");
    wait_for_count(&told.failed, 1);
    assert_true(has_kid(sources, path, "two"));
    assert_int_equal(unlink(path), 0);
    write_file(path, KEYS("three"));
    wait_for_kid(sources, path, "three");
    wait_for_count(&told.well, 1);
    jwks_sources_free(sources);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void a_file_that_is_of_no_use_is_an_error_of_the_start(void **state)
{
    (void)state;
    struct told told = {0};
    struct jwks_sources *sources;
    struct err err = {0};
    assert_int_equal(jwks_sources_new(tell, &told, &sources, &err), ERR_NONE);
    assert_int_equal(jwks_sources_follow(sources, span_of("/tmp/no/such"), false, &err), ERR_CONFIG);
    assert_string_equal(err.text, "/tmp/no/such: cannot be read: No such file or directory");
    err = (struct err){0};
    assert_int_equal(jwks_sources_follow(sources, span_of("/tmp"), false, &err), ERR_CONFIG);
    assert_string_equal(err.text, "/tmp: cannot be read: Is a directory");
    char path[] = "/tmp/jwks-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    err = (struct err){0};
    char expected[128];
    snprintf(expected, sizeof(expected), "%s: it is no JSON object", path);
    assert_int_equal(jwks_sources_follow(sources, span_of(path), false, &err), ERR_CONFIG);
    assert_string_equal(err.text, expected);
    close(fd);
    unlink(path);
    jwks_sources_free(sources);
    jwks_sources_free(NULL);
}

// --- a URL

struct keys_server {
    int listener;
    pthread_t thread;
    char url[64];
    atomic_int requests;          // that were answered
    _Atomic(const char *) answer; // the whole response
};

static void *serve(void *arg)
{
    struct keys_server *server = arg;
    for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0;) {
        char head[4096];
        size_t len = 0;
        ssize_t got;
        while (len < sizeof(head) - 1 && (got = read(fd, head + len, sizeof(head) - 1 - len)) > 0) {
            len += (size_t)got;
            head[len] = '\0';
            if (strstr(head, "\r\n\r\n") != NULL)
                break;
        }
        const char *answer = atomic_load(&server->answer);
        assert_true(send(fd, answer, strlen(answer), MSG_NOSIGNAL) >= 0);
        close(fd);
        atomic_fetch_add(&server->requests, 1);
    }
    return NULL;
}

static void start_server(struct keys_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    struct err err = {0};
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/keys", ntohs(address.sin_port));
    assert_int_equal(thread_start(serve, server, &server->thread, &err), ERR_NONE);
}

static void stop_server(struct keys_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: public, max-age=1\r\n\r\n"

struct asking {
    struct keeper_question question;
    atomic_int answered;
};

static void on_round(struct keeper_question *question)
{
    struct asking *asking = (struct asking *)(void *)question; // its first member
    atomic_fetch_add(&asking->answered, 1);
}

static void unknown_kids_have_a_url_fetched_once_a_minute(void **state)
{
    (void)state;
    struct told told = {0};
    struct keys_server server = {.answer = OK_HEAD KEYS("one")};
    struct jwks_sources *sources;
    struct err err = {0};
    static struct asking asking[1000];
    start_server(&server);
    assert_int_equal(jwks_sources_new(tell, &told, &sources, &err), ERR_NONE);
    assert_int_equal(jwks_sources_follow(sources, span_of(server.url), true, &err), ERR_NONE);
    assert_true(has_kid(sources, server.url, "one"));
    assert_int_equal(atomic_load(&server.requests), 1);
    for (size_t i = 0; i < 1000; i++) { // a second later, and for a minute: no fetch
        asking[i].question.on_round = on_round;
        jwks_sources_ask(sources, span_of(server.url), &asking[i].question);
        wait_for_count(&asking[i].answered, 1);
    }
    assert_int_equal(jwks_sources_follow(sources, span_of(server.url), true, &err), ERR_NONE);
    jwks_sources_free(sources);
    stop_server(&server);
    assert_int_equal(atomic_load(&server.requests), 1);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(atomic_load(&asking[i].answered), 1);
}

static void a_url_that_is_away_or_of_no_use_is_told_and_holds_nothing_up(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        OK_HEAD "<html>", OK_HEAD "{\"keys\":[]}",
        "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "", // it closes
    };
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct told told = {0};
        struct keys_server server = {.answer = answers[i]};
        struct jwks_sources *sources;
        struct err err = {0};
        start_server(&server);
        assert_int_equal(jwks_sources_new(tell, &told, &sources, &err), ERR_NONE);
        assert_int_equal(jwks_sources_follow(sources, span_of(server.url), true, &err), ERR_NONE);
        assert_null(jwks_sources_keys(sources, span_of(server.url)));
        assert_int_equal(atomic_load(&told.failed), 1);
        jwks_sources_free(sources);
        stop_server(&server);
    }
}

static void a_document_without_end_is_cut(void **state)
{
    (void)state;
    static char answer[LIMIT_JWKS_BYTES + 1024];
    memset(answer, ' ', sizeof(answer) - 1);
    memcpy(answer, OK_HEAD, sizeof(OK_HEAD) - 1);
    struct told told = {0};
    struct keys_server server = {.answer = answer};
    struct jwks_sources *sources;
    struct err err = {0};
    start_server(&server);
    assert_int_equal(jwks_sources_new(tell, &told, &sources, &err), ERR_NONE);
    assert_int_equal(jwks_sources_follow(sources, span_of(server.url), true, &err), ERR_NONE);
    assert_null(jwks_sources_keys(sources, span_of(server.url)));
    assert_int_equal(atomic_load(&told.failed), 1);
    jwks_sources_free(sources);
    stop_server(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_anew_when_it_changes_and_kept_when_it_breaks),
        cmocka_unit_test(a_file_that_is_of_no_use_is_an_error_of_the_start),
        cmocka_unit_test(unknown_kids_have_a_url_fetched_once_a_minute),
        cmocka_unit_test(a_url_that_is_away_or_of_no_use_is_told_and_holds_nothing_up),
        cmocka_unit_test(a_document_without_end_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
