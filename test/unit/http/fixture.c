// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "http/tls.h"

// --- the handler, on the loops' threads

static void note(struct fixture *fixture, const char *format, ...) PRINTF_LIKE(2, 3);

static void note(struct fixture *fixture, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&fixture->lock);
    int len =
        vsnprintf(fixture->log + fixture->log_len, sizeof(fixture->log) - fixture->log_len, format, args);
    if (fixture->log_len + (size_t)len < sizeof(fixture->log))
        fixture->log_len += (size_t)len;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
    va_end(args);
}

// NULL when a test makes memory fail.
static struct blob *letters(const char *text, size_t len)
{
    struct buf buf;
    buf_init(&buf, len + 1);
    if (text != NULL)
        buf_append(&buf, text, len);
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz";
    while (text == NULL && buf.len < len && buf_status(&buf) == ERR_NONE)
        buf_append(&buf, alphabet, len - buf.len < 26 ? len - buf.len : 26);
    struct blob *blob = blob_take(&buf);
    buf_fini(&buf);
    return blob;
}

// So many MiB of zeros, quickly.
static struct blob *zeros(size_t mib)
{
    static const char one[1024 * 1024];
    struct buf buf;
    buf_init(&buf, mib * sizeof(one) + 1);
    while (buf.len < mib * sizeof(one) && buf_status(&buf) == ERR_NONE)
        buf_append(&buf, one, sizeof(one));
    struct blob *blob = blob_take(&buf);
    buf_fini(&buf);
    return blob;
}

static void reply(struct http_exchange *exchange, int status, const char *text, bool close)
{
    struct http_reply answer = {.status = status, .close = close, .content_type = "text/plain"};
    answer.body = letters(text, strlen(text));
    http_reply(exchange, &answer);
}

// The number behind a path's prefix, or -1 when the prefix is another.
static int numbered(struct span path, const char *prefix)
{
    size_t len = strlen(prefix);
    if (path.len <= len || path.len > len + 3 || memcmp(path.at, prefix, len) != 0)
        return -1;
    int number = 0;
    for (size_t i = len; i < path.len; i++)
        number = number * 10 + path.at[i] - '0';
    return number;
}

// What a request that waits does when it goes on; its user pointer.
enum { ANSWER = 1, ANSWER_AND_CLOSE, RECEIVE };

