// SPDX-License-Identifier: Apache-2.0
// From the text of the file to values by rows of the table. Whether a value is one of its option is
// option_value.c's. The first thing that is wrong ends it. Any thread.
#include "cmd/config_file.h"

#include <assert.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "cmd/secret_file.h"
#include "cmd/text_file.h"
#include "text/ini.h"
#include "text/nearest.h"
#include "text/utf8.h"

#define APP_SECTION "app "
#define FILE_SUFFIX "_file"

enum { FILE_BYTES = 1024 * 1024, MAX_SECTIONS = 16, NAME_BYTES = 64 };

// What is read.
struct reading {
    struct config_file *file; //
    struct arena *arena;      //
    struct ini_entry entry;   // the line
    struct err *err;          //
};

#define SHOWN(span) (int)(span).len, (span).at

// "reckoner.ini:3: " in front of the error.
static enum err_code at_line(struct reading *reading, enum err_code code)
{
    if (code == ERR_CONFIG)
        err_prefix(reading->err, "%s:%u", reading->file->path, (unsigned)reading->entry.line);
    return code;
}

// --- names

static bool is_app_section(struct span section)
{
    return span_starts_with(section, APP_SECTION);
}

// The row of a key; *ret_is_in_file tells that it names a file with the value.
static const struct option_row *find_row(const struct ini_entry *entry, bool *ret_is_in_file)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (!option_is_in(row, entry->section))
            continue;
        char in_file[NAME_BYTES];
        snprintf(in_file, sizeof(in_file), "%s" FILE_SUFFIX, option_key_name(row));
        *ret_is_in_file = row->is_secret && span_is(entry->key, in_file);
        if (*ret_is_in_file || span_is(entry->key, option_key_name(row)))
            return row;
    }
    return NULL;
}

static enum err_code fail_section(struct reading *reading)
{
    const struct ini_entry *entry = &reading->entry;
    char names[MAX_SECTIONS][NAME_BYTES], all[MAX_SECTIONS * NAME_BYTES] = "";
    const char *known[MAX_SECTIONS];
    size_t count = 0, len = 0;
    if (entry->section.len == 0)
        return err_set(reading->err, ERR_CONFIG,
            "%.*s stands above the first section: write [server], say, over it", SHOWN(entry->key));
    for (size_t i = 0; i < option_row_count; i++) {
        if (!option_begins_section(&option_rows[i]))
            continue;
        assert(count < MAX_SECTIONS);
        snprintf(names[count], NAME_BYTES, "%.*s", SHOWN(option_section(&option_rows[i])));
        len += (size_t)snprintf(all + len, sizeof(all) - len, "[%s], ", names[count]);
        known[count] = names[count];
        count++;
    }
    const char *nearest = nearest_of(entry->section, known, count);
    if (nearest != NULL)
        return err_set(reading->err, ERR_CONFIG, "there is no section [%.*s]; did you mean [%s]?",
            SHOWN(entry->section), nearest);
    return err_set(reading->err, ERR_CONFIG, "there is no section [%.*s]; there are %s[app NAME]",
        SHOWN(entry->section), all);
}

static bool has_section(struct span section)
{
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_is_in(&option_rows[i], section))
            return true;
    }
    return false;
}

static enum err_code fail_key(struct reading *reading)
{
    const struct ini_entry *entry = &reading->entry;
    const char *known[MAX_OPTION_ROWS];
    size_t count = 0;
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (option_is_in(row, entry->section))
            known[count++] = option_key_name(row);
    }
    const char *nearest = nearest_of(entry->key, known, count);
    for (size_t i = 0; nearest == NULL && i < option_row_count; i++) { // right, but in another section
        const struct option_row *row = &option_rows[i];
        if (row->key != NULL && span_is(entry->key, option_key_name(row)))
            return err_set(reading->err, ERR_CONFIG, "[%.*s] has no key %.*s; it belongs into [%.*s]",
                SHOWN(entry->section), SHOWN(entry->key), SHOWN(option_section(row)));
    }
    if (nearest != NULL)
        return err_set(reading->err, ERR_CONFIG, "[%.*s] has no key %.*s; did you mean %s?",
            SHOWN(entry->section), SHOWN(entry->key), nearest);
    return err_set(reading->err, ERR_CONFIG, "[%.*s] has no key %.*s; 'reckoner config' lists all there are",
        SHOWN(entry->section), SHOWN(entry->key));
}

