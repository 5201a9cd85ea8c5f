// SPDX-License-Identifier: Apache-2.0
#include "file_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"

atomic_int files_opened, files_closed;
atomic_size_t files_last_bytes;

static char file_path[64]; // FILE_BYTES of byte_at
static char hole_path[64]; // HOLE_BYTES of nothing

static char byte_at(uint64_t at)
{
    return (char)((at * 2654435761u) >> 16);
}

// --- the handler

static void on_close(void *ctx, uint64_t bytes)
{
    assert_ptr_equal(ctx, &files_closed);
    files_last_bytes = bytes;
    files_closed++;
}

static void reply_file(
    struct http_exchange *exchange, int status, const char *path, int flags, uint64_t bytes)
{
    int fd = open(path, flags | O_CLOEXEC);
    assert_true(fd >= 0);
    struct http_reply reply = {.status = status, .content_type = "text/plain"};
    reply.file = http_file_new(fd, bytes, on_close, &files_closed);
    if (reply.file != NULL)
        files_opened++;
    else // no memory
        close(fd);
    http_reply(exchange, &reply);
}

bool files_on_other(struct http_exchange *exchange, const struct http_request *request)
{
    char path[40];
    snprintf(path, sizeof(path), "%.*s", (int)request->path.len, request->path.at);
    if (strncmp(path, "/file/", 6) == 0)
        reply_file(exchange, 200, file_path, O_RDONLY, strtoul(path + 6, NULL, 10));
    else if (strcmp(path, "/hole") == 0)
        reply_file(exchange, 200, hole_path, O_RDONLY, HOLE_BYTES);
    else if (strcmp(path, "/short") == 0)
        reply_file(exchange, 200, file_path, O_RDONLY, FILE_BYTES + 1);
    else if (strcmp(path, "/unreadable") == 0)
        reply_file(exchange, 200, file_path, O_WRONLY, 1000);
    else if (strcmp(path, "/unchanged-file") == 0)
        reply_file(exchange, 304, file_path, O_RDONLY, 1000);
    else if (strcmp(path, "/no-file") == 0)
        reply_file(exchange, 204, file_path, O_RDONLY, 1000);
    else
        return false;
    return true;
}

// --- set up

static void make_file(char *path, const char *bytes, size_t len)
{
    strcpy(path, "/tmp/reckoner-file-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    if (bytes != NULL)
        assert_int_equal(write(fd, bytes, len), len);
    else
        assert_int_equal(ftruncate(fd, (off_t)len), 0);
    close(fd);
}

int files_make(void **state)
{
    (void)state;
    static char bytes[FILE_BYTES];
    for (size_t i = 0; i < FILE_BYTES; i++)
        bytes[i] = byte_at(i);
    make_file(file_path, bytes, FILE_BYTES);
    make_file(hole_path, NULL, HOLE_BYTES);
    return 0;
}

int files_remove(void **state)
{
    (void)state;
    return unlink(file_path) + unlink(hole_path);
}

// --- reading

size_t client_take(struct client *from, uint64_t at, size_t max, bool is_hole)
{
    char bytes[20000];
    size_t len = from->len < max ? from->len : max;
    if (len > 0) {
        memcpy(bytes, from->bytes, len);
        from->len -= len;
        memmove(from->bytes, from->bytes + len, from->len);
    } else {
        client_wait(from);
        ssize_t got = client_read(from, bytes, max < sizeof(bytes) ? max : sizeof(bytes));
        assert_true(got >= 0);
        len = (size_t)got;
    }
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != (is_hole ? 0 : byte_at(at + i)))
            fail_msg("byte %zu is wrong", (size_t)at + i);
    }
    return len;
}

void client_expect_bytes(struct client *from, uint64_t at, uint64_t end, bool is_hole)
{
    while (at < end) {
        size_t len = client_take(from, at, end - at, is_hole);
        if (len == 0)
            fail_msg("the connection ended at byte %zu", (size_t)at);
        at += len;
    }
}

void client_expect_file(struct client *from, uint64_t bytes)
{
    char length[60];
    snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", (size_t)bytes);
    assert_int_equal(client_answer_without_body(from), 200);
    assert_non_null(strstr(from->head, length));
    client_expect_bytes(from, 0, bytes, false);
}

void client_ask_for_file(struct client *by, size_t bytes)
{
    char request[100];
    snprintf(request, sizeof(request), "GET /file/%zu HTTP/1.1\r\nHost: a\r\n\r\n", bytes);
    client_send(by, request);
}

// --- libuv's pool, held up

static sem_t in_pool, go_on;
static uv_work_t blockers[4]; // the pool's default size
static struct loop *blocked_loop;

static void on_block(uv_work_t *work)
{
    (void)work;
    sem_post(&in_pool);
    while (sem_wait(&go_on) != 0)
        ;
}

static void on_blocked(uv_work_t *work, int status)
{
    (void)work;
    (void)status;
}

static void queue_blockers(struct mail *mail)
{
    (void)mail;
    for (size_t i = 0; i < ARRAY_LEN(blockers); i++)
        uv_queue_work(loop_uv(blocked_loop), &blockers[i], on_block, on_blocked);
}

void pool_hold(struct fixture *fixture)
{
    static struct mail mail;
    mail.deliver = queue_blockers;
    sem_init(&in_pool, 0, 0);
    sem_init(&go_on, 0, 0);
    blocked_loop = fixture->loops[0];
    loop_post(blocked_loop, &mail);
    for (size_t i = 0; i < ARRAY_LEN(blockers); i++) {
        while (sem_wait(&in_pool) != 0)
            ;
    }
}

void pool_let_go(void)
{
    for (size_t i = 0; i < ARRAY_LEN(blockers); i++)
        sem_post(&go_on);
}
