// SPDX-License-Identifier: Apache-2.0
// PEM by OpenSSL's own readers, from memory. Leaves to tls_context.c what else a context needs.
#include "http/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"

// --- reading

static enum err_code fail_to_read(const char *what, const char *path, int reason, struct err *err)
{
    err_set(err, ERR_CONFIG, "%s %s cannot be read: %s", what, path, strerror(reason));
    if (reason == EACCES)
        err_hint(err, "the user that the server runs as has to be able to read it, and its folders");
    return ERR_CONFIG;
}

static enum err_code read_open(int fd, const char *what, const char *path, struct buf *buf, struct err *err)
{
    struct stat stat;
    if (fd < 0 || fstat(fd, &stat) != 0)
        return fail_to_read(what, path, errno, err);
    if (S_ISDIR(stat.st_mode))
        return fail_to_read(what, path, EISDIR, err);
    for (;;) {
        enum { STEP_BYTES = 16384 };
        if (buf_reserve(buf, STEP_BYTES) != ERR_NONE)
            break;
        ssize_t len = read(fd, buf->data + buf->len, STEP_BYTES);
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return fail_to_read(what, path, errno, err);
        if (len == 0)
            return ERR_NONE;
        buf->len += (size_t)len;
    }
    if (buf_status(buf) == ERR_NO_MEMORY)
        return err_no_memory(err);
    return err_set(err, ERR_CONFIG, "%s %s is larger than %d MiB", what, path, LIMIT_TLS_FILE_BYTES >> 20);
}

// The file's bytes in `buf`, and a BIO on them, which borrows them.
static enum err_code open_pem(
    const char *what, const char *path, struct buf *buf, BIO **ret_bio, struct err *err)
{
    buf_init(buf, LIMIT_TLS_FILE_BYTES);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO would wait for its writer
    enum err_code code = read_open(fd, what, path, buf, err);
    if (fd >= 0)
        close(fd);
    if (code != ERR_NONE)
        return code;
    BIO *bio = BIO_new_mem_buf(buf->data, (int)buf->len);
    if (bio == NULL)
        return err_no_memory(err);
    ERR_clear_error();
    *ret_bio = bio;
    return ERR_NONE;
}

// What OpenSSL has said last, for people; and forgets it.
static const char *reason_of_openssl(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason != NULL ? reason : "it is damaged";
}

// Whether the readers have only come to the end of what is PEM; forgets that error.
static bool is_end(void)
{
    unsigned long error = ERR_peek_last_error();
    bool is_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (is_end)
        ERR_clear_error();
    return is_end;
}

// Nobody is asked for a password.
static int on_password(char *room, int len, int writes, void *ctx)
{
    (void)room;
    (void)len;
    (void)writes;
    *(bool *)ctx = true;
    return -1;
}

// --- the server's own

static enum err_code use_chain(SSL_CTX *context, BIO *bio, const char *path, struct err *err)
{
    X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    if (cert == NULL && is_end()) {
        err_set(err, ERR_CONFIG, "certificate %s holds no certificate", path);
        err_hint(err, "it is a file of PEM, with -----BEGIN CERTIFICATE----- in it");
        return ERR_CONFIG;
    }
    bool done = cert != NULL && SSL_CTX_use_certificate(context, cert) == 1;
    X509_free(cert);
    while (done && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        done = SSL_CTX_add0_chain_cert(context, cert) == 1;
        if (!done)
            X509_free(cert);
    }
    if (done && is_end())
        return ERR_NONE;
    return err_set(err, ERR_CONFIG, "certificate %s cannot be used: %s", path, reason_of_openssl());
}

static enum err_code fail_to_match(const char *cert, const char *key, struct err *err)
{
    err_set(err, ERR_CONFIG, "key %s is not the one of certificate %s", key, cert);
    err_hint(err, "the certificate of the server stands first in its file, those of its issuers behind it");
    return ERR_CONFIG;
}

static enum err_code use_key(SSL_CTX *context, BIO *bio, const char *cert, const char *path, struct err *err)
{
    bool is_encrypted = false;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, on_password, &is_encrypted);
    if (is_encrypted) {
        err_set(
            err, ERR_CONFIG, "key %s is encrypted, and nobody is there to be asked for its password", path);
        err_hint(
            err, "write it without one, by openssl pkey -in FILE -out FILE, and let its owner alone read it");
        EVP_PKEY_free(key);
        return ERR_CONFIG;
    }
    if (key == NULL) {
        bool has_none = is_end();
        err_set(err, ERR_CONFIG, "key %s holds no private key%s%s", path, has_none ? "" : ": ",
            has_none ? "" : reason_of_openssl());
        err_hint(err, "it is a file of PEM, with -----BEGIN PRIVATE KEY----- in it");
        return ERR_CONFIG;
    }
    bool done = SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    if (done)
        return ERR_NONE;
    bool is_others = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                     ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
    return is_others ? fail_to_match(cert, path, err)
                     : err_set(err, ERR_CONFIG, "key %s cannot be used: %s", path, reason_of_openssl());
}

