// SPDX-License-Identifier: Apache-2.0
// Keys of issuers: the examples of the RFCs, keys that OpenSSL makes, and what is none.
#include "access/jwk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "text/base64url.h"
#include "token_fixture.h"

// An example of an RFC: a key, what it has signed, and the signature.
struct example {
    const char *jwk;
    enum token_algorithm algorithm;
    const char *text;
    const char *signature;
};

#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static const struct example examples[] = {
    // RFC 7515, appendix A.2
    {"{\"kty\":\"RSA\",\"kid\":\"1\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0"
     "l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9w"
     "Gzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw"
     "Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ\"}",
        TOKEN_RS256, "eyJhbGciOiJSUzI1NiJ9." JOE,
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9u"
        "JdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_"
        "eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqV"
        "t5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
    // RFC 7515, appendix A.3
    {"{\"kty\":\"EC\",\"kid\":\"1\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        TOKEN_ES256, "eyJhbGciOiJFUzI1NiJ9." JOE,
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
    // RFC 8037, appendix A.4
    {"{\"kty\":\"OKP\",\"kid\":\"1\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        TOKEN_EDDSA, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
};

static struct jwks *read_one(const char *jwk, struct err *err)
{
    struct jwks *keys = NULL;
    AUTO(buf_fini) struct buf document;
    buf_init(&document, LIMIT_JWKS_BYTES);
    buf_printf(&document, "{\"keys\":[%s]}", jwk);
    enum err_code code = jwks_read(buf_span(&document), &keys, err);
    assert_int_equal(code, err->code);
    assert_true((code == ERR_NONE) == (keys != NULL));
    return keys;
}

static void the_examples_of_the_rfcs_are_signed_by_their_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct err err = {0};
        char bytes[1024];
        size_t len;
        bool knows_kid;
        struct jwks *keys = read_one(examples[i].jwk, &err);
        assert_string_equal(err.text, "");
        const struct jwk *key = jwks_find(keys, span_of("1"), examples[i].algorithm, &knows_kid);
        assert_non_null(key);
        assert_true(base64url_decode(span_of(examples[i].signature), bytes, sizeof(bytes), &len));
        struct span signature = {.at = bytes, .len = len};
        assert_true(jwk_verify(key, span_of(examples[i].text), signature));
        for (size_t at = 0; at < len; at += 7) { // no other signature is
            bytes[at] ^= 1;
            assert_false(jwk_verify(key, span_of(examples[i].text), signature));
            bytes[at] ^= 1;
        }
        assert_false(jwk_verify(key, span_of(examples[i].text + 1), signature));
        for (size_t cut = 0; cut < len; cut++)
            assert_false(jwk_verify(key, span_of(examples[i].text), (struct span){.at = bytes, .len = cut}));
        jwks_unref(keys);
    }
}

static void a_key_is_found_by_its_kid_and_for_its_algorithm_alone(void **state)
{
    (void)state;
    struct err err = {0};
    bool knows_kid;
    struct jwks *keys = read_one(examples[1].jwk, &err);
    assert_int_equal(jwks_count(keys), 1);
    assert_non_null(jwks_find(keys, span_of("1"), TOKEN_ES256, &knows_kid));
    assert_null(jwks_find(keys, span_of("1"), TOKEN_RS256, &knows_kid));
    assert_true(knows_kid);
    assert_null(jwks_find(keys, span_of("../../etc/passwd"), TOKEN_ES256, &knows_kid));
    assert_false(knows_kid);
    jwks_unref(jwks_ref(keys));
    jwks_unref(keys);
    jwks_unref(NULL);
}

// --- keys that are left out

struct refusal {
    const char *jwk;
    const char *reason;
};

#define X  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define XY "\"x\":\"" X "\",\"y\":\"" Y "\""

static const struct refusal refusals[] = {
    {"{\"kty\":\"EC\",\"crv\":\"P-256\"," XY "}", "a key has no kid"},
    {"{\"kid\":1,\"kty\":\"EC\",\"crv\":\"P-256\"," XY "}", "a key has no kid"},
    {"{\"kid\":\"1\",\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "a key is neither of RSA, nor EC on P-256, nor Ed25519"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-384\"," XY "}",
        "a key is neither of RSA, nor EC on P-256, nor Ed25519"},
    {"{\"kid\":\"1\",\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\"}",
        "a key is neither of RSA, nor EC on P-256, nor Ed25519"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\"," XY ",\"d\":\"AA\"}",
        "a key is a private one: nobody but the issuer may have it"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\"," XY ",\"use\":\"enc\"}",
        "a key is not for signatures"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\"," XY ",\"key_ops\":[\"sign\"]}",
        "a key is not for signatures"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\"," XY ",\"alg\":\"HS256\"}",
        "the alg of a key is none of RS256, ES256 and EdDSA, or does not go with its type"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\"," XY ",\"alg\":\"RS256\"}",
        "the alg of a key is none of RS256, ES256 and EdDSA, or does not go with its type"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" X "\"}",
        "x and y of the EC key are no point of P-256"}, // off the curve
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\"}",
        "x and y of the EC key are no point of P-256"},
    {"{\"kid\":\"1\",\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y "\"}",
        "x and y of the EC key are no point of P-256"},
    {"{\"kid\":\"1\",\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
        "x of the Ed25519 key does not have 32 bytes"},
    {"{\"kid\":\"1\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "the RSA key has less than 2048 bits"},
    {"{\"kid\":\"1\",\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
        "n or e of the RSA key is not written as a JWK has it, or is too large"},
    {"{\"kid\":\"1\",\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQABAQAB\"}",
        "n or e of the RSA key is not written as a JWK has it, or is too large"},
};

