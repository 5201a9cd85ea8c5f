// SPDX-License-Identifier: Apache-2.0
// Values of options: first the default, then the configuration file, then the variable, then the flags in
// their order, each into its field by option_value.c. What two options mean together is left to the command.
// On the main thread, as getopt keeps its place in globals.
#include "cmd/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/config_file.h"
#include "cmd/help.h"
#include "cmd/option.h"
#include "cmd/option_value.h"
#include "cmd/secret_file.h"
#include "store/store.h"
#include "text/nearest.h"

enum { WARNING_BYTES = 512, VARIABLE_BYTES = 64, ARENA_BYTES = 16 * 1024 * 1024 };

// What is being read.
struct loading {
    struct options *options;
    option_warn *warn; // may be NULL
    void *warn_ctx;
    struct err *err;
};

static void tell(const struct loading *loading, const char *format, ...) PRINTF_LIKE(2, 3);

static void tell(const struct loading *loading, const char *format, ...)
{
    char text[WARNING_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (loading->warn != NULL)
        loading->warn(loading->warn_ctx, text);
}

// --- stores

bool is_sqlite(const char *url)
{
    return url == NULL || strcmp(store_kind_of(url), "sqlite") == 0;
}

const char *option_named(const struct options *options, const char *flag)
{
    const struct option_row *row = option_row_of(span_of(flag));
    enum value_source source = options->origins[row - option_rows].source;
    return source == SOURCE_FILE ? row->key : source == SOURCE_VARIABLE ? row->variable : flag;
}

const char *store_shown(const struct options *options, const char *url)
{
    if (is_sqlite(url))
        return url;
    if (options != NULL)
        return option_named(options, "--store");
    return url == getenv("RECKONER_STORE") ? "RECKONER_STORE" : "--store";
}

// --- values

// Puts a text into its row's field and notes where it comes from. The origin's text is that of its source; a
// secret's is read from the file that it names.
static enum err_code set_value(const struct loading *loading, const struct option_row *row, const char *name,
    struct option_origin origin)
{
    const char *text = origin.text;
    enum err_code code = ERR_NONE;
    enum value_source source = origin.source;
    if (origin.secret_path != NULL) {
        code = secret_file_read(name, origin.secret_path, &loading->options->arena, &text, loading->err);
        source = source == SOURCE_FLAG ? SOURCE_VARIABLE : source; // nobody sees it in a list of processes
    }
    if (code == ERR_NONE)
        code = option_set(loading->options, row, source, name, text, loading->err);
    if (code == ERR_NONE)
        loading->options->origins[row - option_rows] = origin;
    return code;
}

// Of a flag or a variable, where a credential is named by its name.
static enum err_code set_text(const struct loading *loading, const struct option_row *row,
    enum value_source source, const char *name, const char *text)
{
    struct option_origin origin = {.source = source, .text = text};
    bool is_credential = secret_is_credential(text) && (row->is_secret || row->type == OPTION_PATH);
    enum err_code code = ERR_NONE;
    const char *path = NULL;
    if (is_credential)
        code = secret_file_path(name, text, NULL, &loading->options->arena, &path, loading->err);
    if (is_credential && row->is_secret)
        origin.secret_path = path;
    else if (is_credential)
        origin.text = path;
    return code == ERR_NONE ? set_value(loading, row, name, origin) : code;
}

static enum err_code set_defaults(const struct loading *loading)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        enum err_code code = row->standard == NULL
                                 ? ERR_NONE
                                 : set_text(loading, row, SOURCE_DEFAULT, row->flag, row->standard);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// --- the environment

// RECKONER_STORE_FILE, whose file holds the value of RECKONER_STORE.
static const char *file_variable(const struct option_row *row, char name[VARIABLE_BYTES])
{
    snprintf(name, VARIABLE_BYTES, "%s_FILE", row->variable);
    return name;
}

// Tells of a variable that looks like one of ours and is none. It stops nobody: Kubernetes makes some for a
// service that is called reckoner (RECKONER_SERVICE_HOST, RECKONER_PORT=tcp://…), which are passed over.
static void tell_unknown(const struct loading *loading, const char *variable)
{
    struct span value = span_of(variable);
    struct span name = span_split(&value, '=');
    const char *names[MAX_OPTION_ROWS];
    char in_file[VARIABLE_BYTES];
    size_t count = 0;
    if (span_starts_with(name, "RECKONER_SERVICE_") || span_starts_with(name, "RECKONER_PORT_") ||
        span_starts_with(value, "tcp://"))
        return;
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->variable == NULL)
            continue;
        if (span_is(name, row->variable) || (row->is_secret && span_is(name, file_variable(row, in_file))))
            return;
        names[count++] = row->variable;
    }
    const char *nearest = nearest_of(name, names, count);
    tell(loading, "nothing reads the variable %.*s; %s%s%s", (int)name.len, name.at,
        nearest != NULL ? "did you mean " : "--help of each command lists those that are read",
        nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

static const char *variable_text(const char *name)
{
    const char *text = getenv(name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static enum err_code read_variable(const struct loading *loading, const struct option_row *row)
{
    const char *text = variable_text(row->variable), *path = NULL;
    char in_file[VARIABLE_BYTES];
    if (row->is_secret)
        path = variable_text(file_variable(row, in_file));
    if (text != NULL && path != NULL)
        return err_set(loading->err, ERR_CONFIG, "%s and %s: set one of them", row->variable, in_file);
    if (text != NULL)
        return set_text(loading, row, SOURCE_VARIABLE, row->variable, text);
    if (path == NULL)
        return ERR_NONE;
    struct option_origin origin = {.source = SOURCE_VARIABLE, .text = path, .secret_path = path};
    enum err_code code = ERR_NONE;
    if (secret_is_credential(path))
        code = secret_file_path(
            in_file, path, NULL, &loading->options->arena, &origin.secret_path, loading->err);
    return code == ERR_NONE ? set_value(loading, row, row->variable, origin) : code;
}

// Those of all commands: a wrong variable is told at once, by whichever command comes first. An empty one
// counts as none, so that a service file can hold it open.
static enum err_code read_environment(const struct loading *loading)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        if (strncmp(*variable, "RECKONER_", strlen("RECKONER_")) == 0)
            tell_unknown(loading, *variable);
    }
    for (size_t i = 0; i < option_row_count; i++) {
        enum err_code code =
            option_rows[i].variable != NULL ? read_variable(loading, &option_rows[i]) : ERR_NONE;
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// --- the configuration file

static enum err_code set_file_value(const struct loading *loading, const struct config_value *value)
{
    const struct config_file *file = &loading->options->file;
    struct option_origin origin = {.source = SOURCE_FILE,
        .text = value->text,
        .secret_path = value->is_in_file ? value->text : NULL,
        .line = value->line};
    enum err_code code = set_value(loading, value->row, value->row->key, origin);
    if (code == ERR_CONFIG)
        err_prefix(loading->err, "%s:%u", file->path, (unsigned)value->line);
    if (code == ERR_NONE && value->row->is_secret && !value->is_in_file && file->is_open &&
        store_url_has_secret(value->text))
        tell(loading,
            "%s:%u: %s has a password, and every user of this machine may read the file: chmod 640, or "
            "put the value into a file that %s_file names",
            file->path, (unsigned)value->line, value->row->key, option_key_name(value->row));
    return code;
}

// "rates=/srv/data": the same as --data, which goes over it.
static enum err_code add_app_data(const struct loading *loading, const struct config_app *app)
{
    struct options *options = loading->options;
    size_t size = strlen(app->name) + strlen(app->data) + 2;
    char *text = arena_alloc(&options->arena, size);
    if (text == NULL)
        return err_no_memory(loading->err);
    snprintf(text, size, "%s=%s", app->name, app->data);
    enum err_code code = option_set(
        options, option_row_of(span_of("--data")), SOURCE_FILE, "apps with data", text, loading->err);
    if (code == ERR_CONFIG)
        err_prefix(loading->err, "%s", options->file.path);
    return code;
}

static enum err_code read_file(const struct loading *loading)
{
    struct options *options = loading->options;
    enum err_code code = config_file_read(options->config, &options->arena, &options->file, loading->err);
    for (size_t i = 0; code == ERR_NONE && i < options->file.value_count; i++)
        code = set_file_value(loading, &options->file.values[i]);
    for (size_t i = 0; code == ERR_NONE && i < options->file.app_count; i++) {
        if (options->file.apps[i].data != NULL)
            code = add_app_data(loading, &options->file.apps[i]);
    }
    return code;
}

// --- the command line

static enum err_code set_flags(const struct loading *loading, const struct command_line *line)
{
    for (size_t i = 0; i < line->flag_count; i++) {
        const struct given_flag *flag = &line->flags[i];
        enum err_code code = set_text(loading, flag->row, SOURCE_FLAG, flag->row->flag, flag->text);
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}

// The folder of an app of the file, for its name; the word itself, where that is a folder or no such name.
static const char *folder_of(const struct options *options, const char *word)
{
    for (size_t i = 0; i < options->file.app_count; i++) {
        if (strcmp(options->file.apps[i].name, word) == 0 && access(word, F_OK) != 0)
            return options->file.apps[i].path;
    }
    return word;
}

// The words, or without any the apps of the file, where the command wants apps.
static enum err_code take_words(
    const struct loading *loading, const struct usage *usage, const struct command_line *line)
{
    struct options *options = loading->options;
    bool are_of_file = line->word_count == 0 && usage->takes_apps_of_file;
    size_t count = are_of_file ? options->file.app_count : line->word_count;
    options->words = arena_zalloc(&options->arena, count + 1, sizeof(*options->words));
    if (options->words == NULL)
        return err_no_memory(loading->err);
    for (size_t i = 0; i < count; i++)
        options->words[i] = are_of_file ? options->file.apps[i].path : folder_of(options, line->words[i]);
    options->word_count = count;
    return ERR_NONE;
}

static enum err_code load(const struct loading *loading, int argc, char **argv, const struct usage *usage)
{
    struct options *options = loading->options;
    struct command_line line;
    enum err_code code = command_line_read(argc, argv, usage, &options->arena, &line, loading->err);
    if (code != ERR_NONE)
        return code;
    if (command_line_text(&line, "--help") != NULL) {
        options->help = true; // whatever else is wrong
        return ERR_NONE;
    }
    const char *config = command_line_text(&line, "--config");
    code = set_defaults(loading);
    if (config == NULL && option_is_of(option_row_of(span_of("--config")), usage->command))
        config = variable_text("RECKONER_CONFIG");
    if (code == ERR_NONE && config != NULL) {
        options->config = config;
        code = read_file(loading);
    }
    if (code == ERR_NONE)
        code = read_environment(loading);
    if (code == ERR_NONE)
        code = set_flags(loading, &line);
    return code == ERR_NONE ? take_words(loading, usage, &line) : code;
}

// --- the whole

enum err_code options_load(int argc, char **argv, const struct usage *usage, option_warn *warn,
    void *warn_ctx, struct options *ret_options, struct err *err)
{
    memset(ret_options, 0, sizeof(*ret_options));
    arena_init(&ret_options->arena, ARENA_BYTES);
    const struct loading loading = {.options = ret_options, .warn = warn, .warn_ctx = warn_ctx, .err = err};
    enum err_code code = load(&loading, argc, argv, usage);
    if (code != ERR_NONE)
        options_fini(ret_options);
    return code;
}

static void print_warning(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "reckoner: %s\n", text);
}

bool options_read(
    int argc, char **argv, const struct usage *usage, struct options *ret_options, int *ret_exit)
{
    struct err err = {0};
    *ret_exit = EXIT_USAGE;
    if (options_load(argc, argv, usage, print_warning, NULL, ret_options, &err) != ERR_NONE) {
        fprintf(stderr, "reckoner: %s\n", err.text);
        return false;
    }
    size_t count = ret_options->word_count;
    if (ret_options->help) {
        help_print(usage, stdout);
        *ret_exit = EXIT_OK;
    } else if (count < usage->min_words || count > usage->max_words) {
        fprintf(stderr, "reckoner: %s wants %s%s%s%s\n", argv[0], usage->wanted,
            ret_options->config != NULL && usage->takes_apps_of_file ? ", or [app NAME] in " : "",
            ret_options->config != NULL && usage->takes_apps_of_file ? ret_options->config : "",
            ret_options->config != NULL && usage->takes_apps_of_file ? " with path = FOLDER" : "");
    } else {
        return true;
    }
    options_fini(ret_options);
    return false;
}

void options_fini(struct options *options)
{
    arena_fini(&options->arena);
    *options = (struct options){0};
}
