// SPDX-License-Identifier: Apache-2.0
// Reads what the keys of app.ini mean; their lines are text/ini.c's. Each problem is told with its line, and
// the lines behind it are read all the same. Any thread.
#include "app/app_ini.h"

#include <stdarg.h>
#include <stdio.h>

#include "app/app_access.h"
#include "app/app_cors.h"
#include "app/app_history.h"
#include "app/app_issuers.h"
#include "app/app_reload.h"
#include "app/app_watch.h"
#include "app/body_format.h"
#include "base/limits.h"
#include "text/ini.h"
#include "text/nearest.h"
#include "text/url_origin.h"

struct reading {
    struct ini_reading ini;       // shared with all sections
    uint32_t line;                // of the current entry
    struct span told;             // the section of the last entry
    bool has_title;               // title was there
    bool has_cache;               // cache was there
    bool is_complete;             // all endpoints are known
    struct access_lines access;   // what [access] and [plan NAME] say
    struct issuer_lines issuer;   // what [jwt NAME] says
    struct cors_lines cors;       // what [cors] says
    struct watch_reading watch;   // what [watch] says
    struct reload_reading reload; // what [reload] says
    struct history_lines old;     // what [history] says
    size_t load_room;             // loads for which the array has room
};

static void PRINTF_LIKE(2, 3) fail(struct reading *reading, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diags_vadd(reading->ini.diags, reading->ini.file, reading->line, 0, format, args);
    va_end(args);
}

static bool keep(struct reading *reading, struct span text, struct span *ret_kept)
{
    bool is_kept = arena_copy(&reading->ini.app->arena, text, ret_kept);
    if (!is_kept)
        reading->ini.status = ERR_NO_MEMORY;
    return is_kept;
}

static void on_title(struct reading *reading, struct span value)
{
    if (reading->has_title)
        fail(reading, "a second title; take one away");
    else if (value.len == 0)
        fail(reading, "the title is empty; write title = Freight rates");
    else
        keep(reading, value, &reading->ini.app->title);
    reading->has_title = true;
}

// All answers of the app, whatever the endpoints say.
static void on_cache(struct reading *reading, struct span value)
{
    if (reading->has_cache)
        fail(reading, "a second cache; take one away");
    else if (!span_is(value, "off"))
        fail(reading, "cache can be off, and not \"%.*s\"; without the line answers are kept while they hold",
            SHOW(value));
    for (size_t i = 0; i < reading->ini.app->endpoint_count; i++)
        reading->ini.app->endpoints[i].is_kept = false;
    reading->has_cache = true;
}

static void fail_unknown_key(struct reading *reading, struct span key)
{
    static const char *const known[] = {"title", "cache"};
    const char *nearest = nearest_of(key, known, ARRAY_LEN(known));
    if (memchr(key.at, '/', key.len) != NULL)
        fail(reading, "%.*s stands in front of [load]; put a line [load] above it", SHOW(key));
    else if (nearest != NULL)
        fail(reading, "unknown key \"%.*s\"; did you mean %s?", SHOW(key), nearest);
    else
        fail(reading, "unknown key \"%.*s\"; known are title and cache", SHOW(key));
}

static void fail_unknown(struct reading *reading, struct span key)
{
    const struct endpoint *near = app_nearest(reading->ini.app, key);
    if (near != NULL)
        fail(reading, "the app has no endpoint %.*s; did you mean %s %.*s?", SHOW(key),
            http_method_name(near->method), SHOW(near->path));
    else
        fail(reading, "the app has no endpoint %.*s", SHOW(key));
}

// The endpoint of "POST /prices"; NULL when there is none, which is reported. `value`: what stands behind the
// sign of equality, as an example.
static const struct endpoint *find_target(struct reading *reading, struct span key, const char *value)
{
    struct span path = key;
    struct span name = span_split(&path, ' ');
    path = span_trim(path);
    enum http_method method;
    bool is_method = http_method_from_name(name, &method);
    const struct endpoint *endpoint = is_method ? app_find(reading->ini.app, method, path) : NULL;
    if (endpoint != NULL)
        return endpoint;
    if (!is_method || path.len == 0 || path.at[0] != '/')
        fail(reading, "%.*s is no endpoint; write POST /path = %s", SHOW(key), value);
    else if (reading->is_complete)
        fail_unknown(reading, key);
    return NULL;
}

