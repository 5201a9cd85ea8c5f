// SPDX-License-Identifier: Apache-2.0
// Rows that commands print, in each of their formats.
#include "cmd/listing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/mem.h"

static const char *const columns[] = {"name", "count", "note"};

static char text[4096];

static void fill(struct listing *listing)
{
    listing_init(listing, columns, ARRAY_LEN(columns));
    listing_add_text(listing, span_of("ö \"quoted\", so"));
    listing_add_integer(listing, 7);
    listing_add_null(listing);
    listing_add_text(listing, span_of(""));
    listing_add_integer(listing, -1234567);
    listing_add_text(listing, span_of("last"));
}

static const char *printed(const struct listing *listing, enum listing_format format)
{
    text[0] = '\0'; // which stays when nothing is printed
    FILE *file = fmemopen(text, sizeof(text), "w");
    assert_non_null(file);
    assert_true(listing_print(listing, format, file));
    fclose(file);
    return text;
}

static void a_table_has_its_numbers_at_the_right(void **state)
{
    (void)state;
    AUTO(listing_fini) struct listing listing;
    fill(&listing);
    assert_string_equal(printed(&listing, LISTING_TEXT), "name            count     note\n"
                                                         "ö \"quoted\", so         7  -\n"
                                                         "                -1234567  last\n");
}

static void csv_tells_null_from_an_empty_text(void **state)
{
    (void)state;
    AUTO(listing_fini) struct listing listing;
    fill(&listing);
    assert_string_equal(printed(&listing, LISTING_CSV), "name,count,note\r\n"
                                                        "\"ö \"\"quoted\"\", so\",7,\r\n"
                                                        "\"\",-1234567,last\r\n");
}

static void json_is_an_array_with_a_row_a_line(void **state)
{
    (void)state;
    AUTO(listing_fini) struct listing listing;
    fill(&listing);
    assert_string_equal(printed(&listing, LISTING_JSON),
        "[\n"
        "{\"name\": \"ö \\\"quoted\\\", so\", \"count\": 7, \"note\": null},\n"
        "{\"name\": \"\", \"count\": -1234567, \"note\": \"last\"}\n"
        "]\n");
}

static void without_rows_there_is_a_header_of_csv_alone(void **state)
{
    (void)state;
    AUTO(listing_fini) struct listing listing;
    listing_init(&listing, columns, ARRAY_LEN(columns));
    assert_string_equal(printed(&listing, LISTING_TEXT), "");
    assert_string_equal(printed(&listing, LISTING_CSV), "name,count,note\r\n");
    assert_string_equal(printed(&listing, LISTING_JSON), "[]\n");
}

static void a_row_that_had_no_memory_is_told(void **state)
{
    (void)state;
    for (long n = 0; n < 2; n++) {
        AUTO(listing_fini) struct listing listing;
        mem_fail_after(n);
        fill(&listing);
        mem_fail_after(-1);
        assert_true(listing.is_full || n > 0);
        if (listing.is_full)
            assert_false(listing_print(&listing, LISTING_TEXT, stdout));
    }
}

static void a_format_is_one_of_three(void **state)
{
    (void)state;
    enum listing_format format = LISTING_TEXT;
    assert_true(listing_format_read("json", &format));
    assert_int_equal(format, LISTING_JSON);
    assert_true(listing_format_read("csv", &format));
    assert_int_equal(format, LISTING_CSV);
    assert_false(listing_format_read("JSON", &format));
    assert_int_equal(format, LISTING_CSV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_has_its_numbers_at_the_right),
        cmocka_unit_test(csv_tells_null_from_an_empty_text),
        cmocka_unit_test(json_is_an_array_with_a_row_a_line),
        cmocka_unit_test(without_rows_there_is_a_header_of_csv_alone),
        cmocka_unit_test(a_row_that_had_no_memory_is_told),
        cmocka_unit_test(a_format_is_one_of_three),
    };
    return cmocka_run_group_tests_name("cmd/listing", tests, NULL, NULL);
}