static void wait_here(struct fixture *fixture, struct http_exchange *exchange, int number, intptr_t what)
{
    http_set_user(exchange, (void *)what);
    http_defer(exchange);
    pthread_mutex_lock(&fixture->lock);
    fixture->refs[number] = http_exchange_ref(exchange);
    fixture->waits[number] = true;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

static void on_request(void *ctx, struct http_exchange *exchange, const struct http_request *request)
{
    static char headers[2100];
    struct fixture *fixture = ctx;
    note(fixture, "start %s %.*s;", http_method_name(request->method), (int)request->path.len,
        request->path.at);
    struct http_reply answer = {.status = 404};
    if (numbered(request->path, "/wait/") >= 0) {
        wait_here(fixture, exchange, numbered(request->path, "/wait/"), ANSWER);
        return;
    }
    if (numbered(request->path, "/close/") >= 0) {
        wait_here(fixture, exchange, numbered(request->path, "/close/"), ANSWER_AND_CLOSE);
        return;
    }
    if (numbered(request->path, "/late/") >= 0) {
        wait_here(fixture, exchange, numbered(request->path, "/late/"), RECEIVE);
        return;
    }
    if (span_is(request->path, "/body")) {
        http_receive_body(exchange, fixture->max_body_bytes);
        return;
    }
    if (span_is(request->path, "/ok")) {
        answer = (struct http_reply){.status = 200, .content_type = "text/plain", .body = letters("ok", 2)};
    } else if (span_is(request->path, "/big")) {
        answer = (struct http_reply){
            .status = 200, .content_type = "text/plain", .body = letters(NULL, fixture->big_bytes)};
    } else if (numbered(request->path, "/big/") >= 0) {
        size_t mib = (size_t)numbered(request->path, "/big/");
        answer = (struct http_reply){.status = 200, .content_type = "text/plain", .body = zeros(mib)};
    } else if (span_is(request->path, "/peer")) {
        answer.status = 200;
        answer.body = letters(http_peer(exchange), strlen(http_peer(exchange)));
    } else if (span_is(request->path, "/headers")) {
        snprintf(headers, sizeof(headers), "X-Long: %02000d\r\n", 7);
        answer = (struct http_reply){.status = 204, .headers = headers};
    } else if (span_is(request->path, "/unchanged")) {
        answer =
            (struct http_reply){.status = 304, .headers = "ETag: \"1\"\r\n", .body = letters("hidden", 6)};
    } else if (fixture->on_other != NULL && fixture->on_other(exchange, request)) {
        return;
    }
    http_reply(exchange, &answer);
}

static void on_body(void *ctx, struct http_exchange *exchange)
{
    struct fixture *fixture = ctx;
    if (fixture->on_body != NULL && fixture->on_body(exchange))
        return;
    if (!http_body_is_whole(exchange)) // it fits into the window
        return;
    struct http_body body;
    http_take_body(exchange, &body);
    note(fixture, "body %zu;", body.len);
    struct buf all;
    buf_init(&all, body.len + 1);
    struct span bytes;
    while (http_body_next(&body, &bytes))
        buf_append(&all, bytes.at, bytes.len);
    http_body_fini(&body);
    struct http_reply answer = {.status = 201, .content_type = "text/plain", .body = blob_take(&all)};
    buf_fini(&all);
    http_reply(exchange, &answer);
}

static void on_end(void *ctx, struct http_exchange *exchange, int status, size_t body_bytes)
{
    (void)exchange;
    note(ctx, "end %d %zu;", status, body_bytes);
}

static void on_refuse(
    void *ctx, struct http_exchange *exchange, int status, const char *detail, struct http_reply *ret_reply)
{
    (void)ctx;
    (void)exchange;
    (void)status;
    ret_reply->content_type = "text/plain";
    ret_reply->body = letters(detail, strlen(detail));
}

static void on_turned_away(void *ctx, const char *peer, const char *why)
{
    (void)peer;
    note(ctx, "away %s;", why);
}

// --- steering

// Under the lock, which is given back when nothing changes, as the test fails then.
static bool wait_for_change(struct fixture *fixture)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    bool changed = pthread_cond_timedwait(&fixture->changed, &fixture->lock, &until) == 0;
    if (!changed)
        pthread_mutex_unlock(&fixture->lock);
    return changed;
}

void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof(*fixture));
    fixture->limits = http_limits_default();
    fixture->limits.tick_ms = 5;
    fixture->limits.half_closed_ms = PATIENCE_MS; // a busy machine is no reason to give a client up
    fixture->loop_count = 1;
    fixture->max_connections = 100;
    fixture->max_bodies_bytes = 10000000;
    fixture->max_body_bytes = 60000;
    pthread_mutex_init(&fixture->lock, NULL);
    pthread_cond_init(&fixture->changed, NULL);
}

struct http_listen fixture_listen(const char *text)
{
    struct http_listen listen = {0};
    struct err err = {0};
    if (socket_bind(text, &listen.fd, &err) != ERR_NONE)
        fail_msg("%s", err.text);
    return listen;
}

