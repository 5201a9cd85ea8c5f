// SPDX-License-Identifier: Apache-2.0
// inih splits the lines into section, key and value. It is fed line by line, because it tells its handler no
// line numbers, cuts long lines in two, and takes an indented line for more of the line above: what it would
// misread, the reader refuses, and gives it an empty line instead.
#include "app/ini.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

struct reading {
    const char *file;     // for messages
    struct span rest;     // lines not yet read
    struct app *app;      // filled
    struct diags *diags;  // where errors go
    uint32_t line;        // that inih is at
    bool has_title;       // title was there
    bool is_complete;     // all endpoints are known
    size_t load_room;     // loads for which the array has room
    enum err_code status; // ERR_NO_MEMORY, or ERR_NONE
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

// --- lines

// What is wrong with a line's form, or NULL.
static const char *line_problem(struct span line)
{
    if (line.len == 0 || line.at[0] == ';' || line.at[0] == '#')
        return NULL; // empty, or a comment
    if (line.at[0] == '[')
        return memchr(line.at, ']', line.len) == NULL ? "the section has no ]" : NULL;
    bool has_separator = memchr(line.at, '=', line.len) != NULL || memchr(line.at, ':', line.len) != NULL;
    return has_separator ? NULL : "no = on this line; write key = value";
}

// Gives inih its next line, as fgets(3) would; ini_reader.
static char *next_line(char *out, int size, void *stream)
{
    struct reading *reading = stream;
    if (reading->rest.len == 0 || size < 3)
        return NULL;
    struct span line = span_split(&reading->rest, '\n');
    reading->line++;
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    line = span_trim(line);
    const char *problem = line_problem(line);
    size_t room = (size_t)size - 2; // for the line feed and the NUL
    if (problem != NULL)
        fail(reading, "%s", problem);
    else if (line.len > room)
        fail(reading, "the line is longer than %zu bytes", room);
    if (problem != NULL || line.len > room)
        line.len = 0;
    memcpy(out, line.at, line.len);
    memcpy(out + line.len, "\n", 2);
    return out;
}

// --- keys and values

static bool keep(struct reading *reading, const char *text, struct span *ret_kept)
{
    struct span kept = {.at = arena_strndup(&reading->app->arena, text, strlen(text)), .len = strlen(text)};
    if (kept.at == NULL)
        reading->status = ERR_NO_MEMORY;
    else
        *ret_kept = kept;
    return kept.at != NULL;
}

static void on_title(struct reading *reading, const char *value)
{
    if (reading->has_title)
        fail(reading, "a second title; take one away");
    else if (value[0] == '\0')
        fail(reading, "the title is empty; write title = Freight rates");
    else
        keep(reading, value, &reading->app->title);
    reading->has_title = true;
}

// The endpoint of "POST /prices"; NULL when there is none, which is reported.
static const struct endpoint *find_target(struct reading *reading, const char *key)
{
    struct span path = span_of(key);
    struct span name = span_split(&path, ' ');
    path = span_trim(path);
    enum http_method method;
    bool is_method = http_method_from_name(name, &method);
    const struct endpoint *endpoint = is_method ? app_find(reading->app, method, path) : NULL;
    if (endpoint != NULL)
        return endpoint;
    if (!is_method || path.len == 0 || path.at[0] != '/')
        fail(reading, "%.*s is no endpoint; write POST /path = file.csv", SHOW(span_of(key)));
    else if (reading->is_complete)
        fail(reading, "the app has no endpoint %.*s", SHOW(span_of(key)));
    return NULL;
}

static bool ends_with(struct span text, const char *end)
{
    size_t len = strlen(end);
    return text.len > len && memcmp(text.at + text.len - len, end, len) == 0;
}

// Why a name cannot be that of a data file, or NULL.
static const char *file_problem(const char *name)
{
    struct span rest = span_of(name), whole = rest;
    if (name[0] == '\0')
        return "is no file's name";
    if (name[0] == '/')
        return "has to be relative to the data folder";
    while (rest.len > 0) {
        if (span_is(span_split(&rest, '/'), ".."))
            return "may not leave the data folder by ..";
    }
    bool is_known = ends_with(whole, ".csv") || ends_with(whole, ".json") || ends_with(whole, ".ndjson");
    return is_known ? NULL : "has to end in .csv, .json or .ndjson";
}

static void add_load(struct reading *reading, const struct endpoint *endpoint, const char *file)
{
    struct app *app = reading->app;
    for (size_t i = 0; i < app->first_load_count; i++) {
        if (app->first_loads[i].endpoint == endpoint && span_is(app->first_loads[i].file, file)) {
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

static void on_load(struct reading *reading, const char *key, const char *file)
{
    const struct endpoint *endpoint = find_target(reading, key);
    const char *problem = endpoint != NULL ? endpoint_load_problem(endpoint) : NULL;
    if (problem != NULL)
        fail(reading, "%.*s %s", SHOW(span_of(key)), problem);
    const char *wrong_file = file_problem(file);
    if (wrong_file != NULL)
        fail(reading, "\"%.*s\" %s", SHOW(span_of(file)), wrong_file);
    if (endpoint != NULL && problem == NULL && wrong_file == NULL)
        add_load(reading, endpoint, file);
}

// ini_handler; 1 for a line that was read. Errors are kept by us, so it never says 0.
static int on_value(void *ctx, const char *section, const char *key, const char *value)
{
    struct reading *reading = ctx;
    if (strcmp(section, "load") == 0)
        on_load(reading, key, value);
    else if (section[0] != '\0')
        fail(reading, "unknown section [%.*s]; known is [load]", SHOW(span_of(section)));
    else if (strcmp(key, "title") == 0)
        on_title(reading, value);
    else
        fail(reading, "unknown key \"%.*s\"; known is title", SHOW(span_of(key)));
    return 1;
}

enum err_code ini_read(const char *file, struct span text, bool is_complete, struct app *app,
    struct diags *diags, struct err *err)
{
    struct reading reading = {
        .file = file, .rest = text, .app = app, .diags = diags, .is_complete = is_complete};
    reading.status = ERR_NONE;
    if (text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0)
        reading.rest = (struct span){.at = text.at + 3, .len = text.len - 3};
    ini_parse_stream(next_line, &reading, on_value, &reading);
    return reading.status == ERR_NONE ? ERR_NONE : err_no_memory(err);
}
