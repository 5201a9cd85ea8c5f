// SPDX-License-Identifier: Apache-2.0
// Tokens: good ones of each algorithm, and a table of what attackers and mistaken issuers send.
#include "access/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include <openssl/x509.h>

#include "base/limits.h"
#include "base/mem.h"
#include "token_fixture.h"

static const int64_t NOW_S = 1800000000;

struct fixture {
    EVP_PKEY *rsa, *ec, *ed, *other; // pairs; the last one is of P-256 and nobody's
    struct jwks *keys;               // kids rsa, ec, ed
    struct issuer issuer;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    AUTO(buf_fini) struct buf document;
    struct err err = {0};
    fixture.rsa = fixture_key("RS256", 2048);
    fixture.ec = fixture_key("ES256", 0);
    fixture.ed = fixture_key("EdDSA", 0);
    fixture.other = fixture_key("ES256", 0);
    buf_init(&document, LIMIT_JWKS_BYTES);
    buf_append_str(&document, "{\"keys\":[");
    fixture_jwk(fixture.rsa, "rsa", "", &document);
    buf_append_str(&document, ",");
    fixture_jwk(fixture.ec, "ec", "", &document);
    buf_append_str(&document, ",");
    fixture_jwk(fixture.ed, "ed", "", &document);
    buf_append_str(&document, "]}");
    assert_int_equal(jwks_read(buf_span(&document), &fixture.keys, &err), ERR_NONE);
    fixture.issuer = (struct issuer){.name = span_of("corp"),
        .issuer = span_of("https://id.example"),
        .audience = span_of("prices"),
        .algorithms = TOKEN_RS256 | TOKEN_ES256 | TOKEN_EDDSA,
        .client = span_of("sub"),
        .scopes = span_of("scope"),
        .plan = span_of("gold")};
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    jwks_unref(fixture->keys);
    EVP_PKEY_free(fixture->rsa);
    EVP_PKEY_free(fixture->ec);
    EVP_PKEY_free(fixture->ed);
    EVP_PKEY_free(fixture->other);
    return 0;
}

enum fate { MALFORMED, BAD, EXPIRED, UNKNOWN_KEY, GOOD };

// What becomes of a text.
static enum fate judge(const struct fixture *fixture, struct span text, struct err *err)
{
    static const enum fate fates[] = {
        [JWT_GOOD] = GOOD, [JWT_EXPIRED] = EXPIRED, [JWT_BAD] = BAD, [JWT_UNKNOWN_KEY] = UNKNOWN_KEY};
    struct arena arena;
    struct jwt jwt;
    arena_init(&arena, JWT_ARENA_BYTES);
    enum fate fate = MALFORMED;
    if (jwt_read(text, &arena, &jwt, err) == ERR_NONE)
        fate = fates[jwt_judge(&jwt, &fixture->issuer, fixture->keys, NOW_S, err)];
    else
        assert_int_equal(err->code, ERR_MALFORMED);
    arena_fini(&arena);
    return fate;
}

#define WHO  "\"iss\":\"https://id.example\",\"sub\":\"ann\""
#define BASE "{" WHO ",\"aud\":\"prices\",\"exp\":1800000100"
#define EC   "{\"alg\":\"ES256\",\"kid\":\"ec\"}"

static void check(const struct fixture *fixture, const char *header, const char *claims, EVP_PKEY *key,
    enum fate fate, const char *reason)
{
    AUTO(buf_fini) struct buf token;
    struct err err = {0};
    buf_init(&token, 4 * 1024 * 1024);
    fixture_sign(header, claims, key, false, &token);
    enum fate got = judge(fixture, buf_span(&token), &err);
    if (got != fate || strcmp(err.text, reason) != 0)
        print_error("%s %s: %d %s\n", header, claims, (int)got, err.text);
    assert_int_equal(got, fate);
    assert_string_equal(err.text, reason);
}

