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
#include "text/url.h"

struct reading {
    const char *file;             // for messages
    struct app *app;              // filled
    struct diags *diags;          // where errors go
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
    enum err_code status;         // ERR_NO_MEMORY, or ERR_NONE
};

static void fail(struct reading *reading, const char *format, ...) PRINTF_LIKE(2, 3);

static void fail(struct reading *reading, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    diags_add(reading->diags, reading->file, reading->line, 0, "%s", text);
}

static bool keep(struct reading *reading, struct span text, struct span *ret_kept)
{
    bool is_kept = arena_copy(&reading->app->arena, text, ret_kept);
    if (!is_kept)
        reading->status = ERR_NO_MEMORY;
    return is_kept;
}

static void on_title(struct reading *reading, struct span value)
{
    if (reading->has_title)
        fail(reading, "a second title; take one away");
    else if (value.len == 0)
        fail(reading, "the title is empty; write title = Freight rates");
    else
        keep(reading, value, &reading->app->title);
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
    for (size_t i = 0; i < reading->app->endpoint_count; i++)
        reading->app->endpoints[i].is_kept = false;
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
    const struct endpoint *near = app_nearest(reading->app, key);
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
    const struct endpoint *endpoint = is_method ? app_find(reading->app, method, path) : NULL;
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
    struct app *app = reading->app;
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
        reading->status = ERR_NO_MEMORY;
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

static void on_load(struct reading *reading, struct span key, struct span file)
{
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

static void on_hook(struct reading *reading, struct span key, struct span url)
{
    const struct endpoint *found = find_target(reading, key, "https://example.org/hook");
    const char *problem = hook_problem(url);
    if (problem != NULL) // which is not shown: it may hold a secret
        fail(reading, "the URL of the hook of %.*s %s", SHOW(key), problem);
    if (found == NULL)
        return;
    struct endpoint *endpoint = &reading->app->endpoints[found - reading->app->endpoints];
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

static void fail_unknown_section(struct reading *reading, struct span section)
{
    static const struct {
        const char *word;
        bool has_name;
    } known[] = {{"load", false}, {"access", false}, {"plan", true}, {"jwt", true}, {"cors", false},
        {"watch", false}, {"reload", false}, {"hook", false}, {"history", false}};
    struct span rest = section, first = span_split(&rest, ' ');
    const char *nearest = nearest_in(first, known, ARRAY_LEN(known), sizeof(known[0]));
    bool has_name = false;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        has_name = has_name || (nearest == known[i].word && known[i].has_name);
    if (span_is(section, "cache"))
        fail(reading, "there is no section [%.*s]; write cache = off in front of [load]", SHOW(section));
    else if (nearest != NULL)
        fail(reading, "unknown section [%.*s]; did you mean [%s%s]?", SHOW(section), nearest,
            has_name ? " NAME" : "");
    else
        fail(reading,
            "unknown section [%.*s]; known are [load], [watch], [reload], [hook], [access], [plan NAME], [jwt NAME], [cors] and [history]",
            SHOW(section));
}

static void on_entry(struct reading *reading, const struct ini_entry *entry)
{
    reading->line = entry->line;
    if (entry->problem != NULL)
        fail(reading, "%s", entry->problem);
    else if (span_is(entry->section, "load"))
        on_load(reading, entry->key, entry->value);
    else if (watch_reading_has(entry->section))
        on_watch(reading, entry);
    else if (reload_reading_has(entry->section))
        on_reload(reading, entry);
    else if (access_lines_have(entry->section))
        access_lines_read(&reading->access, entry);
    else if (issuer_lines_have(entry->section))
        issuer_lines_read(&reading->issuer, entry);
    else if (cors_lines_have(entry->section))
        cors_lines_read(&reading->cors, entry);
    else if (history_lines_have(entry->section))
        history_lines_read(&reading->old, entry);
    else if (span_is(entry->section, "hook"))
        on_hook(reading, entry->key, entry->value);
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
    struct reading reading = {.file = file,
        .app = app,
        .diags = diags,
        .access = {.file = file, .app = app, .diags = diags},
        .issuer = {.file = file, .app = app, .diags = diags},
        .cors = {.file = file, .app = app, .diags = diags},
        .watch = {.file = file, .app = app, .diags = diags},
        .old = {.file = file, .app = app, .diags = diags},
        .reload = {.file = file, .app = app, .diags = diags},
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
    if (reading.access.status != ERR_NONE || reading.cors.status != ERR_NONE ||
        reading.issuer.status != ERR_NONE || reading.watch.status != ERR_NONE ||
        reading.reload.status != ERR_NONE || reading.old.status != ERR_NONE)
        reading.status = ERR_NO_MEMORY;
    return reading.status == ERR_NONE ? ERR_NONE : err_no_memory(err);
}
