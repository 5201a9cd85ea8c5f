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
#include "serve/own_pages.h"

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
        {COMMAND_BACKUP, "backup"},
        {COMMAND_RESTORE, "restore"},
        {COMMAND_VERIFY, "verify"},
        {COMMAND_USAGE, "usage"},
        {COMMAND_KEY_CREATE, "key create"},
        {COMMAND_KEY_LIST, "key list"},
        {COMMAND_KEY_SHOW, "key show"},
        {COMMAND_KEY_ROTATE, "key rotate"},
        {COMMAND_KEY_REVOKE, "key revoke"},
        {COMMAND_JOB_LIST, "job list"},
        {COMMAND_JOB_SHOW, "job show"},
        {COMMAND_JOB_RETRY, "job retry"},
        {COMMAND_JOB_CANCEL, "job cancel"},
        {COMMAND_HOOK_LIST, "hook list"},
        {COMMAND_HOOK_RETRY, "hook retry"},
        {COMMAND_HOOK_DROP, "hook drop"},
        {COMMAND_CONFIG, "config"},
        {COMMAND_HEALTH, "health"},
        {COMMAND_TOP, "top"},
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

static char reference[TEXT_BYTES];

// What stands behind the head of a table in docs/reference.md.
static const char *read_reference(const char *head)
{
    char path[4096];
    const char *docs = getenv("TEST_DOCS");
    assert_non_null(docs);
    snprintf(path, sizeof(path), "%s/reference.md", docs);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    reference[fread(reference, 1, sizeof(reference) - 1, file)] = '\0';
    fclose(file);
    const char *at = strstr(reference, head);
    assert_non_null(at);
    return at;
}

// The place of the row behind `at`.
static const char *find_row(const char *at, const char *row)
{
    const char *found = strstr(at, row);
    if (found == NULL)
        fail_msg("docs/reference.md lacks, in this order:%s", row);
    return found;
}

static void assert_no_row_more(const char *last)
{
    const char *next = strchr(last + 1, '\n');
    assert_non_null(next);
    assert_memory_equal(next, "\n\n", 2);
}

static void the_reference_has_each_option_as_the_table_has_it(void **state)
{
    (void)state;
    const char *at = read_reference("\n| option | variable | default | commands | what it does |\n");
    for (size_t i = 0; i < option_row_count; i++) {
        AUTO(buf_fini) struct buf row;
        buf_init(&row, TEXT_BYTES);
        append_row(&option_rows[i], &row);
        at = find_row(at, row.data);
    }
    assert_no_row_more(at);
}

static void the_reference_has_each_key_of_the_configuration_file(void **state)
{
    (void)state;
    const char *at = read_reference("\n| key | option | a new value at SIGHUP |\n| --- | --- | --- |");
    at = strstr(at, "| --- | --- | --- |");
    for (size_t i = 0; i < option_row_count; i++) {
        char row[256];
        if (option_rows[i].key == NULL)
            continue;
        snprintf(row, sizeof(row), "\n| `%s` | `%s` | %s |\n", option_rows[i].key, option_rows[i].flag,
            option_rows[i].is_reloadable ? "yes" : "no");
        const char *found = find_row(at, row);
        assert_ptr_equal(found, strchr(at, '\n')); // the very next one
        at = found + 1;
    }
    assert_no_row_more(at - 1);
}

// Of pages below one another it names the first.
static void the_option_for_the_admin_names_the_pages_that_are_not_for_him_alone(void **state)
{
    (void)state;
    const struct option_row *row = option_rows;
    while (strcmp(row->flag, "--admin-listen") != 0)
        row++;
    const char *at = strstr(row->help[0].text, "but for ");
    assert_non_null(at);
    for (const struct own_page *page = own_pages; page->path != NULL; page++) {
        if (strchr(page->path, '{') != NULL)
            continue;
        const char *found = strstr(row->help[0].text, page->path);
        assert_int_equal(found != NULL, page->is_for_clients);
        assert_true(found == NULL || found > at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_is_laid_out_from_the_table),
        cmocka_unit_test(the_reference_has_each_option_as_the_table_has_it),
        cmocka_unit_test(the_reference_has_each_key_of_the_configuration_file),
        cmocka_unit_test(the_option_for_the_admin_names_the_pages_that_are_not_for_him_alone),
    };
    return cmocka_run_group_tests_name("cmd/help", tests, NULL, NULL);
}
