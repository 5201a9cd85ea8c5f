// SPDX-License-Identifier: Apache-2.0
#include "serve/toll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SECOND 1000000000ll

#define TEXT(text)                                                                                           \
    {                                                                                                        \
        text, sizeof(text) - 1                                                                               \
    }

static struct allowance allowances[] = {
    {ALLOWANCE_REQUESTS, 100, 60, TEXT("requests-minute"), TEXT("\"requests-minute\";q=100;w=60")},
    {ALLOWANCE_ROWS, 10, 86400, TEXT("rows-day"), TEXT("\"rows-day\";q=10;qu=\"rows\";w=86400")},
    {ALLOWANCE_BYTES, 999999999999999, 2592000, TEXT("bytes-month"),
        TEXT("\"bytes-month\";q=999999999999999")},
    {ALLOWANCE_BATCHES, 5, 3600, TEXT("batches-hour"), TEXT("\"batches-hour\";q=5;w=3600")},
    {ALLOWANCE_CONCURRENT, 2, 0, TEXT("concurrent"), TEXT("\"concurrent\";q=2")},
};
static const struct quota quota = {.allowances = allowances, .count = 5};

static void an_answer_says_what_is_left(void **state)
{
    (void)state;
    struct accounts *accounts;
    struct err err = {0};
    struct verdict verdict;
    char text[TOLL_CHARS];
    struct header_lines lines;
    const struct endpoint write = {.method = HTTP_POST};
    assert_int_equal(accounts_new(1, &accounts, &err), ERR_NONE);
    struct toll toll = {
        .quota = &quota, .account = accounts_find(accounts, 0, span_of("k")), .is_counted = true};
    header_lines_init(&lines, text, sizeof(text));
    toll_write(&toll, SECOND, &lines);
    assert_string_equal(text,
        "RateLimit-Policy: \"requests-minute\";q=100;w=60, \"rows-day\";q=10;qu=\"rows\";w=86400, "
        "\"bytes-month\";q=999999999999999, \"batches-hour\";q=5;w=3600, \"concurrent\";q=2\r\n"
        "RateLimit: \"requests-minute\";r=100, \"rows-day\";r=10, \"bytes-month\";r=999999999999999, "
        "\"batches-hour\";r=5, \"concurrent\";r=2\r\n");
    toll_admit(&toll, &write, SECOND, &verdict);
    assert_int_equal(verdict.admission, ADMITTED);
    toll_charge(&toll, 12, 99, SECOND);
    header_lines_init(&lines, text, sizeof(text));
    toll_write(&toll, SECOND, &lines);
    assert_string_equal(strchr(text, '\n') + 1,
        "RateLimit: \"requests-minute\";r=99;t=1, \"rows-day\";r=0;t=25920, "
        "\"bytes-month\";r=999999999999899;t=1, \"batches-hour\";r=4;t=720, \"concurrent\";r=1\r\n");
    toll_fini(&toll);
    toll_fini(&toll);
    accounts_free(accounts);
}

static void a_read_is_no_batch(void **state)
{
    (void)state;
    const struct endpoint read = {.method = HTTP_GET}, write = {.method = HTTP_POST};
    assert_int_equal(toll_wants(&read) & 1u << ALLOWANCE_BATCHES, 0);
    assert_int_not_equal(toll_wants(&write) & 1u << ALLOWANCE_BATCHES, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_says_what_is_left),
        cmocka_unit_test(a_read_is_no_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