static void tokens_of_each_algorithm_are_good(void **state)
{
    const struct fixture *fixture = *state;
    check(fixture, "{\"alg\":\"RS256\",\"kid\":\"rsa\"}", BASE "}", fixture->rsa, GOOD, "");
    check(fixture, "{\"kid\":\"ed\",\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"}", BASE "}", fixture->ed, GOOD, "");
    for (int i = 0; i < 50; i++) // r and s of all lengths
        check(fixture, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"ec\"}", BASE "}", fixture->ec, GOOD, "");
}

static void what_a_header_may_not_say(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const headers[][2] = {
        {"{\"alg\":\"none\",\"kid\":\"ec\"}", "its alg is none of RS256, ES256 and EdDSA"},
        {"{\"alg\":\"NONE\",\"kid\":\"ec\"}", "its alg is none of RS256, ES256 and EdDSA"},
        {"{\"alg\":\"HS256\",\"kid\":\"rsa\"}", "its alg is none of RS256, ES256 and EdDSA"},
        {"{\"alg\":\"ES384\",\"kid\":\"ec\"}", "its alg is none of RS256, ES256 and EdDSA"},
        {"{\"alg\":[\"ES256\"],\"kid\":\"ec\"}", "its alg is none of RS256, ES256 and EdDSA"},
        {"{\"kid\":\"ec\"}", "its alg is none of RS256, ES256 and EdDSA"},
        {"{\"alg\":\"ES256\"}", "its header has no kid"},
        {"{\"alg\":\"ES256\",\"kid\":\"\"}", "its header has no kid"},
        {"{\"alg\":\"ES256\",\"kid\":7}", "its header has no kid"},
        {"{\"alg\":\"ES256\",\"kid\":\"ec\",\"crit\":[\"b64\"],\"b64\":false}", "its header has crit"},
        {"{\"alg\":\"ES256\",\"kid\":\"ec\",\"crit\":null}", "its header has crit"},
        {"{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":\"dpop+jwt\"}", "its typ is neither JWT nor at+jwt"},
        {"{\"alg\":\"ES256\",\"kid\":\"ec\",\"typ\":null}", "its typ is neither JWT nor at+jwt"},
        {"{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"ec\"}", "its header: a second member alg"},
        {"[]", "its header: it is no JSON object"},
        {"{\"alg\":\"ES256\",\"kid\":\"ec\"} ,", "its header: something stands behind the object"},
        {"{\"alg\":\"ES256\",\"kid\":\"\xff\"}", "its header: broken JSON: a string is not UTF-8"},
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        check(fixture, headers[i][0], BASE "}", fixture->ec, MALFORMED, headers[i][1]);
}

static void where_keys_are_no_token_says(void **state)
{
    const struct fixture *fixture = *state;
    AUTO(buf_fini) struct buf header;
    buf_init(&header, 4096);
    buf_append_str(&header,
        "{\"alg\":\"ES256\",\"kid\":\"ec\",\"jku\":\"http://127.0.0.1:1/\",\"x5u\":\"file:///etc/"
        "passwd\",\"jwk\":");
    fixture_jwk(fixture->other, "ec", "", &header);
    buf_append_str(&header, "}");
    assert_int_equal(buf_append_byte(&header, '\0'), ERR_NONE);
    check(fixture, header.data, BASE "}", fixture->other, BAD, "its signature is wrong");
    check(fixture, header.data, BASE "}", fixture->ec, GOOD, "");
}

static void a_key_is_for_its_own_algorithm_and_kid(void **state)
{
    const struct fixture *fixture = *state;
    check(fixture, "{\"alg\":\"RS256\",\"kid\":\"ec\"}", BASE "}", fixture->rsa, BAD,
        "the key of its kid is not for its alg");
    check(fixture, "{\"alg\":\"ES256\",\"kid\":\"rsa\"}", BASE "}", fixture->ec, BAD,
        "the key of its kid is not for its alg");
    check(fixture, EC, BASE "}", fixture->other, BAD, "its signature is wrong");
    check(fixture, EC, BASE "}", fixture->ed, BAD, "its signature is wrong");
    check(fixture, "{\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}", BASE "}", fixture->ec, UNKNOWN_KEY,
        "[jwt corp] has no key of its kid");
    check(fixture, "{\"alg\":\"ES256\",\"kid\":\"ec\\u0000\"}", BASE "}", fixture->ec, UNKNOWN_KEY,
        "[jwt corp] has no key of its kid");
    struct fixture narrow = *fixture;
    narrow.issuer.algorithms = TOKEN_EDDSA;
    check(&narrow, EC, BASE "}", fixture->ec, BAD, "its alg is not among those of [jwt corp]");
}

// An HMAC by the public key, which a library takes that lets the header say what the key is.
static void the_public_key_is_no_secret_of_an_hmac(void **state)
{
    const struct fixture *fixture = *state;
    AUTO(buf_fini) struct buf token;
    struct err err = {0};
    unsigned char *der = NULL, mac[EVP_MAX_MD_SIZE];
    int der_len = i2d_PUBKEY(fixture->rsa, &der);
    buf_init(&token, 8192);
    fixture_base64url(span_of("{\"alg\":\"HS256\",\"kid\":\"rsa\"}"), &token);
    buf_append_str(&token, ".");
    fixture_base64url(span_of(BASE "}"), &token);
    size_t mac_len;
    assert_non_null(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, der, (size_t)der_len,
        (unsigned char *)token.data, token.len, mac, sizeof(mac), &mac_len));
    buf_append_str(&token, ".");
    fixture_base64url((struct span){.at = (char *)mac, .len = mac_len}, &token);
    assert_int_equal(judge(fixture, buf_span(&token), &err), MALFORMED);
    OPENSSL_free(der);
}

