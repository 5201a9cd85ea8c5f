// SPDX-License-Identifier: Apache-2.0
// The BIO's functions. A read that has nothing says so by BIO_set_retry_read; a write always takes all, or
// fails for want of memory: so whoever writes looks at `out` afterwards, and never has to repeat a call.
#include "http/tls_pipe.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/limits.h"

static struct tls_pipe *pipe_of(BIO *bio)
{
    return BIO_get_data(bio);
}

// --- reading

static int take_kept(struct tls_pipe *pipe, char *room, size_t len)
{
    size_t left = pipe->in.len - pipe->in_at;
    size_t taken = len < left ? len : left;
    memcpy(room, pipe->in.data + pipe->in_at, taken);
    pipe->in_at += taken;
    if (pipe->in_at == pipe->in.len) {
        pipe->in_at = 0;
        buf_clear(&pipe->in);
        buf_fit(&pipe->in);
    }
    return (int)taken;
}

// The result of recv(2), with what it tells of the socket.
static ssize_t receive(struct tls_pipe *pipe, char *room, size_t len)
{
    ssize_t result = recv(pipe->fd, room, len, 0);
    if (result == 0)
        pipe->is_ended = true;
    else if (result < 0 && errno != EAGAIN && errno != EINTR)
        pipe->is_broken = true;
    pipe->is_drained = result < (ssize_t)len || --pipe->left_reads <= 0;
    return result;
}

static int on_read(BIO *bio, char *room, int len)
{
    struct tls_pipe *pipe = pipe_of(bio);
    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return 0;
    if (pipe->in.len > pipe->in_at)
        return take_kept(pipe, room, (size_t)len);
    if (pipe->is_ended)
        return 0;
    ssize_t result = pipe->fd >= 0 && !pipe->is_drained ? receive(pipe, room, (size_t)len) : -1;
    if (result < 0 && !pipe->is_broken)
        BIO_set_retry_read(bio);
    return (int)result;
}

// --- writing

static int on_write(BIO *bio, const char *bytes, int len)
{
    struct tls_pipe *pipe = pipe_of(bio);
    BIO_clear_retry_flags(bio);
    return len >= 0 && buf_append(&pipe->out, bytes, (size_t)len) == ERR_NONE ? len : -1;
}

// --- the rest of a BIO

static long on_control(BIO *bio, int what, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    const struct tls_pipe *pipe = pipe_of(bio);
    if (what == BIO_CTRL_EOF)
        return pipe->is_ended && pipe->in.len == pipe->in_at;
    return what == BIO_CTRL_FLUSH;
}

static int on_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

BIO_METHOD *tls_pipe_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "pipe");
    if (method == NULL || !BIO_meth_set_read(method, on_read) || !BIO_meth_set_write(method, on_write) ||
        !BIO_meth_set_ctrl(method, on_control) || !BIO_meth_set_create(method, on_create)) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

void tls_pipe_init(struct tls_pipe *pipe)
{
    *pipe = (struct tls_pipe){.fd = -1};
    buf_init(&pipe->in, LIMIT_TLS_INPUT_BYTES);
    buf_init(&pipe->out, LIMIT_TLS_OUTPUT_BYTES);
}

BIO *tls_pipe_bio(struct tls_pipe *pipe, const BIO_METHOD *method)
{
    BIO *bio = BIO_new(method);
    if (bio != NULL)
        BIO_set_data(bio, pipe);
    return bio;
}

void tls_pipe_fini(struct tls_pipe *pipe)
{
    buf_fini(&pipe->in);
    buf_fini(&pipe->out);
}
