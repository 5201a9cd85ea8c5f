// SPDX-License-Identifier: Apache-2.0
// What a client prefers, and what is passed over.
#include "text/prefer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"

static struct prefer read_one(const char *value)
{
    struct prefer prefer = {0};
    prefer_read(span_of(value), &prefer);
    return prefer;
}

static void every_preference_is_read(void **state)
{
    (void)state;
    struct prefer prefer = read_one("tx=rollback, return=minimal, handling=lenient, respond-async, wait=10");
    assert_int_equal(prefer.tx, PREFER_TX_ROLLBACK);
    assert_int_equal(prefer.returns, PREFER_RETURN_MINIMAL);
    assert_int_equal(prefer.handling, PREFER_HANDLING_LENIENT);
    assert_true(prefer.is_async);
    assert_true(prefer.has_wait);
    assert_int_equal(prefer.wait_s, 10);
    prefer = read_one("tx=commit,return=representation,handling=strict");
    assert_int_equal(prefer.tx, PREFER_TX_COMMIT);
    assert_int_equal(prefer.returns, PREFER_RETURN_REPRESENTATION);
    assert_int_equal(prefer.handling, PREFER_HANDLING_STRICT);
    assert_false(prefer.is_async);
    assert_false(prefer.has_wait);
}

static void a_value_may_be_quoted_and_case_does_not_matter(void **state)
{
    (void)state;
    static const char *const values[] = {"tx=rollback", "TX=RollBack", "tx=\"rollback\"",
        "tx = \"ROLL\\back\"", "tx\t=\trollback", " tx=rollback ", ",,tx=rollback,",
        "foo=\"a, tx=commit\", tx=rollback", "foo=\"\\\", tx=commit\";bar=\",\", tx=rollback"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_int_equal(read_one(values[i]).tx, PREFER_TX_ROLLBACK);
}

static void parameters_are_passed_over(void **state)
{
    (void)state;
    static const char *const values[] = {"tx=rollback; why=test", "tx=rollback;why=\"a; b, c\"",
        "tx=rollback;", "tx=rollback ; ; a ;b=\"\"", "tx=rollback;tx=commit"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_int_equal(read_one(values[i]).tx, PREFER_TX_ROLLBACK);
}

static void the_first_one_of_a_name_counts(void **state)
{
    (void)state;
    assert_int_equal(read_one("tx=commit, tx=rollback").tx, PREFER_TX_COMMIT);
    assert_int_equal(read_one("tx=other, tx=rollback").tx, PREFER_TX_UNSAID);
    assert_int_equal(read_one("tx, tx=rollback").tx, PREFER_TX_UNSAID);
    assert_int_equal(read_one("wait=5, wait=7").wait_s, 5);
}

static void the_first_one_counts_over_several_fields(void **state)
{
    (void)state;
    struct prefer prefer = {0};
    prefer_read(span_of("return=minimal"), &prefer);
    prefer_read(span_of("return=representation, tx=rollback"), &prefer);
    assert_int_equal(prefer.returns, PREFER_RETURN_MINIMAL);
    assert_int_equal(prefer.tx, PREFER_TX_ROLLBACK);
}

static void what_is_not_understood_is_passed_over(void **state)
{
    (void)state;
    static const char *const values[] = {"", ",", ";", "=", "\"", "tx", "tx=", "tx=\"\"", "tx=rollbacks",
        "tx=rollback x", "tx=rollback;a=", "tx=rollback=1", "tx=\"rollback", "tx=\"rollback\\", "tx:rollback",
        "\"tx\"=rollback", "txt=rollback", "tx=\"rollback                          \"", "tx=\"rollback\"x",
        "foo=\"open, tx=rollback"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_int_equal(read_one(values[i]).tx, PREFER_TX_UNSAID);
    struct prefer prefer = read_one("a b c, depth-noroot, =, tx=rollback");
    assert_int_equal(prefer.tx, PREFER_TX_ROLLBACK);
}

static void a_nul_is_part_of_no_token(void **state)
{
    (void)state;
    struct prefer prefer = {0};
    prefer_read((struct span){.at = "tx=rollback\0", .len = sizeof("tx=rollback\0") - 1}, &prefer);
    assert_int_equal(prefer.tx, PREFER_TX_UNSAID);
}

static void an_async_answer_has_no_value(void **state)
{
    (void)state;
    assert_true(read_one("Respond-Async").is_async);
    assert_true(read_one("respond-async=\"\"").is_async);
    assert_false(read_one("respond-async=no").is_async);
}

static void waiting_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(read_one("wait=0").wait_s, 0);
    assert_true(read_one("wait=0").has_wait);
    assert_int_equal(read_one("wait=86401").wait_s, PREFER_MAX_WAIT_S);
    assert_int_equal(read_one("wait=99999999999999999999999999").wait_s, PREFER_MAX_WAIT_S);
    static const char *const values[] = {"wait", "wait=", "wait=-1", "wait=1.5", "wait=10s"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_false(read_one(values[i]).has_wait);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_preference_is_read),
        cmocka_unit_test(a_value_may_be_quoted_and_case_does_not_matter),
        cmocka_unit_test(parameters_are_passed_over),
        cmocka_unit_test(the_first_one_of_a_name_counts),
        cmocka_unit_test(the_first_one_counts_over_several_fields),
        cmocka_unit_test(what_is_not_understood_is_passed_over),
        cmocka_unit_test(a_nul_is_part_of_no_token),
        cmocka_unit_test(an_async_answer_has_no_value),
        cmocka_unit_test(waiting_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
