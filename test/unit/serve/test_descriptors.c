// SPDX-License-Identifier: Apache-2.0
#include "serve/descriptors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/resource.h>

#include "base/limits.h"

static void many_are_enough_for_all(void **state)
{
    (void)state;
    struct descriptors found = {0};
    descriptors_share(1000000, 10, LIMIT_CONNECTIONS, &found);
    assert_int_equal(found.connections, LIMIT_CONNECTIONS);
    assert_int_equal(found.file_answers, LIMIT_FILE_ANSWERS);
}

static void connections_get_what_nothing_else_may_need(void **state)
{
    (void)state;
    struct descriptors found = {0};
    size_t reserve = LIMIT_FILE_ANSWERS + LIMIT_SPARE_FILES + 10 * LIMIT_HANDLE_FILES;
    descriptors_share(10000, 10, LIMIT_CONNECTIONS, &found);
    assert_int_equal(found.connections, 10000 - reserve);
    assert_int_equal(found.file_answers, reserve / 2);
}

static void half_of_a_few_is_kept_back(void **state)
{
    (void)state;
    struct descriptors found = {0};
    descriptors_share(41, 10, LIMIT_CONNECTIONS, &found);
    assert_int_equal(found.connections, 20);
    assert_int_equal(found.file_answers, 10);
    descriptors_share(0, 10, LIMIT_CONNECTIONS, &found);
    assert_int_equal(found.connections, 0);
}

static void without_room_for_a_client_there_is_no_start(void **state)
{
    (void)state;
    struct descriptors found = {0};
    struct err err = {0};
    struct rlimit before, now;
    getrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(descriptors_claim(10, LIMIT_CONNECTIONS, &found, &err), ERR_NONE);
    assert_int_equal(found.limit, before.rlim_cur);
    now = (struct rlimit){.rlim_cur = 5, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(descriptors_claim(10, LIMIT_CONNECTIONS, &found, &err), ERR_CONFIG);
    assert_int_equal(strncmp(err.text, "the limit of 5 open files leaves no room for clients: ", 54), 0);
    assert_string_equal(err.hint, "raise it by ulimit -n, or by LimitNOFILE= of the service");
    descriptors_raise();
    getrlimit(RLIMIT_NOFILE, &now);
    assert_int_equal(now.rlim_cur, before.rlim_max < LIMIT_DESCRIPTORS ? before.rlim_max : LIMIT_DESCRIPTORS);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_are_enough_for_all),
        cmocka_unit_test(connections_get_what_nothing_else_may_need),
        cmocka_unit_test(half_of_a_few_is_kept_back),
        cmocka_unit_test(without_room_for_a_client_there_is_no_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
