// SPDX-License-Identifier: Apache-2.0
#include "token_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>

#include "text/base64url.h"

EVP_PKEY *fixture_key(const char *alg, unsigned rsa_bits)
{
    EVP_PKEY *key = NULL;
    if (span_is(span_of(alg), "RS256"))
        key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
    else if (span_is(span_of(alg), "ES256"))
        key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    else
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_non_null(key);
    return key;
}

void fixture_base64url(struct span bytes, struct buf *out)
{
    char *chars = malloc(BASE64URL_CHARS(bytes.len) + 1);
    assert_non_null(chars);
    assert_int_equal(buf_append(out, chars, base64url_encode(bytes, chars)), ERR_NONE);
    free(chars);
}

static void append_number(const EVP_PKEY *key, const char *param, const char *name, int len, struct buf *out)
{
    unsigned char bytes[1024];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, param, &number), 1);
    if (len == 0)
        len = BN_num_bytes(number);
    assert_int_equal(BN_bn2binpad(number, bytes, len), len);
    buf_printf(out, ",\"%s\":\"", name);
    fixture_base64url((struct span){.at = (char *)bytes, .len = (size_t)len}, out);
    buf_append_str(out, "\"");
    BN_free(number);
}

void fixture_jwk(const EVP_PKEY *key, const char *kid, const char *more, struct buf *out)
{
    buf_printf(out, "{\"kid\":\"%s\"", kid);
    if (EVP_PKEY_is_a(key, "RSA")) {
        buf_append_str(out, ",\"kty\":\"RSA\"");
        append_number(key, OSSL_PKEY_PARAM_RSA_N, "n", 0, out);
        append_number(key, OSSL_PKEY_PARAM_RSA_E, "e", 0, out);
    } else if (EVP_PKEY_is_a(key, "EC")) {
        buf_append_str(out, ",\"kty\":\"EC\",\"crv\":\"P-256\"");
        append_number(key, OSSL_PKEY_PARAM_EC_PUB_X, "x", 32, out);
        append_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, "y", 32, out);
    } else {
        unsigned char point[32];
        size_t len = sizeof(point);
        assert_int_equal(EVP_PKEY_get_raw_public_key(key, point, &len), 1);
        buf_append_str(out, ",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
        fixture_base64url((struct span){.at = (char *)point, .len = len}, out);
        buf_append_str(out, "\"");
    }
    buf_printf(out, "%s}", more);
}

// The signature of P-256 as a JWS has it.
static size_t pair_of_der(unsigned char *signature, size_t len)
{
    const unsigned char *at = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)len);
    assert_non_null(pair);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32), 32);
    ECDSA_SIG_free(pair);
    return 64;
}

void fixture_sign(const char *header, const char *claims, EVP_PKEY *key, bool is_der, struct buf *out)
{
    unsigned char signature[1024];
    size_t len = sizeof(signature), start = out->len;
    fixture_base64url(span_of(header), out);
    buf_append_str(out, ".");
    fixture_base64url(span_of(claims), out);
    if (key != NULL) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        const EVP_MD *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
        assert_int_equal(EVP_DigestSignInit(ctx, NULL, digest, NULL, key), 1);
        assert_int_equal(
            EVP_DigestSign(ctx, signature, &len, (unsigned char *)out->data + start, out->len - start), 1);
        EVP_MD_CTX_free(ctx);
    }
    buf_append_str(out, ".");
    if (key != NULL && EVP_PKEY_is_a(key, "EC") && !is_der)
        len = pair_of_der(signature, len);
    if (key != NULL)
        fixture_base64url((struct span){.at = (char *)signature, .len = len}, out);
    assert_int_equal(buf_status(out), ERR_NONE);
}