struct claims_case {
    const char *claims;
    enum fate fate;
    const char *reason;
};

static void what_claims_have_to_say(void **state)
{
    const struct fixture *fixture = *state;
    static const struct claims_case cases[] = {
        {"{" WHO ",\"aud\":[\"a\",\"prices\"],\"exp\":1800000000.5}", GOOD, ""},
        {"{" WHO ",\"aud\":\"prices\",\"exp\":1799999941}", GOOD, ""},
        {"{" WHO ",\"aud\":\"prices\",\"exp\":1799999940}", EXPIRED, "it has expired"},
        {"{" WHO ",\"aud\":\"prices\",\"exp\":1799999939}", EXPIRED, "it has expired"}, // by 61 s
        {"{" WHO ",\"aud\":\"prices\"}", BAD, "it has no exp, or one that is no moment"},
        {"{" WHO ",\"aud\":\"prices\",\"exp\":\"1800000100\"}", BAD,
            "it has no exp, or one that is no moment"},
        {"{" WHO ",\"aud\":\"prices\",\"exp\":1e300}", BAD, "it has no exp, or one that is no moment"},
        {"{" WHO ",\"aud\":\"prices\",\"exp\":-1}", BAD, "it has no exp, or one that is no moment"},
        {"{" WHO ",\"aud\":\"prices\",\"exp\":[1800000100]}", BAD, "it has no exp, or one that is no moment"},
        {BASE ",\"exp\":9999999999}", MALFORMED, "its claims: a second member exp"},
        {BASE ",\"\\u0065xp\":9999999999}", MALFORMED, "its claims: a second member exp"},
        {BASE ",\"nbf\":1800000060,\"iat\":1800000060}", GOOD, ""},
        {BASE ",\"nbf\":1800000061}", BAD, "its nbf is in the future: are the clocks of both right?"},
        {BASE ",\"iat\":1800000061}", BAD, "its iat is in the future: are the clocks of both right?"},
        {BASE ",\"nbf\":\"soon\"}", BAD, "its nbf is no moment"},
        {"{" WHO ",\"exp\":1800000100}", BAD, "its aud does not have prices"},
        {"{" WHO ",\"aud\":\"Prices\",\"exp\":1800000100}", BAD, "its aud does not have prices"},
        {"{" WHO ",\"aud\":[],\"exp\":1800000100}", BAD, "its aud does not have prices"},
        {"{" WHO ",\"aud\":[[\"prices\"]],\"exp\":1800000100}", BAD, "its aud does not have prices"},
        {"{" WHO ",\"aud\":{\"prices\":1},\"exp\":1800000100}", BAD, "its aud does not have prices"},
        {"{\"iss\":\"https://id.example/\",\"aud\":\"prices\",\"exp\":1800000100}", BAD,
            "its iss is another one"},
        {"{\"aud\":\"prices\",\"exp\":1800000100}", MALFORMED, "it has no iss"},
        {"{\"iss\":[\"https://id.example\"],\"aud\":\"prices\",\"exp\":1800000100}", MALFORMED,
            "it has no iss"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check(fixture, EC, cases[i].claims, fixture->ec, cases[i].fate, cases[i].reason);
}

static void deep_or_large_or_full_claims_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    AUTO(buf_fini) struct buf claims;
    buf_init(&claims, 2 * 1024 * 1024);
    buf_append_str(&claims, BASE ",\"deep\":");
    for (int i = 0; i < 2000; i++)
        buf_append_byte(&claims, '[');
    for (int i = 0; i < 2000; i++)
        buf_append_byte(&claims, ']');
    buf_append(&claims, "}", 2);
    check(fixture, EC, claims.data, fixture->ec, MALFORMED,
        "its claims: the value that begins here is not written as JSON has it, or nested deeper than 64 "
        "levels");
    buf_clear(&claims);
    buf_append_str(&claims, BASE);
    for (int i = 0; i < LIMIT_TOKEN_MEMBERS; i++)
        buf_printf(&claims, ",\"m%d\":1", i);
    buf_append(&claims, "}", 2);
    check(fixture, EC, claims.data, fixture->ec, MALFORMED, "its claims: more than 200 members");
    buf_clear(&claims);
    buf_append_str(&claims, BASE ",\"large\":\"");
    while (claims.len < 1024 * 1024)
        buf_append_byte(&claims, 'a');
    buf_append(&claims, "\"}", 3);
    check(fixture, EC, claims.data, fixture->ec, MALFORMED, "it has more than 8192 bytes");
}

// --- the form

static void a_signature_in_der_is_none(void **state)
{
    const struct fixture *fixture = *state;
    AUTO(buf_fini) struct buf token;
    struct err err = {0};
    buf_init(&token, 8192);
    fixture_sign(EC, BASE "}", fixture->ec, true, &token);
    assert_int_equal(judge(fixture, buf_span(&token), &err), BAD);
    assert_string_equal(err.text, "its signature is wrong");
}

// r and s of all sizes that are none: zeros, which some verifiers have let through, and those of the order.
static void signatures_out_of_range_are_wrong(void **state)
{
    const struct fixture *fixture = *state;
    static const unsigned char order[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51};
    for (int which = 0; which < 4; which++) {
        AUTO(buf_fini) struct buf token;
        struct err err = {0};
        char signature[64] = {0};
        buf_init(&token, 8192);
        fixture_sign(EC, BASE "}", NULL, false, &token);
        if (which & 1)
            memcpy(signature, order, 32);
        if (which & 2)
            memcpy(signature + 32, order, 32);
        fixture_base64url((struct span){.at = signature, .len = 64}, &token);
        assert_int_equal(judge(fixture, buf_span(&token), &err), BAD);
        assert_string_equal(err.text, "its signature is wrong");
    }
}

static void no_part_of_a_token_is_one_and_no_other_text_of_it(void **state)
{
    const struct fixture *fixture = *state;
    AUTO(buf_fini) struct buf token;
    struct err err = {0};
    buf_init(&token, 8192);
    fixture_sign(EC, BASE "}", fixture->ec, false, &token);
    assert_int_equal(judge(fixture, buf_span(&token), &err), GOOD);
    for (size_t len = 0; len < token.len; len++) {
        struct span part = {.at = token.data, .len = len};
        err = (struct err){0};
        assert_int_not_equal(judge(fixture, part, &err), GOOD);
        assert_string_not_equal(err.text, "");
    }
    for (size_t i = 0; i < token.len; i++) { // any other character, base64url or not, in any place
        char was = token.data[i];
        token.data[i] = was == 'A' ? 'B' : 'A';
        err = (struct err){0};
        assert_int_not_equal(judge(fixture, buf_span(&token), &err), GOOD);
        token.data[i] = was == '+' ? '/' : '+';
        err = (struct err){0};
        assert_int_equal(judge(fixture, buf_span(&token), &err), MALFORMED);
        token.data[i] = was;
    }
    const char *tails[] = {"=", "==", ".", ".AA", " ", "\n", ".AA.AA"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        size_t len = token.len;
        buf_append_str(&token, tails[i]);
        err = (struct err){0};
        assert_int_equal(judge(fixture, buf_span(&token), &err), MALFORMED);
        token.len = len;
    }
}

static void an_unsigned_token_is_bad_whatever_it_says(void **state)
{
    const struct fixture *fixture = *state;
    check(fixture, EC, BASE "}", NULL, MALFORMED, "it does not have the three parts of a signed JWT");
    check(fixture, "{\"alg\":\"none\",\"kid\":\"ec\"}", BASE "}", NULL, MALFORMED,
        "it does not have the three parts of a signed JWT");
}

// --- clients

static enum err_code make_client(const struct fixture *fixture, const char *claims, struct arena *arena,
    struct client *ret_client, struct err *err)
{
    AUTO(buf_fini) struct buf token;
    struct arena passing;
    struct jwt jwt;
    buf_init(&token, 8192);
    arena_init(&passing, JWT_ARENA_BYTES);
    fixture_sign(EC, claims, fixture->ec, false, &token);
    assert_int_equal(jwt_read(buf_span(&token), &passing, &jwt, err), ERR_NONE);
    assert_int_equal(jwt_judge(&jwt, &fixture->issuer, fixture->keys, NOW_S, err), JWT_GOOD);
    enum err_code code = jwt_client(&jwt, &fixture->issuer, arena, ret_client, err);
    arena_fini(&passing); // the client outlives it
    return code;
}

static void a_good_token_becomes_a_client(void **state)
{
    const struct fixture *fixture = *state;
    struct arena arena;
    struct client client;
    struct err err = {0};
    arena_init(&arena, JWT_ARENA_BYTES);
    assert_int_equal(
        make_client(fixture,
            BASE
            ",\"scope\":\"read  write\",\"tenant\":\"ac\\u006de\",\"level\":3,\"admin\":true,\"none\":null,"
            "\"groups\":[\"a\"],\"deep\":{\"tenant\":\"evil\"}}",
            &arena, &client, &err),
        ERR_NONE);
    assert_int_equal(client.kind, CLIENT_TOKEN);
    assert_true(span_is(client.id, "ann") && span_is(client.plan, "gold"));
    assert_int_equal(client.ends_s, 1800000160);
    assert_int_equal(client.scope_count, 2);
    assert_true(span_is(client.scopes[0], "read") && span_is(client.scopes[1], "write"));
    assert_true(span_is(*client_claim(&client, span_of("tenant")), "acme"));
    assert_true(span_is(*client_claim(&client, span_of("level")), "3"));
    assert_true(span_is(*client_claim(&client, span_of("admin")), "true"));
    assert_null(client_claim(&client, span_of("none")));
    assert_null(client_claim(&client, span_of("groups")));
    assert_null(client_claim(&client, span_of("deep")));
    assert_int_equal(
        make_client(fixture, BASE ",\"scope\":[\"GET /rates\",\"read\"]}", &arena, &client, &err), ERR_NONE);
    assert_int_equal(client.scope_count, 2);
    assert_true(client_may(&client, HTTP_GET, span_of("/rates"), span_of("")));
    assert_false(client_may(&client, HTTP_GET, span_of("/others"), span_of("")));
    arena_fini(&arena);
}

static void an_id_that_is_none_is_refused(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const ids[] = {
        "\"\"", "\"k_1\"", "\"a\\u0000b\"", "\"a\\nb\"", "null", "[\"ann\"]", "{}", "true"};
    struct fixture other = *fixture;
    other.issuer.client = span_of("user");
    for (size_t i = 0; i <= sizeof(ids) / sizeof(ids[0]); i++) {
        char claims[512];
        struct arena arena;
        struct client client;
        struct err err = {0};
        arena_init(&arena, JWT_ARENA_BYTES);
        if (i < sizeof(ids) / sizeof(ids[0]))
            snprintf(claims, sizeof(claims), "%s,\"user\":%s}", BASE, ids[i]);
        else
            snprintf(claims, sizeof(claims), "%s}", BASE); // without any
        assert_int_equal(make_client(&other, claims, &arena, &client, &err), ERR_INVALID);
        assert_string_equal(err.text,
            "its user can be no client's id: it wants 1 to 200 bytes, without controls, and not k_ at the "
            "beginning");
        arena_fini(&arena);
    }
}

static void too_many_scopes_and_scopes_that_are_none_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    AUTO(buf_fini) struct buf claims;
    struct arena arena;
    struct client client;
    struct err err = {0};
    buf_init(&claims, 8192);
    arena_init(&arena, JWT_ARENA_BYTES);
    buf_append_str(&claims, BASE ",\"scope\":\"");
    for (int i = 0; i <= LIMIT_SCOPES; i++)
        buf_append_str(&claims, "s ");
    buf_append(&claims, "\"}", 3);
    assert_int_equal(make_client(fixture, claims.data, &arena, &client, &err), ERR_INVALID);
    assert_string_equal(err.text, "it has more than 100 scopes");
    err = (struct err){0};
    assert_int_equal(make_client(fixture, BASE ",\"scope\":[1]}", &arena, &client, &err), ERR_INVALID);
    assert_string_equal(err.text, "its scope is neither a text nor an array of texts");
    arena_fini(&arena);
}

