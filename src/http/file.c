// SPDX-License-Identifier: Apache-2.0
// A descriptor and what is to happen when it is closed, which may take its time and so has a way off the
// loop. Reading is file_output.c's. One thread at a time.
#include "http/file.h"

#include <unistd.h>

#include "base/mem.h"

struct http_file {
    int fd;                                      // owned
    uint64_t bytes;                              // that are sent of it
    void (*on_close)(void *ctx, uint64_t bytes); // or NULL
    void *ctx;                                   // borrowed; handed to on_close
    uv_work_t closing;                           // under way from http_file_free_later on
};

struct http_file *http_file_new(
    int fd, uint64_t bytes, void (*on_close)(void *ctx, uint64_t bytes), void *ctx)
{
    struct http_file *file = mem_alloc(sizeof(*file));
    if (file == NULL)
        return NULL;
    file->fd = fd;
    file->bytes = bytes;
    file->on_close = on_close;
    file->ctx = ctx;
    return file;
}

uint64_t http_file_bytes(const struct http_file *file)
{
    return file->bytes;
}

int http_file_fd(const struct http_file *file)
{
    return file->fd;
}

static void close_file(struct http_file *file)
{
    close(file->fd);
    if (file->on_close != NULL)
        file->on_close(file->ctx, file->bytes);
}

void http_file_free(struct http_file *file)
{
    if (file == NULL)
        return;
    close_file(file);
    mem_free(file);
}

static void on_work(uv_work_t *work)
{
    close_file(CONTAINER_OF(work, struct http_file, closing));
}

static void on_worked(uv_work_t *work, int status)
{
    (void)status; // nobody cancels it
    mem_free(CONTAINER_OF(work, struct http_file, closing));
}

void http_file_free_later(struct http_file *file, struct loop *loop)
{
    if (file != NULL)
        uv_queue_work(loop_uv(loop), &file->closing, on_work, on_worked); // fails without a callback only
}
