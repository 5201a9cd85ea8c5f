// SPDX-License-Identifier: Apache-2.0
#include "text/sql_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void assert_name(const char *text, const char *expected)
{
    char name[SQL_NAME_CHARS] = "";
    assert_true(sql_name_make(span_of(text), name));
    assert_string_equal(name, expected);
}

static void a_name_is_letters_digits_and_underscores(void **state)
{
    (void)state;
    assert_name("Prix unitaire (\u20ac)", "prix_unitaire");
    assert_name("Country Name", "country_name");
    assert_name("  Stra\u00dfe / Nr. ", "strasse_nr");
    assert_name("Gr\u00f6\u00dfe", "groesse");
    assert_name("D\u00e9partement d'outre-mer", "departement_d_outre_mer");
    assert_name("Citt\u00e0", "citta");
    assert_name("\u0141\u00f3d\u017a", "lodz");
    assert_name("__id__", "id");
    assert_name("2020", "c2020");
    assert_name("1st half", "c1st_half");
    assert_name("a\xFF"
                "b",
        "a_b");
    assert_name("\u4eba\u53e3 2020", "c2020");
    assert_name("a very long name of a column that goes on and on", "a_very_long_name_of_a_column_that_goes");
}

static void words_of_sql_get_an_underscore(void **state)
{
    (void)state;
    assert_name("Order", "order_");
    assert_name("FROM", "from_");
    assert_name("limit", "limit_");
    assert_name("line", "line_");
    assert_name("abort", "abort_");
    assert_name("without", "without_");
    assert_name("sqlite_x", "sqlite_x_");
    assert_name("orders", "orders");
}

static void other_scripts_have_no_name(void **state)
{
    (void)state;
    char name[SQL_NAME_CHARS] = "unchanged";
    assert_false(sql_name_make(span_of("\u4eba\u53e3"), name));
    assert_false(sql_name_make(span_of(""), name));
    assert_false(sql_name_make(span_of("(%)"), name));
    assert_string_equal(name, "unchanged");
}

static void a_number_makes_another_name(void **state)
{
    (void)state;
    char name[SQL_NAME_CHARS] = "total";
    sql_name_number(name, 2);
    assert_string_equal(name, "total_2");
    char full[SQL_NAME_CHARS] = "a123456789b123456789c123456789d123456789";
    sql_name_number(full, 12);
    assert_string_equal(full, "a123456789b123456789c123456789d123456_12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_letters_digits_and_underscores),
        cmocka_unit_test(words_of_sql_get_an_underscore),
        cmocka_unit_test(other_scripts_have_no_name),
        cmocka_unit_test(a_number_makes_another_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
