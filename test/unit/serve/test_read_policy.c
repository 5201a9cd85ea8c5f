// SPDX-License-Identifier: Apache-2.0
#include "serve/read_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/limits.h"

static const char *name_of(enum read_next next)
{
    static const char *const names[] = {
        [READ_ENDS] = "ends",
        [READ_AGAIN] = "again",
        [READ_ANEW] = "anew",
        [READ_FROM_PRIMARY] = "from the primary",
        [READ_ALONE] = "alone",
        [READ_REQUEUE] = "requeue",
    };
    return names[next];
}

static void expect(enum err_code code, const char *primary, const char *replica, const char *together)
{
    assert_string_equal(name_of(read_next(READ_PRIMARY, code, 1)), primary);
    assert_string_equal(name_of(read_next(READ_REPLICA, code, 1)), replica);
    assert_string_equal(name_of(read_next(READ_TOGETHER, code, 1)), together);
}

static void an_answer_ends_a_read_everywhere(void **state)
{
    (void)state;
    expect(ERR_NONE, "ends", "ends", "ends");
}

static void what_is_wrong_with_a_request_is_wrong_on_a_replica_too(void **state)
{
    (void)state;
    expect(ERR_MALFORMED, "ends", "ends", "alone");
    expect(ERR_INVALID, "ends", "ends", "alone");
    expect(ERR_UNKNOWN, "ends", "ends", "alone");
    expect(ERR_TIMEOUT, "ends", "ends", "requeue");
}

static void what_may_go_well_now_is_tried_again(void **state)
{
    (void)state;
    expect(ERR_AGAIN, "again", "again", "alone");
    expect(ERR_ABORTED, "again", "from the primary", "alone");
    expect(ERR_STALE, "anew", "from the primary", "alone");
}

static void any_other_error_of_a_replica_is_left_to_the_primary(void **state)
{
    (void)state;
    for (int code = ERR_NONE; code <= ERR_STORE; code++) {
        switch ((enum err_code)code) {
        case ERR_NONE:
        case ERR_MALFORMED:
        case ERR_INVALID:
        case ERR_UNKNOWN:
        case ERR_TIMEOUT:
        case ERR_AGAIN:
        case ERR_ABORTED:
        case ERR_STALE:
            break;
        default:
            expect((enum err_code)code, "ends", "from the primary", "alone");
        }
    }
}

static void tries_come_to_an_end(void **state)
{
    (void)state;
    unsigned most = LIMIT_READ_TRIES;
    assert_int_equal(read_next(READ_PRIMARY, ERR_STALE, most - 1), READ_ANEW);
    assert_int_equal(read_next(READ_PRIMARY, ERR_STALE, most), READ_ENDS);
    assert_int_equal(read_next(READ_PRIMARY, ERR_ABORTED, most), READ_ENDS);
    assert_int_equal(read_next(READ_REPLICA, ERR_AGAIN, most - 1), READ_AGAIN);
    assert_int_equal(read_next(READ_REPLICA, ERR_AGAIN, most), READ_FROM_PRIMARY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_a_read_everywhere),
        cmocka_unit_test(what_is_wrong_with_a_request_is_wrong_on_a_replica_too),
        cmocka_unit_test(what_may_go_well_now_is_tried_again),
        cmocka_unit_test(any_other_error_of_a_replica_is_left_to_the_primary),
        cmocka_unit_test(tries_come_to_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