enum err_code tls_files_pair(SSL_CTX *context, const char *cert, const char *key, struct err *err)
{
    AUTO(buf_fini) struct buf cert_pem = {0};
    AUTO(buf_fini) struct buf key_pem = {0};
    BIO *bio = NULL;
    enum err_code code = open_pem("certificate", cert, &cert_pem, &bio, err);
    if (code == ERR_NONE)
        code = use_chain(context, bio, cert, err);
    BIO_free(bio);
    bio = NULL;
    if (code == ERR_NONE)
        code = open_pem("key", key, &key_pem, &bio, err);
    if (code == ERR_NONE)
        code = use_key(context, bio, cert, key, err);
    BIO_free(bio);
    if (key_pem.data != NULL)
        OPENSSL_cleanse(key_pem.data, key_pem.len);
    if (code == ERR_NONE && SSL_CTX_check_private_key(context) != 1)
        code = fail_to_match(cert, key, err);
    ERR_clear_error();
    return code;
}

// --- clients'

// NULL: there is no such time, and so no end (RFC 5280 section 5.1.2.5 wants one, but not all have it).
static void end_at(const ASN1_TIME *time, int64_t *end_s)
{
    if (time != NULL && tls_files_time(time) < *end_s)
        *end_s = tls_files_time(time);
}

static enum err_code trust(SSL_CTX *context, X509 *authority, int64_t *end_s, struct err *err)
{
    if (X509_cmp_current_time(X509_get0_notAfter(authority)) > 0) // else it vouches for nobody by now
        end_at(X509_get0_notAfter(authority), end_s);
    bool done = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) == 1 &&
                SSL_CTX_add_client_CA(context, authority) == 1;
    return done ? ERR_NONE : err_no_memory(err);
}

static enum err_code add_authorities(
    SSL_CTX *context, BIO *bio, const char *path, int64_t *end_s, struct err *err)
{
    size_t count = 0;
    enum err_code code = ERR_NONE;
    X509 *authority;
    while (code == ERR_NONE && (authority = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        code = trust(context, authority, end_s, err);
        X509_free(authority);
        count++;
    }
    if (code != ERR_NONE)
        return code;
    if (!is_end())
        return err_set(
            err, ERR_CONFIG, "authorities of clients %s cannot be used: %s", path, reason_of_openssl());
    if (count > 0)
        return ERR_NONE;
    return err_set(err, ERR_CONFIG, "authorities of clients %s holds no certificate", path);
}

static enum err_code add_revocations(
    SSL_CTX *context, BIO *bio, const char *path, int64_t *end_s, struct err *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    size_t count = 0;
    X509_CRL *list;
    bool done = true;
    while (done && (list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        done = X509_STORE_add_crl(store, list) == 1;
        end_at(X509_CRL_get0_nextUpdate(list), end_s);
        X509_CRL_free(list);
        count++;
    }
    if (!done)
        return err_no_memory(err);
    if (!is_end())
        return err_set(err, ERR_CONFIG, "revocations %s cannot be used: %s", path, reason_of_openssl());
    if (count == 0)
        return err_set(err, ERR_CONFIG, "revocations %s holds no list of them (X509 CRL)", path);
    // Of the client's own certificate: an authority between, too, would need a list.
    return X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK) == 1 ? ERR_NONE : err_no_memory(err);
}

static enum err_code digest_both(
    const struct buf *ca, const struct buf *crl, unsigned char ret_digest[32], struct err *err)
{
    const size_t lens[] = {ca->len, crl->len}; // where the one ends and the other begins
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool done = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(digest, lens, sizeof(lens)) == 1 &&
                EVP_DigestUpdate(digest, ca->data, ca->len) == 1 &&
                EVP_DigestUpdate(digest, crl->data, crl->len) == 1 &&
                EVP_DigestFinal_ex(digest, ret_digest, NULL) == 1;
    EVP_MD_CTX_free(digest);
    return done ? ERR_NONE : err_no_memory(err);
}

enum err_code tls_files_clients(SSL_CTX *context, const char *ca, const char *crl,
    unsigned char ret_digest[32], int64_t *ret_end_s, struct err *err)
{
    int64_t end_s = INT64_MAX;
    AUTO(buf_fini) struct buf ca_pem = {0};
    AUTO(buf_fini) struct buf crl_pem = {0};
    BIO *bio = NULL;
    enum err_code code = open_pem("authorities of clients", ca, &ca_pem, &bio, err);
    if (code == ERR_NONE)
        code = add_authorities(context, bio, ca, &end_s, err);
    BIO_free(bio);
    bio = NULL;
    if (code == ERR_NONE && crl != NULL)
        code = open_pem("revocations", crl, &crl_pem, &bio, err);
    if (code == ERR_NONE && crl != NULL)
        code = add_revocations(context, bio, crl, &end_s, err);
    BIO_free(bio);
    if (code == ERR_NONE)
        code = digest_both(&ca_pem, &crl_pem, ret_digest, err);
    if (code == ERR_NONE)
        *ret_end_s = end_s;
    return code;
}

int64_t tls_files_time(const ASN1_TIME *time)
{
    struct tm parts = {0};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}
