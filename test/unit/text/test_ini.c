// SPDX-License-Identifier: Apache-2.0
// Ini files: cases of test/cases/ini, and the length of lines.
#include "text/ini.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cases.h"
#include "text/bom.h"

static void write_span(struct buf *out, struct span text)
{
    buf_append(out, text.at, text.len);
}

// The column of a text of the file, from 1; a byte order mark is in none.
static unsigned column_of(struct span input, const char *at)
{
    const char *start = at, *first = input.at + bom_length(input);
    while (start > first && start[-1] != '\n')
        start--;
    return (unsigned)(at - start) + 1;
}

static void dump(const char *name, struct span input, size_t step, struct buf *out)
{
    (void)name;
    (void)step;
    struct ini ini;
    struct ini_entry entry;
    ini_init(&ini, input);
    while (ini_next(&ini, &entry)) {
        buf_printf(out, "%u", entry.line);
        if (entry.problem == NULL)
            buf_printf(out, ":%u", column_of(input, entry.key.at));
        buf_append_str(out, " [");
        write_span(out, entry.section);
        buf_append_str(out, "] ");
        if (entry.problem != NULL) {
            buf_append_str(out, entry.problem);
        } else {
            write_span(out, entry.key);
            buf_printf(out, " = %u:", column_of(input, entry.value.at));
            write_span(out, entry.value);
        }
        buf_append_byte(out, '\n');
    }
}

static void all_cases_come_out_as_expected(void **state)
{
    (void)state;
    cases_run("ini", dump);
}

static void a_line_of_198_bytes_passes_and_a_longer_one_does_not(void **state)
{
    (void)state;
    for (size_t len = INI_LINE_BYTES; len <= INI_LINE_BYTES + 1; len++) {
        AUTO(buf_fini) struct buf text;
        struct ini ini;
        struct ini_entry entry;
        buf_init(&text, 1000);
        buf_append_str(&text, "  k=");
        while (text.len < len + 2)
            buf_append_byte(&text, 'x');
        buf_append_str(&text, " \r\n");
        ini_init(&ini, buf_span(&text));
        assert_true(ini_next(&ini, &entry));
        if (len > INI_LINE_BYTES) {
            assert_string_equal(entry.problem, "the line is longer than 198 bytes");
        } else {
            assert_null(entry.problem);
            assert_ptr_equal(entry.key.at, text.data + 2);
            assert_int_equal(entry.value.len, INI_LINE_BYTES - 2);
        }
        assert_false(ini_next(&ini, &entry));
        assert_false(ini_next(&ini, &entry));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_come_out_as_expected),
        cmocka_unit_test(a_line_of_198_bytes_passes_and_a_longer_one_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
