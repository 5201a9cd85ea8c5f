// SPDX-License-Identifier: Apache-2.0
// Values of options: each goes by its row's type into its field, first the default, then the variable, then
// the flags in their order. getopt_long(3) splits the command line. What two options mean together is left to
// the command. On the main thread, as getopt keeps its place in globals.
#include "cmd/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/option.h"
#include "store/store.h"
#include "text/nearest.h"

enum {
    MAX_ROWS = 64,
    FIRST_ROW = 256, // what getopt_long returns for row 0; above all characters, which mean other things
};

enum source { SOURCE_DEFAULT, SOURCE_VARIABLE, SOURCE_FLAG };

// --- stores

bool is_sqlite(const char *url)
{
    return url == NULL || strcmp(store_kind_of(url), "sqlite") == 0;
}

const char *option_source(const char *flag, const char *text)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (strcmp(row->flag, flag) == 0 && row->variable != NULL && text == getenv(row->variable))
            return row->variable;
    }
    return flag;
}

const char *store_shown(const char *url)
{
    return is_sqlite(url) ? url : option_source("--store", url);
}

static bool fail_store(const char *name, const char *url)
{
    const char *quote = store_url_has_secret(url) ? "" : "\"";
    fprintf(stderr,
        "reckoner: %s: %s%s%s is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n", name,
        quote, quote[0] != '\0' ? url : "what it says", quote);
    return false;
}

// Every user of the machine can read flags (ps), so a password may not stand in one.
static bool read_store(const char *name, const char *url, enum source source, const char **ret_url)
{
    if (store_kind_of(url) == NULL || (!is_sqlite(url) && strstr(url, "://") == NULL))
        return fail_store(name, url);
    if (source == SOURCE_FLAG && store_url_has_secret(url)) {
        fprintf(stderr,
            "reckoner: a password in %s is seen by every user of this machine: put it into PGPASSWORD or ~/.pgpass\n",
            name);
        return false;
    }
    *ret_url = url;
    return true;
}

// --- values

static bool read_count(const char *name, const char *text, const struct option_row *row, size_t *ret_count)
{
    char *end;
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || count < row->min || count > row->max) {
        fprintf(stderr, "reckoner: %s must be a number from %zu to %zu, not %s\n", name, row->min, row->max,
            text);
        return false;
    }
    *ret_count = count;
    return true;
}

// A number of bytes with or without a unit.
static bool read_bytes(const char *name, const char *text, const struct option_row *row, size_t *ret_bytes)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB"};
    char *end;
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    bool is_read = errno == 0 && end != text && text[0] != '-';
    for (unsigned i = 0; is_read && i < ARRAY_LEN(units); i++) {
        unsigned shift = 10 * i;
        if (strcmp(end, units[i]) != 0 || count > row->max >> shift || count << shift < row->min)
            continue;
        *ret_bytes = count << shift;
        return true;
    }
    fprintf(stderr,
        "reckoner: %s must be a number of bytes from %zu to %zu, such as 64MiB (KiB, MiB or GiB), not %s\n",
        name, row->min, row->max, text);
    return false;
}

static size_t cores(size_t max)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (size_t)count > max ? max : (size_t)count;
}

static bool add_text(const char *name, const char *text, enum source source, struct option_list *list)
{
    if (source == SOURCE_FLAG && !list->is_from_flags)
        *list = (struct option_list){.is_from_flags = true};
    if (list->count == MAX_OPTION_TEXTS) {
        fprintf(stderr, "reckoner: more than %d %s\n", MAX_OPTION_TEXTS, name);
        return false;
    }
    list->texts[list->count++] = text;
    return true;
}

// Puts a text into the row's field; `name` is that of its source. False after a message.
static bool set_value(struct options *options, const struct option_row *row, const char *name,
    const char *text, enum source source)
{
    void *field = (char *)options + row->field;
    switch (row->type) {
    case OPTION_SWITCH:
        *(bool *)field = true;
        break;
    case OPTION_TEXT:
        *(const char **)field = text;
        break;
    case OPTION_THREADS:
        if (source == SOURCE_DEFAULT) {
            *(size_t *)field = cores(row->max);
            break;
        }
        return read_count(name, text, row, field);
    case OPTION_COUNT:
        return read_count(name, text, row, field);
    case OPTION_BYTES:
        return read_bytes(name, text, row, field);
    case OPTION_STORE:
        return read_store(name, text, source, field);
    case OPTION_LIST:
        return add_text(name, text, source, field);
    }
    return true;
}

