// SPDX-License-Identifier: Apache-2.0
// getopt_long(3) splits; the table says which flags there are. On the main thread.
#include "cmd/command_line.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

#include "base/span.h"
#include "text/nearest.h"

enum { FIRST_ROW = 256 }; // what getopt_long returns for row 0; above all characters, which mean other things

// What getopt_long wants: the flags without their dashes, and an end.
static void list_flags(struct option flags[MAX_OPTION_ROWS + 1])
{
    assert(option_row_count <= MAX_OPTION_ROWS);
    for (size_t i = 0; i < option_row_count; i++)
        flags[i] = (struct option){.name = option_rows[i].flag + 2,
            .has_arg = option_rows[i].type == OPTION_SWITCH ? no_argument : required_argument,
            .val = FIRST_ROW + (int)i};
    flags[option_row_count] = (struct option){0};
}

// What other servers call it.
static bool is_elsewhere_listen(struct span flag)
{
    return span_is(flag, "--port") || span_is(flag, "-p") || span_is(flag, "--host") ||
           span_is(flag, "--bind");
}

// The word in which getopt_long met an unknown letter: the last one when that is at its end, else the next,
// as -listen is a row of letters to it.
static const char *word_of_letter(char **argv)
{
    const char *last = argv[optind - 1];
    bool is_alone = last[0] == '-' && last[1] == optopt && last[2] == '\0';
    return optopt == 0 || is_alone || argv[optind] == NULL ? last : argv[optind];
}

// A flag that the command does not have: unknown, or one of other commands'.
static enum err_code fail_flag(
    const struct usage *usage, const char *command, const char *text, struct err *err)
{
    const char *flags[MAX_OPTION_ROWS];
    size_t count = 0;
    struct span rest = span_of(text);
    struct span flag = span_split(&rest, '=');
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_is_of(&option_rows[i], usage->command))
            flags[count++] = option_rows[i].flag;
    }
    const char *nearest = is_elsewhere_listen(flag) && (usage->command & COMMAND_SERVE)
                              ? "--listen"
                              : nearest_of(flag, flags, count);
    if (nearest != NULL)
        return err_set(err, ERR_CONFIG, "%s has no option %.*s; did you mean %s?", command, (int)flag.len,
            flag.at, nearest);
    return err_set(err, ERR_CONFIG, "%s has no option %.*s; 'reckoner %s --help' lists them", command,
        (int)flag.len, flag.at, command);
}

// What getopt_long has found, as a flag.
static enum err_code read_found(
    int found, char **argv, const struct usage *usage, struct given_flag *ret_flag, struct err *err)
{
    if (found == ':')
        return err_set(err, ERR_CONFIG, "%s wants a value", argv[optind - 1]);
    if (found == '?' && optopt >= FIRST_ROW)
        return err_set(err, ERR_CONFIG, "%s takes no value", option_rows[optopt - FIRST_ROW].flag);
    if (found == '?')
        return fail_flag(usage, argv[0], word_of_letter(argv), err);
    const struct option_row *row =
        found == 'h' ? option_row_of(span_of("--help")) : &option_rows[found - FIRST_ROW];
    if (!option_is_of(row, usage->command))
        return fail_flag(usage, argv[0], row->flag, err);
    *ret_flag = (struct given_flag){.row = row, .text = row->type == OPTION_SWITCH ? "yes" : optarg};
    return ERR_NONE;
}

enum err_code command_line_read(int argc, char **argv, const struct usage *usage, struct arena *arena,
    struct command_line *ret_line, struct err *err)
{
    struct option flags[MAX_OPTION_ROWS + 1];
    struct command_line line = {.flags = arena_zalloc(arena, (size_t)argc, sizeof(*line.flags))};
    if (line.flags == NULL)
        return err_no_memory(err);
    list_flags(flags);
    opterr = 0;
    optind = 1;
    int found;
    while ((found = getopt_long(argc, argv, ":h", flags, NULL)) != -1) {
        enum err_code code = read_found(found, argv, usage, &line.flags[line.flag_count], err);
        if (code != ERR_NONE)
            return code;
        line.flag_count++;
    }
    line.words = argv + optind;
    line.word_count = (size_t)(argc - optind);
    *ret_line = line;
    return ERR_NONE;
}

const char *command_line_text(const struct command_line *line, const char *flag)
{
    for (size_t i = line->flag_count; i > 0; i--) {
        if (strcmp(line->flags[i - 1].row->flag, flag) == 0)
            return line->flags[i - 1].text;
    }
    return NULL;
}
