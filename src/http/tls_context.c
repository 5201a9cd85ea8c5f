// SPDX-License-Identifier: Apache-2.0
// Settings of OpenSSL, each with its reason. The files are tls_files.c's. What clients may speak is what
// Mozilla's "intermediate" profile allows, without finite-field Diffie-Hellman: versions 1.2 and 1.3, forward
// secrecy and authenticated encryption only.
#include "http/tls_context.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "http/tls_files.h"
#include "http/tls_pipe.h"

enum { DIGEST_BYTES = 32, DAY_S = 24 * 3600 };

// Of version 1.2; those of 1.3 are all fine.
static const char CIPHERS[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static char GROUPS[] = "X25519:P-256:P-384"; // not const, as OpenSSL wants it; never written to

// RFC 7301. A client that offers none gets none; one that offers only others is told that we have none of
// them, as it could not understand our answers.
static int on_alpn(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
    const unsigned char *offered, unsigned offered_len, void *ctx)
{
    static const unsigned char OURS[] = "\x08http/1.1";
    (void)ssl;
    (void)ctx;
    for (unsigned at = 0; at < offered_len; at += offered[at] + 1u) {
        unsigned left = offered_len - at;
        if (left >= sizeof(OURS) - 1 && memcmp(offered + at, OURS, sizeof(OURS) - 1) == 0) {
            *ret_name = offered + at + 1;
            *ret_len = OURS[0];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_up(SSL_CTX *ssl, const struct tls_options *options)
{
    SSL_CTX_set_options(ssl,
        SSL_OP_NO_COMPRESSION                        // it tells secrets by lengths (CRIME)
            | SSL_OP_NO_RENEGOTIATION                // it is work that a client can ask for without end
            | SSL_OP_CIPHER_SERVER_PREFERENCE        // the order is ours …
            | SSL_OP_PRIORITIZE_CHACHA               // … but for clients without instructions for AES
            | SSL_OP_IGNORE_UNEXPECTED_EOF);         // HTTP says by itself where a message ends
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS); // an idle connection keeps none
    SSL_CTX_set_read_ahead(ssl, 1);                  // one call of the system for what has come
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); // clients keep sessions, in tickets
    SSL_CTX_set_timeout(ssl, LIMIT_TLS_TICKET_S);
    SSL_CTX_set_alpn_select_cb(ssl, on_alpn, NULL);
    return SSL_CTX_set_min_proto_version(ssl, options->is_13_only ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl, CIPHERS) == 1 && SSL_CTX_set1_groups_list(ssl, GROUPS) == 1;
}

// A session belongs to whom it was made for: by other authorities or revocations a client may be somebody
// else, so it begins anew (SSL_CTX_set_session_id_context(3ssl)).
static enum err_code ask_clients(
    SSL_CTX *ssl, const struct tls_options *options, int64_t *ret_end_s, struct err *err)
{
    unsigned char digest[DIGEST_BYTES] = {0};
    if (options->client == TLS_CLIENT_NONE || options->client_ca == NULL)
        return ERR_NONE;
    enum err_code code =
        tls_files_clients(ssl, options->client_ca, options->client_crl, digest, ret_end_s, err);
    if (code != ERR_NONE)
        return code;
    int needs = options->client == TLS_CLIENT_REQUIRED ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | needs, NULL);
    digest[0] ^= (unsigned char)options->client; // who had to show none has no session where all have to
    return SSL_CTX_set_session_id_context(ssl, digest, sizeof(digest)) == 1 ? ERR_NONE : err_no_memory(err);
}

static enum err_code fill(struct tls_context *context, const struct tls_options *options, struct err *err)
{
    enum err_code code = tls_files_pair(context->ssl, options->cert, options->key, err);
    if (code == ERR_NONE)
        code = ask_clients(context->ssl, options, &context->clients_end_s, err);
    if (code != ERR_NONE)
        return code;
    const X509 *cert = SSL_CTX_get0_certificate(context->ssl);
    context->begins_s = tls_files_time(X509_get0_notBefore(cert));
    context->ends_s = tls_files_time(X509_get0_notAfter(cert));
    return ERR_NONE;
}

enum err_code tls_context_new(const struct tls_options *options, const struct tls_context *former,
    struct tls_context **ret_context, struct err *err)
{
    struct tls_context *context = mem_zalloc(1, sizeof(*context));
    if (context == NULL)
        return err_no_memory(err);
    atomic_init(&context->refs, 1);
    context->clients_end_s = INT64_MAX;
    enum err_code code = ERR_NONE;
    if (former != NULL)
        context->tickets = tls_tickets_ref(former->tickets);
    else
        code = tls_tickets_new(&context->tickets, err);
    context->method = tls_pipe_method_new();
    context->ssl = SSL_CTX_new(TLS_server_method());
    if (code == ERR_NONE &&
        (context->method == NULL || context->ssl == NULL || !set_up(context->ssl, options) ||
            !tls_tickets_use(context->tickets, context->ssl)))
        code = err_no_memory(err);
    if (code == ERR_NONE)
        code = fill(context, options, err);
    ERR_clear_error();
    if (code != ERR_NONE) {
        tls_context_unref(context);
        return code;
    }
    *ret_context = context;
    return ERR_NONE;
}

struct tls_context *tls_context_ref(struct tls_context *context)
{
    atomic_fetch_add_explicit(&context->refs, 1, memory_order_relaxed);
    return context;
}

void tls_context_unref(struct tls_context *context)
{
    if (context == NULL || atomic_fetch_sub_explicit(&context->refs, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(context->ssl);
    tls_tickets_unref(context->tickets);
    BIO_meth_free(context->method);
    mem_free(context);
}

bool tls_context_warning(const struct tls_context *context, int64_t now_s, char *ret_text, size_t text_bytes)
{
    int64_t left_s = context->ends_s - now_s;
    if (now_s < context->begins_s)
        snprintf(ret_text, text_bytes, "the certificate is not valid yet: clients refuse it");
    else if (left_s <= 0)
        snprintf(ret_text, text_bytes,
            "the certificate has expired: clients refuse it, put a new one in its place");
    else if (left_s < LIMIT_TLS_EXPIRY_DAYS * (int64_t)DAY_S)
        snprintf(ret_text, text_bytes,
            "the certificate expires in %lld days: put a new one in its place soon",
            (long long)(left_s / DAY_S));
    else
        return false;
    return true;
}
