// SPDX-License-Identifier: Apache-2.0
// Upserts of which it is plain that no key comes twice, and others.
#include "store/sqlite/grouped.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void what_is_grouped_by_the_key_has_each_key_once(void **state)
{
    (void)state;
    static const char *const sql[] = {
        "INSERT INTO t (a, n) SELECT x, sum(y) FROM batch GROUP BY x ON CONFLICT (a) DO UPDATE SET n = 1",
        "-- sums\ninsert into t (a, b, n)\nWITH c AS (SELECT x, y FROM batch GROUP BY x, y)\n"
        "SELECT c.x, p.y, sum(n) FROM c JOIN p ON p.y = c.y WHERE true GROUP BY c.x, p.y HAVING sum(n) > 0\n"
        "ON CONFLICT (b, a) DO UPDATE SET n = excluded.n",
        "INSERT INTO t (a, n) SELECT lower(x), sum(y) FROM batch GROUP BY lower(x) ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, b) SELECT x, y FROM batch GROUP BY x ON CONFLICT (a, b) DO UPDATE SET b = 1",
    };
    for (size_t i = 0; i < ARRAY_LEN(sql); i++)
        assert_true(sqlite_is_grouped(span_of(sql[i])));
}

static void all_others_may_meet_one_twice(void **state)
{
    (void)state;
    static const char *const sql[] = {
        "",
        "INSERT INTO t (a, n) SELECT x, y FROM batch WHERE true ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t SELECT x, sum(y) FROM batch GROUP BY x ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT x, sum(y) FROM batch GROUP BY x, z ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT x, z FROM batch GROUP BY x, z ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (n, a) SELECT x, sum(y) FROM batch GROUP BY x ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT x % 2, sum(y) FROM batch GROUP BY x ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT 2, x FROM batch GROUP BY 2 ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT x, sum(y) FROM batch GROUP BY x UNION ALL SELECT 1, 2 ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT 1, 2 UNION ALL SELECT x, sum(y) FROM batch GROUP BY x ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT x, y FROM (SELECT x, y FROM batch GROUP BY x) ON CONFLICT (a) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT x, sum(y) FROM batch GROUP BY x ON CONFLICT (n) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) SELECT x, sum(y) FROM batch GROUP BY x ON CONFLICT (a) DO NOTHING ON CONFLICT (n) DO UPDATE SET n = 1",
        "INSERT INTO t (a, n) VALUES (1, 2), (1, 3) ON CONFLICT (a) DO UPDATE SET n = 1",
    };
    for (size_t i = 0; i < ARRAY_LEN(sql); i++)
        assert_false(sqlite_is_grouped(span_of(sql[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_grouped_by_the_key_has_each_key_once),
        cmocka_unit_test(all_others_may_meet_one_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