void fixture_start(struct fixture *fixture)
{
    struct http_listen listen = fixture_listen("127.0.0.1:0");
    listen.takes_proxy = fixture->takes_proxy;
    struct err err = {0};
    signal(SIGPIPE, SIG_IGN); // OpenSSL, as a client, writes without a word against it
    if (fixture->tls == NULL)
        fixture->tls = fixture_tls();
    listen.tls = fixture->tls;
    struct http_handler handler = {fixture, on_request, on_body, on_end, on_refuse, on_turned_away};
    struct http_options options = {.listens = &listen,
        .listen_count = 1,
        .max_connections = fixture->max_connections,
        .max_bodies_bytes = fixture->max_bodies_bytes,
        .max_files = fixture->max_files,
        .max_answers_bytes = fixture->max_answers_bytes,
        .trust = fixture->trust,
        .limits = &fixture->limits};
    for (size_t i = 0; i < fixture->loop_count; i++)
        assert_int_equal(loop_new(&fixture->loops[i], &err), ERR_NONE);
    if (http_server_new(&options, fixture->loops, fixture->loop_count, &handler, &fixture->server, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < fixture->loop_count; i++)
        assert_int_equal(loop_start(fixture->loops[i], &err), ERR_NONE);
}

static void on_drained(void *ctx)
{
    struct fixture *fixture = ctx;
    pthread_mutex_lock(&fixture->lock);
    fixture->drained = true;
    fixture->drained_calls++;
    pthread_cond_broadcast(&fixture->changed);
    pthread_mutex_unlock(&fixture->lock);
}

void fixture_drain(struct fixture *fixture)
{
    http_server_drain(fixture->server, on_drained, fixture);
}

void fixture_stop(struct fixture *fixture)
{
    fixture_drain(fixture);
    pthread_mutex_lock(&fixture->lock);
    while (!fixture->drained) {
        if (!wait_for_change(fixture))
            fail_msg("the server does not drain");
    }
    pthread_mutex_unlock(&fixture->lock);
    for (size_t i = 0; i < fixture->loop_count; i++)
        loop_stop(fixture->loops[i]);
    tls_end(fixture->tls);
    assert_int_equal(http_server_stats(fixture->server).open, 0);
    assert_int_equal(fixture->drained_calls, 1);
    for (size_t i = 0; i < fixture->loop_count; i++)
        loop_free(fixture->loops[i]);
    http_server_free(fixture->server);
    tls_free(fixture->tls);
    pthread_cond_destroy(&fixture->changed);
    pthread_mutex_destroy(&fixture->lock);
}

void fixture_wait_for(struct fixture *fixture, int number)
{
    pthread_mutex_lock(&fixture->lock);
    while (!fixture->waits[number]) {
        if (!wait_for_change(fixture))
            fail_msg("request %d does not come: %s", number, fixture->log);
    }
    pthread_mutex_unlock(&fixture->lock);
}

void fixture_wait_for_log(struct fixture *fixture, const char *text)
{
    pthread_mutex_lock(&fixture->lock);
    while (strstr(fixture->log, text) == NULL) {
        if (!wait_for_change(fixture))
            fail_msg("\"%s\" is not in \"%s\"", text, fixture->log);
    }
    pthread_mutex_unlock(&fixture->lock);
}

bool fixture_has_logged(struct fixture *fixture, const char *text)
{
    pthread_mutex_lock(&fixture->lock);
    bool has = strstr(fixture->log, text) != NULL;
    pthread_mutex_unlock(&fixture->lock);
    return has;
}

void fixture_wait_for_open(struct fixture *fixture, size_t open)
{
    for (int i = 0; http_server_stats(fixture->server).open != open; i++) {
        if (i == PATIENCE_MS)
            fail_msg("%zu connections are open", (size_t)http_server_stats(fixture->server).open);
        poll(NULL, 0, 1); // polls, with a bound
    }
}

// Mail that lets requests go on.
struct release {
    struct mail mail;        // what the loop sees
    struct fixture *fixture; //
    int numbers[4];          // in this order
    int count;               //
    sem_t done;              // posted when they have been told
};

static void on_release(struct mail *mail)
{
    struct release *release = CONTAINER_OF(mail, struct release, mail);
    struct fixture *fixture = release->fixture;
    for (int i = 0; i < release->count; i++) {
        int number = release->numbers[i];
        char text[12];
        snprintf(text, sizeof(text), "%d", number);
        struct http_exchange *exchange = http_exchange_find(fixture->server, fixture->refs[number]);
        note(fixture, "release %d;", number);
        if (exchange == NULL)
            fixture->gone++;
        else if ((intptr_t)http_user(exchange) == RECEIVE)
            http_receive_body(exchange, fixture->max_body_bytes);
        else
            reply(exchange, 200, text, (intptr_t)http_user(exchange) == ANSWER_AND_CLOSE);
    }
    sem_post(&release->done);
}

void fixture_release(struct fixture *fixture, const int *numbers, int count)
{
    struct release release = {.mail.deliver = on_release, .fixture = fixture, .count = count};
    memcpy(release.numbers, numbers, (size_t)count * sizeof(*numbers));
    sem_init(&release.done, 0, 0);
    for (int i = 0; i < count; i++)
        fixture_wait_for(fixture, numbers[i]);
    loop_post(fixture->refs[numbers[0]].loop, &release.mail);
    while (sem_wait(&release.done) != 0)
        ;
    sem_destroy(&release.done);
}

// Mail that holds up a loop, or changes how its memory fails.
struct control {
    struct mail mail; // what the loop sees
    sem_t arrived;    // posted by the loop
    sem_t thaw;       // posted by the test
    long count;       // for mem_fail_after
};

static struct control controls[2]; // the second one for fixture_freeze_again

static void on_freeze(struct mail *mail)
{
    struct control *control = CONTAINER_OF(mail, struct control, mail);
    sem_post(&control->arrived);
    while (sem_wait(&control->thaw) != 0)
        ;
}

static void on_fail_memory(struct mail *mail)
{
    struct control *control = CONTAINER_OF(mail, struct control, mail);
    mem_fail_after(control->count);
    sem_post(&control->arrived);
}

static void post_control(struct fixture *fixture, struct control *control, void (*deliver)(struct mail *mail))
{
    sem_init(&control->arrived, 0, 0);
    sem_init(&control->thaw, 0, 0);
    control->mail.deliver = deliver;
    loop_post(fixture->loops[0], &control->mail);
}

static void wait_for_control(struct control *control)
{
    while (sem_wait(&control->arrived) != 0)
        ;
}

void fixture_freeze(struct fixture *fixture)
{
    post_control(fixture, &controls[0], on_freeze);
    wait_for_control(&controls[0]);
}

void fixture_freeze_again(struct fixture *fixture)
{
    post_control(fixture, &controls[1], on_freeze);
    sem_post(&controls[0].thaw);
    wait_for_control(&controls[1]);
}

void fixture_thaw(struct fixture *fixture, bool again)
{
    (void)fixture;
    sem_post(&controls[again ? 1 : 0].thaw);
}

void fixture_fail_memory(struct fixture *fixture, long count)
{
    controls[0].count = count;
    post_control(fixture, &controls[0], on_fail_memory);
    wait_for_control(&controls[0]);
}

// --- clients

static int try_connect(struct fixture *fixture, int fd)
{
    const char *address = http_server_address(fixture->server);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t)strtol(strrchr(address, ':') + 1, NULL, 10));
    return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