static bool set_defaults(struct options *options)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->standard != NULL && !set_value(options, row, row->flag, row->standard, SOURCE_DEFAULT))
            return false;
    }
    return true;
}

// Tells of a variable that looks like one of ours and is none. It stops nobody: Kubernetes makes some for a
// service that is called reckoner (RECKONER_SERVICE_HOST, RECKONER_PORT=tcp://…), which are passed over.
static void tell_unknown(const char *variable)
{
    struct span value = span_of(variable);
    struct span name = span_split(&value, '=');
    const char *names[MAX_ROWS];
    size_t count = 0;
    if (span_starts_with(name, "RECKONER_SERVICE_") || span_starts_with(name, "RECKONER_PORT_") ||
        span_starts_with(value, "tcp://"))
        return;
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_rows[i].variable == NULL)
            continue;
        if (span_is(name, option_rows[i].variable))
            return;
        names[count++] = option_rows[i].variable;
    }
    const char *nearest = nearest_of(name, names, count);
    fprintf(stderr, "reckoner: nothing reads the variable %.*s; ", (int)name.len, name.at);
    if (nearest != NULL)
        fprintf(stderr, "did you mean %s?\n", nearest);
    else
        fputs("--help of each command lists those that are read\n", stderr);
}

// Those of all commands: a wrong variable is told at once, by whichever command comes first. An empty one
// counts as none, so that a service file can hold it open.
static bool read_environment(struct options *options)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        if (strncmp(*variable, "RECKONER_", strlen("RECKONER_")) == 0)
            tell_unknown(*variable);
    }
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        const char *text = row->variable != NULL ? getenv(row->variable) : NULL;
        if (text != NULL && text[0] != '\0' && !set_value(options, row, row->variable, text, SOURCE_VARIABLE))
            return false;
    }
    return true;
}

// --- the command line

// What getopt_long wants: the flags without their dashes, and an end.
static void list_flags(struct option flags[MAX_ROWS + 1])
{
    assert(option_row_count <= MAX_ROWS);
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
static bool fail_flag(const struct usage *usage, const char *command, const char *text)
{
    const char *flags[MAX_ROWS];
    size_t count = 0;
    struct span rest = span_of(text);
    struct span flag = span_split(&rest, '=');
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_is_of(&option_rows[i], usage->command))
            flags[count++] = option_rows[i].flag;
    }
    const char *nearest = is_elsewhere_listen(flag) && usage->command == COMMAND_SERVE
                              ? "--listen"
                              : nearest_of(flag, flags, count);
    fprintf(stderr, "reckoner: %s has no option %.*s; ", command, (int)flag.len, flag.at);
    if (nearest != NULL)
        fprintf(stderr, "did you mean %s?\n", nearest);
    else
        fprintf(stderr, "'reckoner %s --help' lists them\n", command);
    return false;
}

static bool read_flags(int argc, char **argv, const struct usage *usage, struct options *options)
{
    struct option flags[MAX_ROWS + 1];
    list_flags(flags);
    opterr = 0;
    optind = 1;
    int found;
    while ((found = getopt_long(argc, argv, ":h", flags, NULL)) != -1) {
        if (found == ':') {
            fprintf(stderr, "reckoner: %s wants a value\n", argv[optind - 1]);
            return false;
        }
        if (found == '?' && optopt >= FIRST_ROW) {
            fprintf(stderr, "reckoner: %s takes no value\n", option_rows[optopt - FIRST_ROW].flag);
            return false;
        }
        if (found == '?')
            return fail_flag(usage, argv[0], word_of_letter(argv));
        if (found == 'h') {
            options->help = true;
            continue;
        }
        const struct option_row *row = &option_rows[found - FIRST_ROW];
        if (!option_is_of(row, usage->command))
            return fail_flag(usage, argv[0], row->flag);
        if (!set_value(options, row, row->flag, optarg, SOURCE_FLAG))
            return false;
    }
    options->words = argv + optind;
    options->word_count = (size_t)(argc - optind);
    return true;
}

bool options_read(
    int argc, char **argv, const struct usage *usage, struct options *ret_options, int *ret_exit)
{
    struct options options = {0};
    *ret_exit = EXIT_USAGE;
    if (!set_defaults(&options) || !read_environment(&options) || !read_flags(argc, argv, usage, &options))
        return false;
    if (options.help) {
        help_print(usage, stdout);
        *ret_exit = EXIT_OK;
        return false;
    }
    if (options.word_count < usage->min_words || options.word_count > usage->max_words) {
        fprintf(stderr, "reckoner: %s wants %s\n", argv[0], usage->wanted);
        return false;
    }
    *ret_options = options;
    return true;
}
