// SPDX-License-Identifier: Apache-2.0
// A line with an origin in front is for URLs of that origin, which then are signed by such lines alone.
#include "hooks/hook_secrets.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/url_origin.h"

#define PREFIX "whsec_"

enum { SIGNATURE_CHARS = 48, TIME_CHARS = 24 };

struct hook_secret {
    char *origin;                               // owned; NULL: for all others
    size_t len;                                 // of the bytes
    unsigned char bytes[HOOK_SECRET_BYTES_MAX]; // the key of the HMAC
};

struct hook_secrets {
    atomic_uint references;
    size_t count;
    struct hook_secret items[LIMIT_HOOK_SECRETS];
};

// --- reading

static enum err_code read_secret(struct span text, unsigned line, struct hook_secret *secret, struct err *err)
{
    size_t len = 0;
    const char *end = NULL;
    bool is_base64 = span_starts_with(text, PREFIX) &&
                     sodium_base642bin(secret->bytes, sizeof(secret->bytes), text.at + strlen(PREFIX),
                         text.len - strlen(PREFIX), NULL, &len, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                     end == text.at + text.len;
    secret->len = len;
    if (is_base64 && len >= HOOK_SECRET_BYTES)
        return ERR_NONE;
    return err_set(err, ERR_CONFIG,
        "line %u holds no secret: it is \"whsec_\" with %d to %d bytes in base64 behind it, perhaps with the "
        "https://HOST that it is for in front",
        line, HOOK_SECRET_BYTES, HOOK_SECRET_BYTES_MAX);
}

static enum err_code read_line(struct span line, unsigned number, struct hook_secret *secret, struct err *err)
{
    struct span rest = line, first = span_split(&rest, ' ');
    rest = span_trim(rest);
    if (rest.len == 0)
        return read_secret(first, number, secret, err);
    if (!url_is_private(first) || !url_is_plain(first) || url_origin(first).len != first.len)
        return err_set(err, ERR_CONFIG,
            "line %u names no receiver: write https://HOST or https://HOST:PORT, and nothing behind it, in front "
            "of its secret",
            number);
    if (!url_is_normal(first))
        return err_set(err, ERR_CONFIG,
            "line %u: write the receiver's host in small letters, and a port only where it is not the usual one",
            number);
    secret->origin = mem_strndup(first.at, first.len);
    return secret->origin != NULL ? read_secret(rest, number, secret, err) : err_no_memory(err);
}

static enum err_code read_lines(struct span text, struct hook_secrets *secrets, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (unsigned number = 1; code == ERR_NONE && text.len > 0; number++) {
        struct span line = span_trim(span_line(&text));
        if (line.len == 0 || line.at[0] == '#')
            continue;
        if (secrets->count == LIMIT_HOOK_SECRETS)
            return err_set(err, ERR_CONFIG, "has more than %d secrets", LIMIT_HOOK_SECRETS);
        code = read_line(line, number, &secrets->items[secrets->count++], err);
    }
    if (code == ERR_NONE && secrets->count == 0)
        return err_set(err, ERR_CONFIG, "has no secret: a line is whsec_ and random bytes in base64");
    return code;
}

enum err_code hook_secrets_read(struct span text, struct hook_secrets **ret_secrets, struct err *err)
{
    struct hook_secrets *secrets = mem_zalloc(1, sizeof(*secrets));
    if (secrets == NULL)
        return err_no_memory(err);
    atomic_init(&secrets->references, 1);
    enum err_code code = sodium_init() >= 0 ? read_lines(text, secrets, err)
                                            : err_set(err, ERR_IO, "libsodium cannot be set up");
    if (code != ERR_NONE) {
        hook_secrets_unref(secrets);
        return code;
    }
    *ret_secrets = secrets;
    return ERR_NONE;
}

struct hook_secrets *hook_secrets_ref(struct hook_secrets *secrets)
{
    if (secrets != NULL)
        atomic_fetch_add_explicit(&secrets->references, 1, memory_order_relaxed);
    return secrets;
}

void hook_secrets_unref(struct hook_secrets *secrets)
{
    if (secrets == NULL || atomic_fetch_sub_explicit(&secrets->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < secrets->count; i++)
        mem_free(secrets->items[i].origin);
    sodium_memzero(secrets, sizeof(*secrets));
    mem_free(secrets);
}

// --- signing

// The first secret of a URL from `from` on; count: there is none.
static size_t next_of(const struct hook_secrets *secrets, struct span url, size_t from)
{
    struct span origin = url_origin(url);
    bool has_own = false;
    for (size_t i = 0; i < secrets->count; i++)
        has_own = has_own || (secrets->items[i].origin != NULL && span_is(origin, secrets->items[i].origin));
    while (from < secrets->count) {
        const char *of = secrets->items[from].origin;
        if (has_own ? of != NULL && span_is(origin, of) : of == NULL)
            break;
        from++;
    }
    return from;
}

bool hook_secrets_fit(const struct hook_secrets *secrets, struct span url)
{
    return next_of(secrets, url, 0) < secrets->count;
}

static void sign(const struct hook_secret *secret, struct span id, int64_t now_s, struct span body,
    char ret_signature[SIGNATURE_CHARS])
{
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char time[TIME_CHARS];
    snprintf(time, sizeof(time), ".%" PRId64 ".", now_s);
    crypto_auth_hmacsha256_init(&state, secret->bytes, secret->len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)id.at, id.len);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)time, strlen(time));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.at, body.len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2base64(ret_signature, SIGNATURE_CHARS, mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
}

void hook_secrets_sign(const struct hook_secrets *secrets, struct span url, struct span id, int64_t now_s,
    struct span body, struct buf *out)
{
    const char *between = "";
    for (size_t i = next_of(secrets, url, 0); i < secrets->count; i = next_of(secrets, url, i + 1)) {
        char signature[SIGNATURE_CHARS];
        sign(&secrets->items[i], id, now_s, body, signature);
        buf_printf(out, "%sv1,%s", between, signature);
        between = " ";
    }
}