bool client_begin_tls(struct client *client, SSL_CTX *context, SSL_SESSION *session)
{
    client->ssl = SSL_new(context);
    assert_non_null(client->ssl);
    SSL_set_fd(client->ssl, client->fd);
    if (session != NULL)
        assert_int_equal(SSL_set_session(client->ssl, session), 1);
    return SSL_connect(client->ssl) == 1;
}

void client_connect(struct fixture *fixture, struct client *client)
{
    client_connect_plain(fixture, client);
    if (fixture->tls == NULL)
        return;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_non_null(context);
    (void)client_begin_tls(client, context, NULL); // else there is no answer either
    SSL_CTX_free(context);
}

void client_connect_plain(struct fixture *fixture, struct client *client)
{
    memset(client, 0, offsetof(struct client, head));
    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(client->fd >= 0);
    assert_int_equal(try_connect(fixture, client->fd), 0);
}

void client_connect_refused(struct fixture *fixture)
{
    int failed;
    do { // until the listener is closed
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        failed = try_connect(fixture, fd) != 0 ? errno : 0;
        close(fd);
    } while (failed == 0);
    assert_int_equal(failed, ECONNREFUSED);
}

// Sends what the server takes: it may have ended the connection already.
void client_send_bytes(struct client *client, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        struct pollfd writable = {.fd = client->fd, .events = POLLOUT};
        if (poll(&writable, 1, PATIENCE_MS) != 1)
            fail_msg("the server takes nothing");
        if (client->ssl != NULL) {
            int written = SSL_write(client->ssl, at, len > 16384 ? 16384 : (int)len);
            if (written <= 0)
                return;
            at += written;
            len -= (size_t)written;
            continue;
        }
        ssize_t sent = send(client->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno != EAGAIN)
            return;
        at += sent > 0 ? sent : 0;
        len -= sent > 0 ? (size_t)sent : 0;
    }
}

void client_send(struct client *client, const char *text)
{
    client_send_bytes(client, text, strlen(text));
}

void client_shut(struct client *client)
{
    if (client->ssl != NULL)
        SSL_shutdown(client->ssl);
    shutdown(client->fd, SHUT_WR);
}

void client_close(struct client *client)
{
    if (client->ssl != NULL && SSL_is_init_finished(client->ssl))
        SSL_shutdown(client->ssl);
    SSL_free(client->ssl);
    client->ssl = NULL;
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

void client_reset(struct client *client)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    SSL_free(client->ssl);
    client->ssl = NULL;
    client_close(client);
}

