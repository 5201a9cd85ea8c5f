// SPDX-License-Identifier: Apache-2.0
// distance_m(lat1, lng1, lat2, lng2), as every store has it.
#include "fixture.h"

#include <math.h>
#include <stdio.h>

static double distance(struct fixture *f, const char *arguments)
{
    char sql[300];
    struct err err = {0};
    struct value value = {0};
    bool row = false;
    snprintf(sql, sizeof(sql), "SELECT distance_m(%s)", arguments);
    struct store_stmt *stmt = prepare(f->reader, sql, NULL, 0);
    assert_int_equal(store_bind(stmt, NULL, &err), ERR_NONE);
    assert_int_equal(store_step(stmt, &row, &err), ERR_NONE);
    assert_true(row);
    assert_int_equal(store_column(stmt, 0, &value, &err), ERR_NONE);
    assert_int_equal(value.kind, VALUE_REAL);
    store_finalize(stmt);
    return value.real;
}

static void assert_distance(struct fixture *f, const char *arguments, double metres, double within)
{
    double actual = distance(f, arguments);
    if (!(fabs(actual - metres) <= within))
        fail_msg("distance_m(%s) is %.9f, not %.9f", arguments, actual, metres);
}

static const double CIRCLE_M = 2 * M_PI * 6371000;

static void it_is_that_of_the_great_circle(void **state)
{
    struct fixture *f = *state;
    assert_distance(f, "0, 0, 0, 90", CIRCLE_M / 4, 1e-6);
    assert_distance(f, "0, 0, 1, 0", CIRCLE_M / 360, 1e-6);
    assert_distance(f, "60, 10, 60, 190", CIRCLE_M / 6, 1e-6);                        // over the pole
    assert_distance(f, "59.33258, 18.0649, 57.70887, 11.97456", 396855.642463, 1e-5); // Stockholm, Gothenburg
    assert_distance(f, "-33.8688, 151.2093, 51.5074, -0.1278", 16993933.459796, 1e-5); // Sydney, London
}

static void it_is_the_same_both_ways(void **state)
{
    struct fixture *f = *state;
    assert_true(distance(f, "59.3, 18.1, 59.4, 18.2") == distance(f, "59.4, 18.2, 59.3, 18.1"));
    assert_true(distance(f, "1, 179.9, 2, -179.8") == distance(f, "2, -179.8, 1, 179.9"));
}

static void a_place_is_no_way_from_itself(void **state)
{
    struct fixture *f = *state;
    assert_true(distance(f, "59.33258, 18.0649, 59.33258, 18.0649") == 0);
    assert_true(distance(f, "-0.1, -180, -0.1, -180") == 0);
    assert_distance(f, "59.3, 180, 59.3, -180", 0, 1e-9);
    assert_distance(f, "90, 12, 90, -77", 0, 1e-6); // a pole has every longitude
    assert_distance(f, "-90, 12, -90, 102", 0, 1e-6);
}

static void tiny_ways_are_exact(void **state)
{
    struct fixture *f = *state;
    assert_distance(f, "45, 7, 45.00000001, 7", CIRCLE_M / 360 * 1e-8, 2e-9); // a millimetre
    assert_distance(f, "0, 7, 0, 7.0000001", CIRCLE_M / 360 * 1e-7, 2e-9);
    assert_distance(f, "60, 7, 60, 7.0000001", CIRCLE_M / 720 * 1e-7, 2e-9);
}

static void the_180th_meridian_is_no_border(void **state)
{
    struct fixture *f = *state;
    assert_distance(f, "0, 179.9999, 0, -179.9999", CIRCLE_M / 360 * 0.0002, 1e-6);
    assert_distance(f, "-17, 179.99, -17, -179.99", distance(f, "-17, 1.01, -17, 1.03"), 1e-6);
}

static void the_other_end_of_the_world_is_half_a_circle_away(void **state)
{
    struct fixture *f = *state;
    assert_distance(f, "90, 0, -90, 0", CIRCLE_M / 2, 1e-6);
    assert_distance(f, "0, 0, 0, 180", CIRCLE_M / 2, 1e-6);
    assert_distance(f, "59.33258, 18.0649, -59.33258, -161.9351", CIRCLE_M / 2, 1e-6);
    assert_distance(f, "0, 0, 0, 179.99999999", CIRCLE_M / 2 - CIRCLE_M / 360 * 1e-8, 5e-9);
    assert_distance(f, "30, 0, -29.99999999, 180", CIRCLE_M / 2 - CIRCLE_M / 360 * 1e-8, 5e-9);
}

static void nulls_make_it_null(void **state)
{
    struct fixture *f = *state;
    assert_rows(f->reader,
        "SELECT distance_m(NULL, 1, 2, 3), distance_m(1, NULL, 2, 3), distance_m(1, 2, NULL, 3),"
        " distance_m(1, 2, 3, NULL)",
        "NULL|NULL|NULL|NULL\n");
}

static void what_is_no_number_is_an_error(void **state)
{
    struct fixture *f = *state;
    if (!f->is_sqlite) // whose own function it is
        skip();
    assert_error(error_of_run(f->reader, "SELECT distance_m(1, 'north', 2, 3)"), ERR_VALUE,
        "distance_m: lng1 is \"north\", which is not a number");
    assert_rows(f->reader, "SELECT distance_m('x', 2, 3, NULL)", "NULL\n");
    assert_error(error_of_run(f->reader, "SELECT distance_m(1, 2, 9e999, 3)"), ERR_VALUE,
        "distance_m: lat2 is \"Inf\", which is not a number");
    assert_error(error_of_run(f->reader, "SELECT distance_m(1, 2, 3, '')"), ERR_VALUE,
        "distance_m: lng2 is \"\", which is not a number");
    assert_error(error_of_run(f->reader, "SELECT distance_m('1', 2, '3.0', x'00')"), ERR_VALUE,
        "distance_m: lng2 is \"\", which is not a number");
    assert_distance(f, "'0', '0', '1.0', 0", CIRCLE_M / 360, 1e-6); // a text that is one will do
    assert_error(error_of_prepare(f->reader, "SELECT distance_m(1, 2, 3)"), ERR_CONFIG,
        "wrong number of arguments to function distance_m()");
}

static void an_index_and_a_view_may_be_made_of_it(void **state)
{
    struct fixture *f = *state;
    run_script(f->writer,
        "CREATE TABLE shops (id integer PRIMARY KEY, lat real, lng real);"
        "CREATE INDEX from_home ON shops (distance_m(lat, lng, 0, 0));"
        "CREATE VIEW near AS SELECT id FROM shops WHERE distance_m(lat, lng, 0, 0) < 200000;"
        "INSERT INTO shops VALUES (1, 1, 0), (2, 2, 0);");
    assert_rows(f->reader, "SELECT id FROM near", "1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(it_is_that_of_the_great_circle),
        STORE_TEST(it_is_the_same_both_ways),
        STORE_TEST(a_place_is_no_way_from_itself),
        STORE_TEST(tiny_ways_are_exact),
        STORE_TEST(the_180th_meridian_is_no_border),
        STORE_TEST(the_other_end_of_the_world_is_half_a_circle_away),
        STORE_TEST(nulls_make_it_null),
        STORE_TEST(what_is_no_number_is_an_error),
        STORE_TEST(an_index_and_a_view_may_be_made_of_it),
    };
    return fixture_run(tests);
}
