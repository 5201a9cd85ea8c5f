// SPDX-License-Identifier: Apache-2.0
// `reckoner complete [WORD]...`: what may stand in place of the last word, for the scripts in
// deploy/completions, by which shells complete a command line while it is typed. All that it knows is in the
// tables of command.c and option.c. On the main thread.
//
// It prints a candidate a line, with a tab and its description behind it; or ":file" or ":folder" where the
// shell itself has to look for names.
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/span.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/option.h"

// Descriptions end where their first clause does: a list has a line for each.
static void print_candidate(const char *before, struct span name, const char *description)
{
    printf("%s%.*s\t%.*s\n", before, (int)name.len, name.at, (int)strcspn(description, ";:"), description);
}

// The verbs of a command; all commands, for NULL.
static void print_commands(const char *of)
{
    for (size_t i = 0; i < command_row_count; i++) {
        const struct command_row *row = &command_rows[i];
        if (of == NULL && row->verb == NULL)
            print_candidate("", span_of(row->name), row->summary);
        else if (of != NULL && row->verb != NULL && strcmp(row->name, of) == 0)
            print_candidate("", span_of(row->verb), row->summary);
    }
}

// NULL: there is no such command, or it has no such verb.
static const struct command_row *find_command(const char *name, const char *verb)
{
    for (size_t i = 0; i < command_row_count; i++) {
        const struct command_row *row = &command_rows[i];
        bool is_verb = verb != NULL && row->verb != NULL && strcmp(row->verb, verb) == 0;
        if (strcmp(row->name, name) == 0 && (is_verb || (verb == NULL && row->verb == NULL)))
            return row;
    }
    return NULL;
}

static bool has_verbs(const struct command_row *command)
{
    return command + 1 < command_rows + command_row_count && command[1].verb != NULL;
}

static void print_flags(unsigned commands)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_help *help = option_help_for(&option_rows[i], commands);
        if (help != NULL)
            print_candidate("", span_of(option_rows[i].flag), help->text);
    }
}

// What may be the value of an option, with `before` in front of it.
static void print_values(const struct option_row *row, const struct option_help *help, const char *before)
{
    if (row->choices != NULL) {
        for (struct span rest = span_of(row->choices); rest.len > 0;)
            print_candidate(before, span_split(&rest, '|'), "");
    } else if (strcmp(help->value, "DIR") == 0) {
        puts(":folder");
    } else if (strcmp(help->value, "FILE") == 0) {
        puts(":file");
    }
}

// Whether `flag` is one that wants a value: then that is printed.
static bool print_value_of(struct span flag, unsigned commands, const char *before)
{
    const struct option_row *row = option_row_of(flag);
    const struct option_help *help = row != NULL ? option_help_for(row, commands) : NULL;
    if (help == NULL || help->value == NULL)
        return false;
    print_values(row, help, before);
    return true;
}

// The last of the words behind a command.
static void complete_word(const struct command_row *command, int count, char **words)
{
    const char *word = words[count - 1];
    const char *equals = strchr(word, '=');
    if (count > 1 && print_value_of(span_of(words[count - 2]), command->options, ""))
        return;
    if (word[0] != '-') {
        puts(":file");
        return;
    }
    if (equals == NULL) {
        print_flags(command->options);
        return;
    }
    struct span flag = {word, (size_t)(equals - word)};
    char before[64];
    if (snprintf(before, sizeof(before), "%.*s=", (int)flag.len, flag.at) < (int)sizeof(before))
        print_value_of(flag, command->options, before);
}

int cmd_complete(int argc, char **argv)
{
    int count = argc - 1;
    char **words = argv + 1;
    if (count <= 1) {
        print_commands(NULL);
        return EXIT_OK;
    }
    const struct command_row *command = find_command(words[0], NULL);
    if (command != NULL && has_verbs(command)) {
        if (count == 2) {
            print_commands(command->name);
            return EXIT_OK;
        }
        command = find_command(words[0], words[1]);
        count--;
        words++;
    }
    if (command != NULL)
        complete_word(command, count - 1, words + 1);
    return EXIT_OK;
}
