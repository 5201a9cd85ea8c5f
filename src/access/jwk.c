// SPDX-License-Identifier: Apache-2.0
// What a key may be used for follows from its type alone, so a token's header cannot have an RSA key taken
// for the secret of an HMAC, nor a curve for another. Any thread; OpenSSL's keys may be shared to verify.
#include "access/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdatomic.h>

#include "access/token_json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/base64url.h"

enum {
    RSA_MIN_BITS = 2048, // RFC 7518 section 3.3
    RSA_MAX_BITS = 8192, // verifying with more takes milliseconds
    RSA_EXPONENT_BYTES = 4,
    COORDINATE_BYTES = 32, // of P-256 and Ed25519; half of a signature with either
    SIGNATURE_BYTES = 2 * COORDINATE_BYTES,
    DER_BYTES = 80, // a signature of P-256 in DER: 72 at most
    KEYS_ARENA_BYTES = 4 * LIMIT_JWKS_BYTES,
};

struct jwk {
    struct span kid;                //
    enum token_algorithm algorithm; // that the key's type is for
    EVP_PKEY *key;                  // owned
};

struct jwks {
    atomic_uint references; // jwks_ref, jwks_unref
    struct jwk *keys;       // LIMIT_TOKEN_KEYS at most
    size_t count;           //
    struct arena arena;     // owns the two above, and the texts
};

// --- one key

// Decodes a member of exactly `len` bytes, or of 1 up to `len` where the length is told. False for anything
// else.
static bool read_bytes(
    const struct json_entry *members, const char *name, unsigned char *bytes, size_t len, size_t *ret_len)
{
    size_t decoded;
    struct span text = token_json_text(members, name);
    if (text.at == NULL || !base64url_decode(text, (char *)bytes, len, &decoded))
        return false;
    if (ret_len == NULL)
        return decoded == len;
    *ret_len = decoded;
    return decoded > 0;
}

static EVP_PKEY *make_key(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = params != NULL ? EVP_PKEY_CTX_new_from_name(NULL, type, NULL) : NULL;
    bool is_made = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
                   EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(ctx);
    return is_made ? key : NULL;
}

static EVP_PKEY *make_rsa_of(const BIGNUM *modulus, const BIGNUM *exponent)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    bool is_built = build != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
                    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent) == 1;
    OSSL_PARAM *params = is_built ? OSSL_PARAM_BLD_to_param(build) : NULL;
    EVP_PKEY *key = make_key("RSA", params);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static EVP_PKEY *make_rsa(const struct json_entry *members, const char **ret_reason)
{
    unsigned char modulus[RSA_MAX_BITS / 8], exponent[RSA_EXPONENT_BYTES];
    size_t modulus_len, exponent_len;
    *ret_reason = "n or e of the RSA key is not written as a JWK has it, or is too large";
    if (!read_bytes(members, "n", modulus, sizeof(modulus), &modulus_len) ||
        !read_bytes(members, "e", exponent, sizeof(exponent), &exponent_len))
        return NULL;
    BIGNUM *n = BN_bin2bn(modulus, (int)modulus_len, NULL);
    BIGNUM *e = BN_bin2bn(exponent, (int)exponent_len, NULL);
    EVP_PKEY *key = NULL;
    if (n != NULL && BN_num_bits(n) < RSA_MIN_BITS)
        *ret_reason = "the RSA key has less than 2048 bits";
    else if (n != NULL && e != NULL && BN_is_odd(n) && BN_is_odd(e) && !BN_is_one(e))
        key = make_rsa_of(n, e);
    BN_free(n);
    BN_free(e);
    return key;
}

