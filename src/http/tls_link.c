// SPDX-License-Identifier: Apache-2.0
// Calls of OpenSSL, each with an empty queue of errors before it, as SSL_get_error(3ssl) wants it: the queue
// is the thread's, and connections share threads. Leaves to tls_stream.c who calls when.
#include "http/tls_link.h"

#include <openssl/err.h>
#include <time.h>

#include "base/mem.h"

void tls_link_init(struct tls_link *link, struct tls_context *context)
{
    *link = (struct tls_link){.context = context};
    tls_pipe_init(&link->pipe);
}

void tls_link_fini(struct tls_link *link)
{
    SSL_free(link->ssl);
    tls_pipe_fini(&link->pipe);
    mem_free(link->peer);
    tls_context_unref(link->context);
    *link = (struct tls_link){0};
}

// --- the handshake

// What vouched for a session may end while its ticket still holds: then none is taken, and none given
// (SSL_CTX_set_options(3ssl)). A whole handshake judges who comes.
static void forgo_sessions(SSL *ssl)
{
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    (void)SSL_set_num_tickets(ssl, 0); // of version 1.3
}

static bool begin(struct tls_link *link)
{
    link->ssl = SSL_new(link->context->ssl);
    BIO *bio = link->ssl != NULL ? tls_pipe_bio(&link->pipe, link->context->method) : NULL;
    if (bio == NULL)
        return false;
    SSL_set_bio(link->ssl, bio, bio);
    SSL_set_accept_state(link->ssl);
    if (time(NULL) >= link->context->clients_end_s)
        forgo_sessions(link->ssl);
    return true;
}

// A session that goes on was judged when it began: meanwhile its certificate may have ended.
static enum tls_step finish(struct tls_link *link)
{
    if (!tls_peer_new(link->ssl, &link->peer))
        return TLS_STEP_FAILED; // who has shown a certificate is not taken for somebody without one
    bool has_ended = link->peer != NULL && time(NULL) >= link->peer->ends_s;
    return has_ended ? TLS_STEP_FAILED : TLS_STEP_DONE;
}

enum tls_step tls_link_step(struct tls_link *link)
{
    if (link->ssl == NULL && !begin(link))
        return TLS_STEP_FAILED;
    ERR_clear_error();
    int result = SSL_do_handshake(link->ssl);
    if (result == 1)
        return finish(link);
    bool waits = SSL_get_error(link->ssl, result) == SSL_ERROR_WANT_READ;
    return waits && buf_status(&link->pipe.out) == ERR_NONE ? TLS_STEP_MORE : TLS_STEP_FAILED;
}

bool tls_link_is_resumed(const struct tls_link *link)
{
    return SSL_session_reused(link->ssl) == 1;
}

// --- data

enum tls_read tls_link_read(struct tls_link *link, char *room, size_t len, size_t *ret_len)
{
    ERR_clear_error();
    int result = SSL_read_ex(link->ssl, room, len, ret_len);
    if (result == 1)
        return TLS_READ_DATA;
    switch (SSL_get_error(link->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TLS_READ_NOTHING;
    case SSL_ERROR_ZERO_RETURN:
        return TLS_READ_END;
    default:
        return TLS_READ_BROKEN;
    }
}

bool tls_link_has_bytes(const struct tls_link *link)
{
    return SSL_has_pending(link->ssl) == 1 || link->pipe.in.len > link->pipe.in_at;
}

bool tls_link_write(struct tls_link *link, const char *bytes, size_t len)
{
    size_t written;
    ERR_clear_error();
    return SSL_write_ex(link->ssl, bytes, len, &written) == 1 && written == len;
}

bool tls_link_shut(struct tls_link *link)
{
    ERR_clear_error();
    return SSL_is_init_finished(link->ssl) == 1 && SSL_shutdown(link->ssl) >= 0;
}
