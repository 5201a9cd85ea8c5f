// SPDX-License-Identifier: Apache-2.0
// What the lines of [watch] mean. A folder need not be there when it is read, but has to be one that nobody
// else of the app uses: what is taken out of it is moved. One thread.
#include "app/app_watch.h"

#include "app/body_format.h"
#include "base/limits.h"

void watch_reading_set(struct watch_reading *reading, const struct ini_entry *entry)
{
    if (!span_is(entry->key, "repeats"))
        INI_FAIL(reading->ini, entry->line,
            "unknown key \"%.*s\"; known in [watch] are repeats and endpoints, such as POST /prices",
            SHOW(entry->key));
    else if (reading->repeats_line != 0)
        INI_FAIL(reading->ini, entry->line, "a second repeats; the first is on line %u",
            (unsigned)reading->repeats_line);
    else if (!span_is(entry->value, "again") && !span_is(entry->value, "once"))
        INI_FAIL(reading->ini, entry->line,
            "repeats can be once, where a file with the bytes of an earlier one is not written again, or again, "
            "and not \"%.*s\"",
            SHOW(entry->value));
    if (span_is(entry->key, "repeats")) {
        reading->repeats_line = entry->line;
        reading->takes_repeats = span_is(entry->value, "again");
    }
}

// --- files

// Takes the last part of a path off its end; what is left has no slash there. An absolute folder keeps its
// first one.
static struct span split_name(struct span path, struct span *ret_name)
{
    size_t len = path.len;
    while (len > 0 && path.at[len - 1] != '/')
        len--;
    *ret_name = (struct span){.at = path.at + len, .len = path.len - len};
    while (len > 1 && path.at[len - 1] == '/')
        len--;
    return (struct span){.at = path.at, .len = len};
}

static bool has_wildcard(struct span text)
{
    return memchr(text.at, '*', text.len) != NULL || memchr(text.at, '?', text.len) != NULL ||
           memchr(text.at, '[', text.len) != NULL;
}

// Whether a folder is one that the app has for something else; only relative ones are.
static bool is_taken(struct span folder)
{
    static const char *const names[] = {"data", "schema", "public", "tests", "."};
    struct span rest = folder, first = span_split(&rest, '/');
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (span_is(first, names[i]))
            return true;
    }
    return false;
}

static const char *folder_problem(struct span folder)
{
    struct span rest = folder, part = {0};
    if (folder.len == 0)
        return "names no folder; write incoming/*.csv";
    if (has_wildcard(folder))
        return "may have *, ? and [ in its last part only";
    if (folder.at[0] != '/' && is_taken(folder))
        return "is in a folder that the app has for something else; use one such as incoming/";
    while (rest.len > 0) {
        part = span_split(&rest, '/');
        if (span_is(part, ".."))
            return "may not have .. in it; write the whole path";
    }
    bool is_outlet = span_is(part, WATCH_DONE) || span_is(part, WATCH_REJECTED);
    return is_outlet ? "is where files go that were taken; name another folder" : NULL;
}

// Why a text cannot name the files of a folder, or NULL.
static const char *files_problem(struct span text, struct span folder, struct span pattern)
{
    enum body_format format;
    if (text.len == 0 || memchr(text.at, '\0', text.len) != NULL)
        return "names no files; write incoming/*.csv";
    if (text.at[0] == '"' || text.at[0] == '\'')
        return "is in quotes: leave them out";
    const char *problem = folder_problem(folder);
    if (problem != NULL)
        return problem;
    if (pattern.len > 0 && pattern.at[0] == '.')
        return "would take files that begin with a dot, which somebody still writes";
    if (span_ends_with_nocase(pattern, WATCH_REPORT_ENDING))
        return "would take reports of files that were rejected";
    return body_format_of_file(pattern, &format) ? NULL
                                                 : "has to end in " BODY_FILE_ENDINGS
                                                   ", with .gz or .zst behind it where files are compressed";
}

static const char *keep(struct watch_reading *reading, struct span a, const char *between, struct span b)
{
    size_t middle = strlen(between), len = a.len + middle + b.len;
    char *kept = arena_alloc(&reading->ini->app->arena, len + 1);
    if (kept == NULL) {
        reading->ini->status = ERR_NO_MEMORY;
        return NULL;
    }
    if (a.len > 0)
        memcpy(kept, a.at, a.len);
    memcpy(kept + a.len, between, middle);
    memcpy(kept + a.len + middle, b.at, b.len);
    kept[len] = '\0';
    return kept;
}

static bool is_double(struct watch_reading *reading, const struct watch_line *line)
{
    const struct app *app = reading->ini->app;
    for (size_t i = 0; i < app->watch_line_count; i++) {
        const struct watch_line *other = &app->watch_lines[i];
        if (strcmp(other->folder, line->folder) != 0 || strcmp(other->pattern, line->pattern) != 0)
            continue;
        INI_FAIL(
            reading->ini, line->line, "the same files are on line %u; take one away", (unsigned)other->line);
        return true;
    }
    return false;
}

void watch_reading_add(
    struct watch_reading *reading, const struct ini_entry *entry, const struct endpoint *endpoint)
{
    struct app *app = reading->ini->app;
    struct span pattern, folder = split_name(entry->value, &pattern);
    const char *problem = files_problem(entry->value, folder, pattern);
    if (problem != NULL)
        INI_FAIL(reading->ini, entry->line, "\"%.*s\" %s", SHOW(entry->value), problem);
    if (problem != NULL || endpoint == NULL)
        return;
    if (app->watch_line_count == LIMIT_WATCH_LINES) {
        INI_FAIL(reading->ini, entry->line, "more than %d lines of [watch]; let some of them share a folder",
            LIMIT_WATCH_LINES);
        return;
    }
    struct watch_line *lines =
        arena_grow(&app->arena, app->watch_lines, app->watch_line_count, &reading->room, sizeof(*lines));
    if (lines == NULL) {
        reading->ini->status = ERR_NO_MEMORY;
        return;
    }
    app->watch_lines = lines;
    bool is_absolute = folder.at[0] == '/';
    struct watch_line line = {.endpoint = endpoint,
        .folder = is_absolute ? keep(reading, folder, "", span_of(""))
                              : keep(reading, span_of(app->dir), "/", folder),
        .pattern = keep(reading, pattern, "", span_of("")),
        .line = entry->line};
    if (line.folder != NULL && line.pattern != NULL && !is_double(reading, &line))
        app->watch_lines[app->watch_line_count++] = line;
}

void watch_reading_finish(struct watch_reading *reading)
{
    struct app *app = reading->ini->app;
    for (size_t i = 0; i < app->watch_line_count; i++) {
        enum http_method method = app->watch_lines[i].endpoint->method;
        bool may_repeat = method == HTTP_PUT || method == HTTP_DELETE; // RFC 9110 section 9.2.2
        app->watch_lines[i].takes_repeats = reading->repeats_line != 0 ? reading->takes_repeats : may_repeat;
    }
    if (reading->repeats_line != 0 && app->watch_line_count == 0)
        INI_FAIL(
            reading->ini, reading->repeats_line, "[watch] names no files; write POST /path = incoming/*.csv");
}