// OpenSSL refuses a point that is not on the curve.
static EVP_PKEY *make_ec(const struct json_entry *members, const char **ret_reason)
{
    char group[] = "prime256v1";
    unsigned char point[1 + 2 * COORDINATE_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    *ret_reason = "x and y of the EC key are no point of P-256";
    if (!read_bytes(members, "x", point + 1, COORDINATE_BYTES, NULL) ||
        !read_bytes(members, "y", point + 1 + COORDINATE_BYTES, COORDINATE_BYTES, NULL))
        return NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    return make_key("EC", params);
}

static EVP_PKEY *make_ed25519(const struct json_entry *members, const char **ret_reason)
{
    unsigned char point[COORDINATE_BYTES];
    *ret_reason = "x of the Ed25519 key does not have 32 bytes";
    if (!read_bytes(members, "x", point, sizeof(point), NULL))
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, sizeof(point));
}

// Whether the member says that, or nothing.
static bool is_absent_or(const struct json_entry *members, const char *name, const char *text)
{
    return token_json_find(members, span_of(name)) == NULL || span_is(token_json_text(members, name), text);
}

// `key_ops`, if it is there, has "verify" (RFC 7517 section 4.3).
static bool is_to_verify(const struct json_entry *members)
{
    const struct json_entry *ops = token_json_find(members, span_of("key_ops"));
    if (ops == NULL)
        return true;
    const struct json_item *item = ops->is_list ? ops->first : NULL;
    while (item != NULL && !(item->kind == JSON_STRING && span_is(item->text, "verify")))
        item = item->next;
    return item != NULL;
}

// What keys of one type are for.
struct use {
    const char *kty;                // key type
    const char *crv;                // curve; NULL: the type has none
    enum token_algorithm algorithm; //
    EVP_PKEY *(*make)(const struct json_entry *members, const char **ret_reason);
};

static const struct use uses[] = {
    {"RSA", NULL, TOKEN_RS256, make_rsa},
    {"EC", "P-256", TOKEN_ES256, make_ec},
    {"OKP", "Ed25519", TOKEN_EDDSA, make_ed25519},
};

static const struct use *find_use(const struct json_entry *members)
{
    for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
        const struct use *use = &uses[i];
        if (span_is(token_json_text(members, "kty"), use->kty) &&
            (use->crv == NULL || span_is(token_json_text(members, "crv"), use->crv)))
            return use;
    }
    return NULL;
}

// False when the key is of no use, with the reason.
static bool read_key(const struct json_entry *members, struct jwk *ret_key, const char **ret_reason)
{
    const struct use *use = find_use(members);
    struct span kid = token_json_text(members, "kid");
    *ret_reason = NULL;
    if (kid.len == 0)
        *ret_reason = "a key has no kid";
    else if (use == NULL)
        *ret_reason = "a key is neither of RSA, nor EC on P-256, nor Ed25519";
    else if (token_json_find(members, span_of("d")) != NULL)
        *ret_reason = "a key is a private one: nobody but the issuer may have it";
    else if (!is_absent_or(members, "use", "sig") || !is_to_verify(members))
        *ret_reason = "a key is not for signatures";
    else if (!is_absent_or(members, "alg", token_algorithm_name(use->algorithm)))
        *ret_reason = "the alg of a key is none of " TOKEN_ALGORITHM_NAMES ", or does not go with its type";
    if (use == NULL || *ret_reason != NULL)
        return false;
    EVP_PKEY *key = use->make(members, ret_reason);
    if (key == NULL) {
        ERR_clear_error();
        return false;
    }
    *ret_key = (struct jwk){.kid = kid, .algorithm = use->algorithm, .key = key};
    return true;
}

// --- the document

static enum err_code read_keys(struct jwks *keys, const struct json_entry *list, struct err *err)
{
    const char *reason = "it has no keys";
    for (const struct json_item *item = list->first; item != NULL; item = item->next) {
        struct json_entry *members = NULL;
        if (item->kind != JSON_NESTED || item->text.at[0] != '{')
            return err_set(err, ERR_MALFORMED, "a key is no JSON object");
        enum err_code code = token_json_read(item->text, LIMIT_TOKEN_MEMBERS, &keys->arena, &members, err);
        if (code != ERR_NONE)
            return code;
        if (read_key(members, &keys->keys[keys->count], &reason))
            keys->count++;
    }
    if (keys->count == 0)
        return err_set(err, ERR_INVALID, "no key is of use here: %s", reason);
    return ERR_NONE;
}