// Why a name cannot be that of a data file, or NULL.
static const char *file_problem(struct span name)
{
    struct span rest = name;
    if (name.len == 0 || memchr(name.at, '\0', name.len) != NULL)
        return "is no file's name";
    if (name.at[0] == '"' || name.at[0] == '\'')
        return "is in quotes: leave them out";
    if (name.at[0] == '/')
        return "has to be relative to the data folder";
    while (rest.len > 0) {
        if (span_is(span_split(&rest, '/'), ".."))
            return "may not leave the data folder by ..";
    }
    enum body_format format;
    return body_format_of_file(name, &format) ? NULL : "has to end in " BODY_FILE_ENDINGS;
}

static void add_load(struct reading *reading, const struct endpoint *endpoint, struct span file)
{
    struct app *app = reading->ini.app;
    for (size_t i = 0; i < app->first_load_count; i++) {
        if (app->first_loads[i].endpoint == endpoint && span_equal(app->first_loads[i].file, file)) {
            fail(reading, "the same load is on line %u; take one away", (unsigned)app->first_loads[i].line);
            return;
        }
    }
    if (app->first_load_count == LIMIT_ENDPOINTS) {
        fail(reading, "more than %d loads; put them into fewer files", LIMIT_ENDPOINTS);
        return;
    }
    struct first_load *loads =
        arena_grow(&app->arena, app->first_loads, app->first_load_count, &reading->load_room, sizeof(*loads));
    if (loads == NULL) {
        reading->ini.status = ERR_NO_MEMORY;
        return;
    }
    app->first_loads = loads;
    struct first_load *load = &app->first_loads[app->first_load_count];
    *load = (struct first_load){.endpoint = endpoint, .line = reading->line};
    if (keep(reading, file, &load->file))
        app->first_load_count++;
}

// The endpoint that files can be put through; NULL when there is none, which is reported.
static const struct endpoint *find_load_target(struct reading *reading, struct span key)
{
    const struct endpoint *endpoint = find_target(reading, key, "file.csv");
    const char *problem = endpoint != NULL ? endpoint_load_problem(endpoint) : NULL;
    if (problem != NULL)
        fail(reading, "%.*s %s", SHOW(key), problem);
    return problem == NULL ? endpoint : NULL;
}

static void on_load(struct reading *reading, const struct ini_entry *entry)
{
    struct span key = entry->key, file = entry->value;
    const struct endpoint *endpoint = find_load_target(reading, key);
    const char *wrong_file = file_problem(file);
    if (wrong_file != NULL)
        fail(reading, "\"%.*s\" %s", SHOW(file), wrong_file);
    if (endpoint != NULL && wrong_file == NULL)
        add_load(reading, endpoint, file);
}

static void on_watch(struct reading *reading, const struct ini_entry *entry)
{
    if (memchr(entry->key.at, '/', entry->key.len) == NULL)
        watch_reading_set(&reading->watch, entry);
    else
        watch_reading_add(&reading->watch, entry, find_load_target(reading, entry->key));
}

// Why a URL cannot be that of a hook, or NULL.
static const char *hook_problem(struct span url)
{
    if (!url_is_plain(url))
        return "has a user's name, or a character that no URL has";
    if (!url_is_private(url))
        return "is no https:// URL; http:// goes to 127.0.0.1 only";
    if (!url_is_normal(url)) // its secret is found by these bytes
        return "has to have its host in small letters, and a port only where it is not the usual one";
    return NULL;
}

static void on_hook(struct reading *reading, const struct ini_entry *entry)
{
    struct span key = entry->key, url = entry->value;
    const struct endpoint *found = find_target(reading, key, "https://example.org/hook");
    const char *problem = hook_problem(url);
    if (problem != NULL) // which is not shown: it may hold a secret
        fail(reading, "the URL of the hook of %.*s %s", SHOW(key), problem);
    if (found == NULL)
        return;
    struct endpoint *endpoint = &reading->ini.app->endpoints[found - reading->ini.app->endpoints];
    if (endpoint_is_read(endpoint))
        fail(reading, "%.*s writes nothing, so there is nothing to tell of it", SHOW(key));
    else if (endpoint->hook.len > 0)
        fail(reading, "a second hook of %.*s; let the receiver of one tell others", SHOW(key));
    else
        keep(reading, url, &endpoint->hook);
}