static void without_memory_nothing_is_lost(void **state)
{
    const struct fixture *fixture = *state;
    AUTO(buf_fini) struct buf token;
    buf_init(&token, 8192);
    fixture_sign(EC, BASE ",\"scope\":\"a b\",\"tenant\":\"acme\"}", fixture->ec, false, &token);
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code != ERR_NONE; n++) {
        struct err err = {0};
        struct arena arena, own;
        struct client client;
        struct jwt jwt;
        arena_init(&arena, JWT_ARENA_BYTES);
        arena_init(&own, JWT_ARENA_BYTES);
        assert_true(n < 1000);
        mem_fail_after(n);
        code = jwt_read(buf_span(&token), &arena, &jwt, &err);
        if (code == ERR_NONE)
            code = jwt_client(&jwt, &fixture->issuer, &own, &client, &err);
        mem_fail_after(-1);
        assert_true(code == ERR_NONE || code == ERR_NO_MEMORY || code == ERR_TOO_LARGE);
        arena_fini(&own);
        arena_fini(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_of_each_algorithm_are_good),
        cmocka_unit_test(what_a_header_may_not_say),
        cmocka_unit_test(where_keys_are_no_token_says),
        cmocka_unit_test(a_key_is_for_its_own_algorithm_and_kid),
        cmocka_unit_test(the_public_key_is_no_secret_of_an_hmac),
        cmocka_unit_test(what_claims_have_to_say),
        cmocka_unit_test(deep_or_large_or_full_claims_are_refused),
        cmocka_unit_test(a_signature_in_der_is_none),
        cmocka_unit_test(signatures_out_of_range_are_wrong),
        cmocka_unit_test(no_part_of_a_token_is_one_and_no_other_text_of_it),
        cmocka_unit_test(an_unsigned_token_is_bad_whatever_it_says),
        cmocka_unit_test(a_good_token_becomes_a_client),
        cmocka_unit_test(an_id_that_is_none_is_refused),
        cmocka_unit_test(too_many_scopes_and_scopes_that_are_none_are_refused),
        cmocka_unit_test(without_memory_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
