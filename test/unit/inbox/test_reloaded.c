// SPDX-License-Identifier: Apache-2.0
// When a file that has changed is loaded again (inbox/reloaded.h).
#include "inbox/reloaded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { H = 3600, DAY = 24 * H, AT = 3 * H };

static const int64_t MIDNIGHT = 1767222000; // 2026-01-01 00:00 in Berlin

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void a_file_is_loaded_when_its_time_has_come_since_its_change(void **state)
{
    (void)state;
    set_zone("Europe/Berlin");
    assert_false(reloaded_is_time(AT, MIDNIGHT + 1 * H, MIDNIGHT + 2 * H));
    assert_true(reloaded_is_time(AT, MIDNIGHT + 1 * H, MIDNIGHT + 3 * H));
    assert_true(reloaded_is_time(AT, MIDNIGHT + 1 * H, MIDNIGHT + 20 * H)); // the process was down at three
    assert_false(reloaded_is_time(AT, MIDNIGHT + 4 * H, MIDNIGHT + 20 * H));
    assert_false(reloaded_is_time(AT, MIDNIGHT + 4 * H, MIDNIGHT + DAY + 2 * H));
    assert_true(reloaded_is_time(AT, MIDNIGHT + 4 * H, MIDNIGHT + DAY + 3 * H));
    assert_true(reloaded_is_time(AT, MIDNIGHT + 3 * H, MIDNIGHT + 3 * H));
    assert_true(reloaded_is_time(0, MIDNIGHT - H, MIDNIGHT));
}

static void a_day_whose_clocks_are_set_has_its_time_once(void **state)
{
    (void)state;
    enum { HALF_PAST_TWO = 2 * H + H / 2 };
    const int64_t day = 1774738800; // 2026-03-29 00:00, on which 02:30 does not come
    set_zone("Europe/Berlin");
    assert_false(reloaded_is_time(HALF_PAST_TWO, day, day + H));
    assert_true(reloaded_is_time(HALF_PAST_TWO, day, day + 3 * H));
    const int64_t other = 1792879200; // 2026-10-25 00:00, on which it comes twice
    assert_true(reloaded_is_time(HALF_PAST_TWO, other, other + 4 * H));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_loaded_when_its_time_has_come_since_its_change),
        cmocka_unit_test(a_day_whose_clocks_are_set_has_its_time_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