static enum err_code read_document(struct jwks *keys, struct span document, struct err *err)
{
    struct json_entry *members = NULL;
    if (document.len > LIMIT_JWKS_BYTES)
        return err_set(err, ERR_MALFORMED, "it has more than %d bytes", LIMIT_JWKS_BYTES);
    enum err_code code = token_json_read(document, LIMIT_TOKEN_KEYS + 1, &keys->arena, &members, err);
    if (code != ERR_NONE)
        return code;
    const struct json_entry *list = token_json_find(members, span_of("keys"));
    if (list == NULL || !list->is_list)
        return err_set(err, ERR_MALFORMED, "it has no array \"keys\", so it is no JWKS (RFC 7517)");
    size_t count = 0;
    for (const struct json_item *item = list->first; item != NULL; item = item->next)
        count++;
    if (count > LIMIT_TOKEN_KEYS)
        return err_set(err, ERR_MALFORMED, "it has more than %d keys", LIMIT_TOKEN_KEYS);
    keys->keys = arena_zalloc(&keys->arena, count + 1, sizeof(*keys->keys));
    return keys->keys != NULL ? read_keys(keys, list, err) : err_no_memory(err);
}

enum err_code jwks_read(struct span document, struct jwks **ret_keys, struct err *err)
{
    struct jwks *keys = mem_zalloc(1, sizeof(*keys));
    if (keys == NULL)
        return err_no_memory(err);
    atomic_init(&keys->references, 1);
    arena_init(&keys->arena, KEYS_ARENA_BYTES);
    enum err_code code = read_document(keys, document, err);
    if (code != ERR_NONE)
        jwks_unref(keys);
    else
        *ret_keys = keys;
    return code;
}

struct jwks *jwks_ref(struct jwks *keys)
{
    atomic_fetch_add_explicit(&keys->references, 1, memory_order_relaxed);
    return keys;
}

void jwks_unref(struct jwks *keys)
{
    if (keys == NULL || atomic_fetch_sub_explicit(&keys->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < keys->count; i++)
        EVP_PKEY_free(keys->keys[i].key);
    arena_fini(&keys->arena);
    mem_free(keys);
}

// --- use

size_t jwks_count(const struct jwks *keys)
{
    return keys->count;
}

const struct jwk *jwks_find(
    const struct jwks *keys, struct span kid, enum token_algorithm algorithm, bool *ret_knows_kid)
{
    *ret_knows_kid = false;
    for (size_t i = 0; i < keys->count; i++) {
        const struct jwk *key = &keys->keys[i];
        if (!span_equal(key->kid, kid))
            continue;
        *ret_knows_kid = true;
        if (key->algorithm == algorithm)
            return key;
    }
    return NULL;
}

// Two numbers of 32 bytes each, as a JWS has a signature of P-256, in the DER that OpenSSL takes: its
// length, or 0 without memory.
static size_t write_der(const unsigned char *bytes, unsigned char der[DER_BYTES])
{
    int len = 0;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(bytes, COORDINATE_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(bytes + COORDINATE_BYTES, COORDINATE_BYTES, NULL);
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; // the pair's
        len = i2d_ECDSA_SIG(pair, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

bool jwk_verify(const struct jwk *key, struct span text, struct span signature)
{
    unsigned char der[DER_BYTES];
    const unsigned char *bytes = (const unsigned char *)signature.at;
    size_t len = signature.len;
    if (key->algorithm != TOKEN_RS256 && len != SIGNATURE_BYTES)
        return false;
    if (key->algorithm == TOKEN_ES256) {
        len = write_der(bytes, der);
        bytes = der;
    }
    const EVP_MD *digest = key->algorithm == TOKEN_EDDSA ? NULL : EVP_sha256();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_right = len > 0 && ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key->key) == 1 &&
                    EVP_DigestVerify(ctx, bytes, len, (const unsigned char *)text.at, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    if (!is_right)
        ERR_clear_error();
    return is_right;
}
