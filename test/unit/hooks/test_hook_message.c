// SPDX-License-Identifier: Apache-2.0
// What a hook says, and how it is signed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hooks/hook_message.h"

static struct hook_secrets *read_well(const char *text)
{
    struct hook_secrets *secrets = NULL;
    struct err err = {0};
    assert_int_equal(hook_secrets_read(span_of(text), &secrets, &err), ERR_NONE);
    return secrets;
}

static void assert_signature(const struct hook_secrets *secrets, const char *url, const char *expected)
{
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    hook_secrets_sign(secrets, span_of(url), span_of("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330,
        span_of("{\"test\": 2432232314}"), &out);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data, expected);
}

// The example that the specification's libraries have in their tests.
static void a_signature_is_that_of_the_specification(void **state)
{
    (void)state;
    struct hook_secrets *secrets = read_well("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    assert_signature(secrets, "https://a.example/x", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    hook_secrets_unref(secrets);
}

static void two_secrets_sign_together_and_a_receiver_may_have_its_own(void **state)
{
    (void)state;
    struct hook_secrets *secrets = read_well("# old and new\n"
                                             "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n"
                                             "\n"
                                             "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                                             "https://b.example   whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    assert_signature(secrets, "https://a.example/x",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,woH/1mJtZGSMCmpFTxRYbStS24eLLD/oXIYr4PYyZ7g=");
    assert_signature(secrets, "https://b.example/x?y", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_true(hook_secrets_fit(secrets, span_of("https://b.example:8443/")));
    hook_secrets_unref(secrets);
    secrets = read_well("https://b.example whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_false(hook_secrets_fit(secrets, span_of("https://b.example.org/")));
    assert_true(hook_secrets_fit(secrets, span_of("https://b.example")));
    hook_secrets_unref(secrets);
}

static void what_is_no_secret_is_refused_and_not_shown(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", "has no secret: a line is whsec_ and random bytes in base64"},
        {"# none\n", "has no secret: a line is whsec_ and random bytes in base64"},
        {"\nhunter2\n",
            "line 2 holds no secret: it is \"whsec_\" with 24 to 64 bytes in base64 behind it, perhaps "
            "with the https://HOST that it is for in front"},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==",
            "line 1 holds no secret: it is \"whsec_\" with 24 to 64 bytes "
            "in base64 behind it, perhaps with the https://HOST that it is for in front"},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw*",
            "line 1 holds no secret: it is \"whsec_\" with 24 to 64 bytes "
            "in base64 behind it, perhaps with the https://HOST that it is for in front"},
        {"https://a.example/x whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "line 1 names no receiver: write https://HOST or https://HOST:PORT, and nothing behind it, in front of "
            "its secret"},
        {"https://a.example:443 whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "line 1: write the receiver's host in small letters, and a port only where it is not the usual one"},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct hook_secrets *secrets = NULL;
        struct err err = {0};
        assert_int_equal(hook_secrets_read(span_of(texts[i][0]), &secrets, &err), ERR_CONFIG);
        assert_string_equal(err.text, texts[i][1]);
    }
}

static void the_body_is_what_the_record_knows(void **state)
{
    (void)state;
    const struct hook hook = {.id = span_of("hook_x"),
        .endpoint = span_of("POST /a\"b"),
        .batch = 12,
        .rows = 3,
        .created_ms = 1764440400123};
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 4096);
    hook_message_body(&hook, span_of("rates"), &out);
    buf_append_byte(&out, '\0');
    assert_string_equal(out.data,
        "{\"type\":\"batch.committed\",\"timestamp\":\"2025-11-29T18:20:00Z\",\"data\":{\"app\":\"rates\",\"endpoint\":"
        "\"POST /a\\\"b\",\"batch\":12,\"rows\":3,\"location\":\"/-/batches?app=rates&before=13&limit=1\"}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_is_that_of_the_specification),
        cmocka_unit_test(two_secrets_sign_together_and_a_receiver_may_have_its_own),
        cmocka_unit_test(what_is_no_secret_is_refused_and_not_shown),
        cmocka_unit_test(the_body_is_what_the_record_knows),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