// --- values

static enum err_code copy(struct reading *reading, struct span text, const char **ret_text)
{
    *ret_text = arena_strndup(reading->arena, text.at, text.len);
    return *ret_text != NULL ? ERR_NONE : err_no_memory(reading->err);
}

// A path of the file, made one of the process.
static enum err_code resolve(
    struct reading *reading, const char *name, const char *text, const char **ret_path)
{
    return secret_file_path(name, text, reading->file->dir, reading->arena, ret_path, reading->err);
}

// sqlite:PATH with the path made one of the process.
static enum err_code resolve_store(struct reading *reading, const char *text, const char **ret_text)
{
    static const char scheme[] = "sqlite:";
    const char *path = NULL;
    if (strncmp(text, scheme, strlen(scheme)) != 0)
        return ERR_NONE;
    enum err_code code = resolve(reading, "", text + strlen(scheme), &path);
    if (code != ERR_NONE || path == NULL)
        return code;
    size_t size = sizeof(scheme) + strlen(path);
    char *url = arena_alloc(reading->arena, size);
    if (url == NULL)
        return err_no_memory(reading->err);
    snprintf(url, size, "%s%s", scheme, path);
    *ret_text = url;
    return ERR_NONE;
}

// A key of which there may be one has none yet, and no file with its value either.
static enum err_code check_first(struct reading *reading, const struct option_row *row, bool is_in_file)
{
    const struct config_file *file = reading->file;
    for (size_t i = 0; row->type != OPTION_LIST && i < file->value_count; i++) {
        const struct config_value *value = &file->values[i];
        if (value->row == row && value->is_in_file != is_in_file)
            return err_set(reading->err, ERR_CONFIG, "%s stands in line %u by %s: take one of them away",
                row->key, (unsigned)value->line, is_in_file ? "itself" : "a file");
        if (value->row == row)
            return err_set(reading->err, ERR_CONFIG, "%s stands in line %u already: take one of them away",
                row->key, (unsigned)value->line);
    }
    return ERR_NONE;
}

static enum err_code read_value(struct reading *reading, const struct option_row *row, bool is_in_file)
{
    struct config_file *file = reading->file;
    struct config_value value = {.row = row, .is_in_file = is_in_file, .line = reading->entry.line};
    enum err_code code = check_first(reading, row, is_in_file);
    if (code == ERR_NONE)
        code = copy(reading, reading->entry.value, &value.text);
    if (code == ERR_NONE && row->is_secret && secret_is_credential(value.text))
        value.is_in_file = true;
    if (code == ERR_NONE && (row->type == OPTION_PATH || value.is_in_file))
        code = resolve(reading, row->key, value.text, &value.text);
    else if (code == ERR_NONE && row->type == OPTION_STORE)
        code = resolve_store(reading, value.text, &value.text);
    if (code != ERR_NONE)
        return code;
    struct config_value *values =
        arena_grow(reading->arena, file->values, file->value_count, &file->value_room, sizeof(value));
    if (values == NULL)
        return err_no_memory(reading->err);
    file->values = values;
    file->values[file->value_count++] = value;
    return ERR_NONE;
}

// --- apps

// The last app, if it is of this section, or a new one.
static enum err_code open_app(struct reading *reading, struct span name, struct config_app **ret_app)
{
    struct config_file *file = reading->file;
    for (size_t i = 0; i < file->app_count; i++) {
        if (!span_is(name, file->apps[i].name))
            continue;
        *ret_app = &file->apps[i];
        return ERR_NONE;
    }
    struct config_app app = {.line = reading->entry.line};
    enum err_code code = copy(reading, name, &app.name);
    if (code != ERR_NONE)
        return code;
    struct config_app *apps =
        arena_grow(reading->arena, file->apps, file->app_count, &file->app_room, sizeof(app));
    if (apps == NULL)
        return err_no_memory(reading->err);
    file->apps = apps;
    *ret_app = &file->apps[file->app_count++];
    **ret_app = app;
    return ERR_NONE;
}

