// SPDX-License-Identifier: Apache-2.0
// Lays out --help. All that it says of options is in the table of option.c. Any thread.
#include "cmd/help.h"

#include <string.h>

#include "base/buf.h"
#include "base/span.h"

enum { TEXT_BYTES = 4096, INDENT = 2 };

// Characters of a UTF-8 text: all bytes but those that continue one.
static size_t columns_of(struct span text)
{
    size_t columns = 0;
    for (size_t i = 0; i < text.len; i++)
        columns += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return columns;
}

// Goes on in a line that `column` characters are in; further lines begin there.
static void print_wrapped(struct span text, size_t column, FILE *out)
{
    size_t used = column;
    while (text.len > 0) {
        struct span word = span_split(&text, ' ');
        size_t columns = columns_of(word);
        if (used > column && used + 1 + columns > HELP_COLUMNS) {
            fprintf(out, "\n%*s", (int)column, "");
            used = column;
        }
        used += columns + (used > column);
        fprintf(out, "%s%.*s", used > column + columns ? " " : "", (int)word.len, word.at);
    }
    fputc('\n', out);
}

static size_t flag_columns(const struct option_row *row, const struct option_help *help)
{
    return strlen(row->flag) + (help->value != NULL ? 1 + strlen(help->value) : 0);
}

static size_t widest_flag(enum command command)
{
    size_t widest = 0;
    for (size_t i = 0; i < option_row_count; i++) {
        for (size_t k = 0; k < OPTION_HELPS; k++) {
            const struct option_help *help = &option_rows[i].help[k];
            size_t columns = help->commands & command ? flag_columns(&option_rows[i], help) : 0;
            widest = columns > widest ? columns : widest;
        }
    }
    return widest;
}

// " (default 30; RECKONER_LISTEN)"
static void append_sources(const struct option_row *row, struct buf *text)
{
    if (row->standard == NULL && row->variable == NULL)
        return;
    buf_append_str(text, " (");
    if (row->standard != NULL)
        buf_printf(text, "default %s", row->standard);
    if (row->standard != NULL && row->variable != NULL)
        buf_append_str(text, "; ");
    if (row->variable != NULL)
        buf_append_str(text, row->variable);
    buf_append_byte(text, ')');
}

// A command that is told several things about an option is told its variable with the first.
static void print_option(const struct option_row *row, enum command command, size_t width, FILE *out)
{
    bool is_first = true;
    for (size_t i = 0; i < OPTION_HELPS; i++) {
        const struct option_help *help = &row->help[i];
        if (!(help->commands & command))
            continue;
        AUTO(buf_fini) struct buf text;
        buf_init(&text, TEXT_BYTES);
        buf_append_str(&text, help->text);
        if (is_first)
            append_sources(row, &text);
        fprintf(out, "%*s%s%s%-*s  ", INDENT, "", row->flag, help->value != NULL ? " " : "",
            (int)(width - strlen(row->flag) - (help->value != NULL)), help->value != NULL ? help->value : "");
        print_wrapped(buf_span(&text), INDENT + width + 2, out);
        is_first = false;
    }
}

static bool has_variable(enum command command)
{
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_rows[i].variable != NULL && option_is_of(&option_rows[i], command))
            return true;
    }
    return false;
}

void help_print(const struct usage *usage, FILE *out)
{
    struct span forms = span_of(usage->forms);
    for (const char *start = "usage:"; forms.len > 0; start = "      ") {
        struct span form = span_split(&forms, '\n');
        fprintf(out, "%s reckoner %.*s\n", start, (int)form.len, form.at);
    }
    fprintf(out, "\n%s\n", usage->about);
    size_t width = widest_flag(usage->command);
    for (size_t i = 0; i < option_row_count; i++)
        print_option(&option_rows[i], usage->command, width, out);
    if (has_variable(usage->command))
        fputs("\nA flag goes over the environment variable in parentheses.\n", out);
    if (usage->notes != NULL)
        fprintf(out, "\n%s", usage->notes);
}