static void on_reload(struct reading *reading, const struct ini_entry *entry)
{
    if (memchr(entry->key.at, '/', entry->key.len) == NULL)
        reload_reading_set(&reading->reload, entry);
    else
        reload_reading_add(&reading->reload, entry, find_load_target(reading, entry->key));
}

static void on_access(struct reading *reading, const struct ini_entry *entry)
{
    access_lines_read(&reading->access, entry);
}

static void on_issuer(struct reading *reading, const struct ini_entry *entry)
{
    issuer_lines_read(&reading->issuer, entry);
}

static void on_cors(struct reading *reading, const struct ini_entry *entry)
{
    cors_lines_read(&reading->cors, entry);
}

static void on_history(struct reading *reading, const struct ini_entry *entry)
{
    history_lines_read(&reading->old, entry);
}

// --- sections

static const struct section {
    const char *word; // [word]
    bool has_name;    // [word NAME]
    void (*read)(struct reading *reading, const struct ini_entry *entry);
} sections[] = {
    {"load", false, on_load},
    {"access", false, on_access},
    {"plan", true, on_access},
    {"jwt", true, on_issuer},
    {"cors", false, on_cors},
    {"watch", false, on_watch},
    {"reload", false, on_reload},
    {"hook", false, on_hook},
    {"history", false, on_history},
};

// The section of that title; NULL: none is known. [plan] alone is one, too: its reader tells what it lacks.
static const struct section *find_section(struct span title)
{
    struct span rest = title, word = span_split(&rest, ' ');
    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        if (span_is(word, sections[i].word) && (sections[i].has_name || word.len == title.len))
            return &sections[i];
    }
    return NULL;
}

static void fail_unknown_section(struct reading *reading, struct span section)
{
    struct span rest = section, first = span_split(&rest, ' ');
    const char *nearest = nearest_in(first, sections, ARRAY_LEN(sections), sizeof(sections[0]));
    const struct section *meant = nearest != NULL ? find_section(span_of(nearest)) : NULL;
    if (span_is(section, "cache"))
        fail(reading, "there is no section [%.*s]; write cache = off in front of [load]", SHOW(section));
    else if (meant != NULL)
        fail(reading, "unknown section [%.*s]; did you mean [%s%s]?", SHOW(section), meant->word,
            meant->has_name ? " NAME" : "");
    else
        fail(reading,
            "unknown section [%.*s]; known are [load], [watch], [reload], [hook], [access], [plan NAME], [jwt NAME], [cors] and [history]",
            SHOW(section));
}

static void on_entry(struct reading *reading, const struct ini_entry *entry)
{
    const struct section *section = find_section(entry->section);
    reading->line = entry->line;
    if (entry->problem != NULL)
        fail(reading, "%s", entry->problem);
    else if (section != NULL)
        section->read(reading, entry);
    else if (entry->section.len > 0 && entry->section.at != reading->told.at) // once for all of its keys
        fail_unknown_section(reading, entry->section);
    else if (entry->section.len > 0)
        return;
    else if (span_is(entry->key, "title"))
        on_title(reading, entry->value);
    else if (span_is(entry->key, "cache"))
        on_cache(reading, entry->value);
    else
        fail_unknown_key(reading, entry->key);
    reading->told = entry->section;
}

enum err_code app_ini_read(const char *file, struct span text, bool is_complete, struct app *app,
    struct diags *diags, struct err *err)
{
    struct reading reading = {.ini = {.file = file, .app = app, .diags = diags},
        .access = {.ini = &reading.ini},
        .issuer = {.ini = &reading.ini},
        .cors = {.ini = &reading.ini},
        .watch = {.ini = &reading.ini},
        .reload = {.ini = &reading.ini},
        .old = {.ini = &reading.ini},
        .is_complete = is_complete};
    struct ini ini;
    struct ini_entry entry;
    ini_init(&ini, text);
    while (ini_next(&ini, &entry))
        on_entry(&reading, &entry);
    issuer_lines_finish(&reading.issuer);
    access_lines_finish(&reading.access);
    cors_lines_finish(&reading.cors);
    watch_reading_finish(&reading.watch);
    reload_reading_finish(&reading.reload);
    history_lines_finish(&reading.old);
    return reading.ini.status == ERR_NONE ? ERR_NONE : err_no_memory(err);
}
