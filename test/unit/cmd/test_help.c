// SPDX-License-Identifier: Apache-2.0
// --help of a command, and the table of options in docs/reference.md, which has to say the same.
#include "cmd/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/buf.h"

enum { TEXT_BYTES = 1024 * 1024 };

static void help_is_laid_out_from_the_table(void **state)
{
    (void)state;
    static const struct usage usage = {.command = COMMAND_TEST,
        .forms = "test APP\ntest OTHER",
        .about = "Does this.\n",
        .notes = "Ends so.\n"};
    static char text[TEXT_BYTES];
    FILE *file = fmemopen(text, sizeof(text), "w");
    assert_non_null(file);
    help_print(&usage, file);
    fclose(file);
    assert_string_equal(text,
        "usage: reckoner test APP\n"
        "       reckoner test OTHER\n"
        "\n"
        "Does this.\n"
        "\n"
        "  --store URL        with postgresql://…: the files for that database, tried in schemas of their own\n"
        "                     there, which are removed again; otherwise those for SQLite (RECKONER_STORE)\n"
        "  --timeout SECONDS  how long a request may take (default 30)\n"
        "  --help             print this\n"
        "\n"
        "A flag goes over the environment variable in parentheses.\n"
        "\n"
        "Ends so.\n");
}

static void append_commands(const struct option_row *row, struct buf *out)
{
    static const struct {
        enum command command;
        const char *name;
    } commands[] = {
        {COMMAND_SERVE, "serve"},
        {COMMAND_INIT, "init"},
        {COMMAND_CHECK, "check"},
        {COMMAND_TEST, "test"},
        {COMMAND_EXPLAIN, "explain"},
        {COMMAND_ROUTES, "routes"},
        {COMMAND_LOAD, "load"},
        {COMMAND_RESET, "reset"},
        {COMMAND_USAGE, "usage"},
        {COMMAND_KEY_CREATE, "key create"},
        {COMMAND_KEY_LIST, "key list"},
        {COMMAND_KEY_SHOW, "key show"},
        {COMMAND_KEY_ROTATE, "key rotate"},
        {COMMAND_KEY_REVOKE, "key revoke"},
    };
    const char *separator = "";
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (option_is_of(row, commands[i].command)) {
            buf_printf(out, "%s`%s`", separator, commands[i].name);
            separator = ", ";
        }
    }
}

// All columns but the last one, whose words are for people.
static void append_row(const struct option_row *row, struct buf *out)
{
    const char *value = row->help[0].value;
    buf_printf(out, "\n| `%s%s%s` | ", row->flag, value != NULL ? " " : "", value != NULL ? value : "");
    if (row->variable != NULL)
        buf_printf(out, "`%s` ", row->variable);
    buf_append_str(out, "| ");
    if (row->standard != NULL)
        buf_printf(out, "%s ", row->standard);
    buf_append_str(out, "| ");
    append_commands(row, out);
    buf_append_str(out, " | ");
    buf_append_byte(out, '\0');
}

static void the_reference_has_each_option_as_the_table_has_it(void **state)
{
    (void)state;
    static char text[TEXT_BYTES];
    char path[4096];
    const char *docs = getenv("TEST_DOCS");
    assert_non_null(docs);
    snprintf(path, sizeof(path), "%s/reference.md", docs);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    const char *at = strstr(text, "\n| option | variable | default | commands | what it does |\n");
    assert_non_null(at);
    for (size_t i = 0; i < option_row_count; i++) {
        AUTO(buf_fini) struct buf row;
        buf_init(&row, TEXT_BYTES);
        append_row(&option_rows[i], &row);
        const char *found = strstr(at, row.data);
        if (found == NULL)
            fail_msg("docs/reference.md lacks, in this order:%s", row.data);
        at = found;
    }
    const char *next = strchr(at + 1, '\n');
    assert_non_null(next);
    assert_memory_equal(next, "\n\n", 2); // no row more
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_is_laid_out_from_the_table),
        cmocka_unit_test(the_reference_has_each_option_as_the_table_has_it),
    };
    return cmocka_run_group_tests_name("cmd/help", tests, NULL, NULL);
}
