// SPDX-License-Identifier: Apache-2.0
// Values of parameters as text (jobs/job_params.h), and words of jobs (jobs/job.h).
#include "jobs/job_params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "jobs/job.h"

static void values_come_back_to_the_last_bit(void **state)
{
    (void)state;
    const struct value values[] = {
        {.kind = VALUE_NULL},
        {.kind = VALUE_INTEGER, .integer = INT64_MIN},
        {.kind = VALUE_INTEGER, .integer = INT64_MAX},
        {.kind = VALUE_SCALED, .integer = -1230, .scale = 2},
        {.kind = VALUE_REAL, .real = 0.1},
        {.kind = VALUE_REAL, .real = -1.7976931348623157e308},
        {.kind = VALUE_REAL, .real = 5e-324},
        {.kind = VALUE_TEXT, .text = {.at = "a;b:c\n", .len = 6}},
        {.kind = VALUE_TEXT, .text = {.at = "", .len = 0}},
    };
    enum { COUNT = ARRAY_LEN(values) };
    struct value read[COUNT];
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 4096);
    job_params_write(values, COUNT, &text);
    assert_int_equal(buf_status(&text), ERR_NONE);
    assert_true(job_params_read(buf_span(&text), read, COUNT));
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(read[i].kind, values[i].kind);
        if (values[i].kind == VALUE_TEXT)
            assert_true(span_equal(read[i].text, values[i].text));
        else if (values[i].kind == VALUE_REAL)
            assert_memory_equal(&read[i].real, &values[i].real, sizeof(double));
        else if (values[i].kind != VALUE_NULL)
            assert_int_equal(read[i].integer, values[i].integer);
        assert_int_equal(read[i].scale, values[i].scale);
    }
}

static void a_text_that_was_tampered_with_is_refused(void **state)
{
    (void)state;
    const char *const texts[] = {"", "n", "n;", "n;n;n;", "nx;n;", "i;n;", "ix;n;", "i5n;", "t5:abc;n;",
        "t-1:;n;", "t99999999999999999999:a;n;", "t1:ab;n;", "s1/300;n;", "s1;n;", "r1.0x;n;", "z;n;", "t1:a",
        "n;t0:"};
    struct value read[2];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_false(job_params_read(span_of(texts[i]), read, 2));
    assert_true(job_params_read(span_of("n;t0:;"), read, 2));
}

static void ids_are_random_and_of_one_form(void **state)
{
    (void)state;
    struct err err = {0};
    char one[JOB_ID_CHARS + 1], other[JOB_ID_CHARS + 1];
    assert_int_equal(job_id_make(one, &err), ERR_NONE);
    assert_int_equal(job_id_make(other, &err), ERR_NONE);
    assert_string_not_equal(one, other);
    assert_true(job_id_is_sound(span_of(one)));
    assert_false(job_id_is_sound(span_of("")));
    assert_false(job_id_is_sound((struct span){.at = one, .len = JOB_ID_CHARS - 1}));
    one[3] = 'i'; // a digit of none
    assert_false(job_id_is_sound(span_of(one)));
}

static void states_have_words(void **state)
{
    (void)state;
    for (int i = 0; i < JOB_STATES; i++) {
        enum job_state found = JOB_STATES;
        assert_true(job_state_from_word(span_of(job_state_word((enum job_state)i)), &found));
        assert_int_equal(found, i);
    }
    enum job_state ignored;
    assert_false(job_state_from_word(span_of("late"), &ignored));
}

static void the_first_ones_of_more_or_fewer_values_are_read(void **state)
{
    (void)state;
    struct value read[2];
    size_t count = 9;
    assert_true(job_params_read_some(span_of("t1:a;t1:b;t1:c;"), read, 2, &count));
    assert_int_equal(count, 2);
    assert_true(span_is(read[1].text, "b"));
    assert_true(job_params_read_some(span_of("t1:a;"), read, 2, &count));
    assert_int_equal(count, 1);
    assert_true(job_params_read_some(span_of(""), read, 2, &count));
    assert_int_equal(count, 0);
    assert_false(job_params_read_some(span_of("t1:a;t"), read, 2, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_ones_of_more_or_fewer_values_are_read),
        cmocka_unit_test(values_come_back_to_the_last_bit),
        cmocka_unit_test(a_text_that_was_tampered_with_is_refused),
        cmocka_unit_test(ids_are_random_and_of_one_form),
        cmocka_unit_test(states_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