static void a_key_of_no_use_is_left_out_and_alone_it_is_told_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct err err = {0};
        char text[512], both[4096];
        snprintf(text, sizeof(text), "no key is of use here: %s", refusals[i].reason);
        assert_null(read_one(refusals[i].jwk, &err));
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.text, text);
        snprintf(both, sizeof(both), "%s, %s", refusals[i].jwk, examples[2].jwk);
        err = (struct err){0};
        struct jwks *keys = read_one(both, &err);
        assert_int_equal(jwks_count(keys), 1);
        jwks_unref(keys);
    }
}

static void an_rsa_key_needs_2048_bits_and_an_odd_exponent(void **state)
{
    (void)state;
    const unsigned bits[] = {1024, 2047, 2048};
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *pair = fixture_key("RS256", bits[i]);
        AUTO(buf_fini) struct buf jwk;
        struct err err = {0};
        buf_init(&jwk, 4096);
        fixture_jwk(pair, "1", ",\"use\":\"sig\",\"alg\":\"RS256\",\"key_ops\":[\"sign\",\"verify\"]", &jwk);
        assert_int_equal(buf_append_byte(&jwk, '\0'), ERR_NONE);
        struct jwks *keys = read_one(jwk.data, &err);
        if (bits[i] < 2048)
            assert_string_equal(err.text, "no key is of use here: the RSA key has less than 2048 bits");
        else
            assert_non_null(keys);
        jwks_unref(keys);
        const char *exponents[] = {"AQ", "Ag"}; // 1 and 2
        for (size_t k = 0; k < 2 && bits[i] == 2048; k++) {
            char *e = strstr(jwk.data, "\"AQAB\"");
            assert_non_null(e);
            AUTO(buf_fini) struct buf other;
            buf_init(&other, 4096);
            buf_printf(&other, "%.*s\"%s\"%s", (int)(e - jwk.data), jwk.data, exponents[k], e + 6);
            assert_int_equal(buf_append_byte(&other, '\0'), ERR_NONE);
            err = (struct err){0};
            assert_null(read_one(other.data, &err));
            assert_int_equal(err.code, ERR_INVALID);
        }
        EVP_PKEY_free(pair);
    }
}

// --- documents

static void what_is_no_jwks_is_told_apart(void **state)
{
    (void)state;
    static const char *const documents[][2] = {
        {"", "it is no JSON object"},
        {"<html></html>", "it is no JSON object"},
        {"[]", "it is no JSON object"},
        {"{}", "it has no array \"keys\", so it is no JWKS (RFC 7517)"},
        {"{\"keys\":{}}", "it has no array \"keys\", so it is no JWKS (RFC 7517)"},
        {"{\"keys\":[]}", "no key is of use here: it has no keys"},
        {"{\"keys\":[1]}", "a key is no JSON object"},
        {"{\"keys\":[[]]}", "a key is no JSON object"},
        {"{\"keys\":[],\"keys\":[]}", "a second member keys"},
        {"{\"keys\":[{\"kid\":\"1\",\"kid\":\"2\"}]}", "a second member kid"},
        {"{\"keys\":[", "the JSON ends before it is whole"},
    };
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        struct err err = {0};
        struct jwks *keys;
        assert_int_not_equal(jwks_read(span_of(documents[i][0]), &keys, &err), ERR_NONE);
        assert_string_equal(err.text, documents[i][1]);
    }
}

static void too_many_keys_and_too_many_bytes_are_refused(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf jwks;
    struct err err = {0};
    buf_init(&jwks, 4 * LIMIT_JWKS_BYTES);
    for (int i = 0; i <= LIMIT_TOKEN_KEYS; i++)
        buf_printf(&jwks, "%s{}", i > 0 ? "," : "");
    buf_append_byte(&jwks, '\0');
    assert_null(read_one(jwks.data, &err));
    assert_string_equal(err.text, "it has more than 100 keys");
    buf_clear(&jwks);
    while (jwks.len <= LIMIT_JWKS_BYTES)
        buf_append_byte(&jwks, ' ');
    struct jwks *keys;
    err = (struct err){0};
    assert_int_equal(jwks_read(buf_span(&jwks), &keys, &err), ERR_MALFORMED);
    assert_string_equal(err.text, "it has more than 262144 bytes");
}

static void without_memory_nothing_is_lost(void **state)
{
    (void)state;
    char document[1024];
    snprintf(document, sizeof(document), "{\"keys\":[%s,%s]}", examples[1].jwk, examples[2].jwk);
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        struct err err = {0};
        struct jwks *keys = NULL;
        assert_true(n < 1000);
        mem_fail_after(n);
        code = jwks_read(span_of(document), &keys, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY || code == ERR_TOO_LARGE);
        jwks_unref(keys);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_rfcs_are_signed_by_their_keys),
        cmocka_unit_test(a_key_is_found_by_its_kid_and_for_its_algorithm_alone),
        cmocka_unit_test(a_key_of_no_use_is_left_out_and_alone_it_is_told_why),
        cmocka_unit_test(an_rsa_key_needs_2048_bits_and_an_odd_exponent),
        cmocka_unit_test(what_is_no_jwks_is_told_apart),
        cmocka_unit_test(too_many_keys_and_too_many_bytes_are_refused),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
