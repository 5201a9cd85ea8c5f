// SPDX-License-Identifier: Apache-2.0
// `reckoner config`: what a server that is started with these words would go by, and what says so. Nothing is
// opened but the configuration and the files that it names.
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/listing.h"
#include "cmd/option.h"
#include "cmd/options.h"
#include "store/store.h"

static const struct usage USAGE = {
    .command = COMMAND_CONFIG | COMMAND_SERVE,
    .forms = "config [OPTION]... [APP]...",
    .about =
        "Prints what 'reckoner serve' goes by with the same options, variables and file, and which of them\n"
        "says so; or what is wrong with them. Secrets are not shown.\n",
    .max_words = SIZE_MAX,
    .takes_apps_of_file = true,
};

static const char *const COLUMNS[] = {"option", "value", "from", "reload"};
enum { TEXT_BYTES = 8192 };

static void add(struct listing *listing, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct listing *listing, const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    listing_add_text(listing, span_of(text));
}

static void add_value(struct listing *listing, const struct option_row *row,
    const struct option_origin *origin, const char *text)
{
    if (text == NULL)
        listing_add_null(listing);
    else if (origin->secret_path != NULL || (row->is_secret && store_url_has_secret(text)))
        listing_add_text(listing, span_of("(secret)"));
    else
        listing_add_text(listing, span_of(text));
}

static void add_source(struct listing *listing, const struct options *options, const struct option_row *row)
{
    const struct option_origin *origin = &options->origins[row - option_rows];
    const char *secret_path = origin->secret_path;
    switch (origin->source) {
    case SOURCE_NONE:
    case SOURCE_DEFAULT:
        add(listing, "default");
        break;
    case SOURCE_FILE:
        add(listing, "%s:%u%s%s", options->file.path, (unsigned)origin->line, secret_path != NULL ? ": " : "",
            secret_path != NULL ? secret_path : "");
        break;
    case SOURCE_VARIABLE:
        add(listing, "%s%s%s%s", row->variable,
            secret_path == origin->text && secret_path != NULL ? "_FILE" : "",
            secret_path != NULL ? ": " : "", secret_path != NULL ? secret_path : "");
        break;
    case SOURCE_FLAG:
        add(listing, "%s%s%s", row->flag, secret_path != NULL ? ": " : "",
            secret_path != NULL ? secret_path : "");
        break;
    }
}

static void add_line(
    struct listing *listing, const struct options *options, const struct option_row *row, const char *text)
{
    const char *name = row->key != NULL ? row->key : row->flag;
    listing_add_text(listing, span_of(name));
    add_value(listing, row, &options->origins[row - option_rows], text);
    add_source(listing, options, row);
    listing_add_text(listing, span_of(row->is_reloadable ? "yes" : "no"));
}

static void add_row(struct listing *listing, const struct options *options, const struct option_row *row)
{
    const struct option_origin *origin = &options->origins[row - option_rows];
    const struct option_list *list = (const void *)((const char *)options + row->field);
    if (row->type != OPTION_LIST || list->count == 0) {
        bool is_off = row->type == OPTION_SWITCH && origin->text == NULL;
        add_line(listing, options, row, is_off ? "no" : origin->text);
        return;
    }
    for (size_t i = 0; i < list->count; i++)
        add_line(listing, options, row, list->texts[i]);
}

// What is asked of the command itself, or is of one start alone.
static bool is_told(const struct option_row *row)
{
    static const char *const others[] = {"--config", "--format", "--help", "--reset", "--yes"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (strcmp(row->flag, others[i]) == 0)
            return false;
    }
    return option_is_of(row, COMMAND_SERVE);
}

static const struct config_app *app_at(const struct options *options, const char *path)
{
    for (size_t i = 0; i < options->file.app_count; i++) {
        if (strcmp(options->file.apps[i].path, path) == 0)
            return &options->file.apps[i];
    }
    return NULL;
}

static void add_apps(struct listing *listing, const struct options *options)
{
    for (size_t i = 0; i < options->word_count; i++) {
        const struct config_app *app = app_at(options, options->words[i]);
        if (app != NULL)
            add(listing, "app %s", app->name);
        else
            add(listing, "app");
        listing_add_text(listing, span_of(options->words[i]));
        if (app != NULL)
            add(listing, "%s:%u", options->file.path, (unsigned)app->line);
        else
            add(listing, "the command line");
        listing_add_text(listing, span_of("no"));
    }
}

int cmd_config(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    AUTO(listing_fini) struct listing listing = {0};
    enum listing_format format;
    int result;
    if (!options_read(argc, argv, &USAGE, &options, &result))
        return result;
    if (!listing_format_read(options.format, &format))
        return EXIT_USAGE;
    listing_init(&listing, COLUMNS, ARRAY_LEN(COLUMNS));
    for (size_t i = 0; i < option_row_count; i++) {
        if (is_told(&option_rows[i]))
            add_row(&listing, &options, &option_rows[i]);
    }
    add_apps(&listing, &options);
    return listing_print(&listing, format, stdout) ? EXIT_OK : EXIT_FAILED;
}