// Reads more; false at the end. A reset connection fails the test, as answers are lost that way.
void client_wait(struct client *client)
{
    struct pollfd readable = {.fd = client->fd, .events = POLLIN};
    char byte;
    bool is_here = client->ssl != NULL && SSL_pending(client->ssl) > 0;
    if (!is_here && poll(&readable, 1, PATIENCE_MS) != 1)
        fail_msg("no answer");
    if (client->ssl != NULL) // what has come may be of TLS alone
        (void)SSL_peek(client->ssl, &byte, 1);
}

ssize_t client_read(struct client *client, void *room, size_t max)
{
    if (client->ssl == NULL)
        return recv(client->fd, room, max, 0);
    int len = SSL_read(client->ssl, room, (int)max);
    return len <= 0 && SSL_get_error(client->ssl, len) == SSL_ERROR_ZERO_RETURN ? 0 : len;
}

static bool read_more_tls(struct client *client)
{
    ERR_clear_error();
    int room = (int)(sizeof(client->bytes) - client->len);
    int len = SSL_read(client->ssl, client->bytes + client->len, room);
    if (len <= 0 && SSL_get_error(client->ssl, len) != SSL_ERROR_ZERO_RETURN)
        fail_msg("no answer: %s %s", strerror(errno), ERR_reason_error_string(ERR_peek_last_error()));
    client->len += len > 0 ? (size_t)len : 0;
    return len > 0;
}

static bool read_more(struct client *client)
{
    struct pollfd readable = {.fd = client->fd, .events = POLLIN};
    bool is_here = client->ssl != NULL && SSL_pending(client->ssl) > 0;
    if (!is_here && poll(&readable, 1, PATIENCE_MS) != 1)
        fail_msg("no answer");
    if (client->ssl != NULL)
        return read_more_tls(client);
    ssize_t len = recv(client->fd, client->bytes + client->len, sizeof(client->bytes) - client->len, 0);
    if (len < 0)
        fail_msg("no answer: %s", strerror(errno));
    client->len += (size_t)len;
    return len > 0;
}

static void drop(struct client *client, size_t len)
{
    client->len -= len;
    memmove(client->bytes, client->bytes + len, client->len);
}

static void read_head(struct client *client)
{
    char *end;
    while ((end = memmem(client->bytes, client->len, "\r\n\r\n", 4)) == NULL) {
        if (!read_more(client))
            fail_msg("the connection ended inside a head: %.*s", (int)client->len, client->bytes);
    }
    size_t len = (size_t)(end - client->bytes) + 4;
    memcpy(client->head, client->bytes, len);
    client->head[len] = '\0';
    drop(client, len);
}

static int read_answer(struct client *client, bool without_body)
{
    read_head(client);
    const char *length = strstr(client->head, "\r\nContent-Length: ");
    size_t left = length != NULL && !without_body ? strtoul(length + 18, NULL, 10) : 0;
    client->body_len = 0;
    while (left > 0) {
        if (client->len == 0 && !read_more(client))
            fail_msg("the connection ended inside a body");
        size_t len = client->len < left ? client->len : left;
        if (client->body_len + len < sizeof(client->body)) // of a larger one its start is kept
            memcpy(client->body + client->body_len, client->bytes, len);
        client->body_len += len;
        left -= len;
        drop(client, len);
    }
    client->body[client->body_len < sizeof(client->body) ? client->body_len : 0] = '\0';
    assert_memory_equal(client->head, "HTTP/1.1 ", 9);
    return (int)strtol(client->head + 9, NULL, 10);
}

int client_answer(struct client *client)
{
    return read_answer(client, false);
}

int client_answer_without_body(struct client *client)
{
    return read_answer(client, true);
}

void client_expect(struct client *client, int status, const char *body)
{
    int actual = client_answer(client);
    if (actual != status)
        fail_msg("%s%s", client->head, client->body);
    assert_string_equal(client->body, body);
}

void client_expect_shut(struct client *client)
{
    if (client->len > 0 || read_more(client))
        fail_msg("more was said: %.*s", (int)client->len, client->bytes);
}

void client_expect_end(struct client *client)
{
    client_expect_shut(client);
    client_close(client);
}