// The last part of the path is the app's name; "." and ".." are what they are.
static enum err_code check_path(struct reading *reading, const char *app, const char *path)
{
    char text[PATH_MAX];
    if ((size_t)snprintf(text, sizeof(text), "%s", path) >= sizeof(text))
        return err_set(reading->err, ERR_CONFIG, "the path is too long");
    const char *name = basename(text);
    if (strcmp(name, app) == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return ERR_NONE;
    return err_set(reading->err, ERR_CONFIG,
        "the app in this folder is named %s, as the folder is: write [app %s], or rename the folder", name,
        name);
}

static enum err_code read_app_key(struct reading *reading)
{
    static const char *const known[] = {"path", "data"};
    const struct ini_entry *entry = &reading->entry;
    struct span name = span_trim((struct span){
        .at = entry->section.at + strlen(APP_SECTION), .len = entry->section.len - strlen(APP_SECTION)});
    struct config_app *app = NULL;
    const char *text;
    const char **field = NULL;
    enum err_code code = open_app(reading, name, &app);
    if (code != ERR_NONE || app == NULL)
        return code;
    if (span_is(entry->key, "path"))
        field = &app->path;
    else if (span_is(entry->key, "data"))
        field = &app->data;
    if (field == NULL) {
        const char *nearest = nearest_of(entry->key, known, ARRAY_LEN(known));
        return err_set(reading->err, ERR_CONFIG, "[app %s] has no key %.*s; %s%s%s", app->name,
            SHOWN(entry->key), nearest != NULL ? "did you mean " : "there are path and data",
            nearest != NULL ? nearest : "",
            nearest != NULL ? "?" : "; what else an app has is in its app.ini");
    }
    if (*field != NULL)
        return err_set(reading->err, ERR_CONFIG, "[app %s] has %.*s twice", app->name, SHOWN(entry->key));
    code = copy(reading, entry->value, &text);
    if (code == ERR_NONE)
        code = resolve(reading, "path", text, field);
    return code == ERR_NONE && field == &app->path ? check_path(reading, app->name, app->path) : code;
}

// --- the whole

static enum err_code read_entry(struct reading *reading)
{
    const struct ini_entry *entry = &reading->entry;
    const struct option_row *row = NULL;
    bool is_in_file = false, is_app = is_app_section(entry->section);
    if (entry->problem != NULL)
        return err_set(reading->err, ERR_CONFIG, "%s", entry->problem);
    if (!is_app && (row = find_row(entry, &is_in_file)) == NULL)
        return has_section(entry->section) ? fail_key(reading) : fail_section(reading);
    if (entry->value.len == 0)
        return err_set(reading->err, ERR_CONFIG, "%.*s has no value; without the line it has its default",
            SHOWN(entry->key));
    return is_app ? read_app_key(reading) : read_value(reading, row, is_in_file);
}

static enum err_code read_all(struct reading *reading, struct span text)
{
    struct ini ini;
    if (!utf8_valid(text))
        return err_set(reading->err, ERR_CONFIG, "%s: is not UTF-8; save it as UTF-8", reading->file->path);
    ini_init(&ini, text);
    while (ini_next(&ini, &reading->entry)) {
        enum err_code code = at_line(reading, read_entry(reading));
        if (code != ERR_NONE)
            return code;
    }
    for (size_t i = 0; i < reading->file->app_count; i++) {
        const struct config_app *app = &reading->file->apps[i];
        reading->entry.line = app->line;
        if (app->path == NULL)
            return at_line(reading,
                err_set(reading->err, ERR_CONFIG, "[app %s] has no path; write path = FOLDER", app->name));
    }
    return ERR_NONE;
}

static enum err_code read_dir(
    const char *path, struct arena *arena, struct config_file *file, struct err *err)
{
    char *copy = arena_strdup(arena, path);
    file->path = arena_strdup(arena, path);
    if (copy == NULL || file->path == NULL)
        return err_no_memory(err);
    file->dir = dirname(copy);
    if (strcmp(file->dir, ".") == 0)
        file->dir = ""; // so that paths stay as they are written
    return ERR_NONE;
}

enum err_code config_file_read(
    const char *path, struct arena *arena, struct config_file *ret_file, struct err *err)
{
    struct config_file file = {0};
    struct reading reading = {.file = &file, .arena = arena, .err = err};
    struct span text;
    enum err_code code = read_dir(path, arena, &file, err);
    if (code == ERR_NONE)
        code = text_file_read(path, FILE_BYTES, arena, &text, &file.is_open, err);
    if (code == ERR_NONE)
        code = read_all(&reading, text);
    if (code == ERR_NONE)
        *ret_file = file;
    return code;
}
