// SPDX-License-Identifier: Apache-2.0
// What the lines of [reload] mean. The file need not be there when they are read. One thread.
#include "app/app_reload.h"

#include <stdio.h>

#include "app/body_format.h"
#include "base/limits.h"
#include "text/time_of_day.h"

enum { NAME_BYTES = 512 }; // a line of app.ini is shorter

// --- when

static void read_at(struct reload_reading *reading, const struct ini_entry *entry)
{
    int64_t us;
    if (!diags_is_first(reading->ini->diags, reading->ini->file, entry, &reading->at_line))
        return;
    if (time_of_day_parse(entry->value, &us))
        reading->ini->app->reload_times.at_s = us / US_PER_SECOND;
    else
        INI_FAIL(reading->ini, entry->line, "at has to be a time of the day, such as 03:00, and not \"%.*s\"",
            SHOW(entry->value));
}

// "30s", "5min" or "1h", up to a day.
static bool read_duration(struct span text, uint64_t *ret_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"s", 1000}, {"min", 60000}, {"h", 3600000}};
    uint64_t number = 0;
    size_t digits = 0;
    for (; digits < text.len && digits < 6 && ascii_is_digit(text.at[digits]); digits++)
        number = number * 10 + (uint64_t)(text.at[digits] - '0');
    struct span unit = {.at = text.at + digits, .len = text.len - digits};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!span_is(unit, units[i].unit))
            continue;
        *ret_ms = number * units[i].ms;
        return *ret_ms > 0 && *ret_ms <= LIMIT_RELOAD_WAIT_MS;
    }
    return false;
}

static void read_quiet(struct reload_reading *reading, const struct ini_entry *entry)
{
    uint64_t ms;
    if (!diags_is_first(reading->ini->diags, reading->ini->file, entry, &reading->quiet_line))
        return;
    if (read_duration(entry->value, &ms))
        reading->ini->app->reload_times.quiet_ms = ms;
    else
        INI_FAIL(reading->ini, entry->line,
            "quiet has to be a time from 1s to 24h, such as 30s or 5min, and not \"%.*s\"",
            SHOW(entry->value));
}

void reload_reading_set(struct reload_reading *reading, const struct ini_entry *entry)
{
    if (span_is(entry->key, "at"))
        read_at(reading, entry);
    else if (span_is(entry->key, "quiet"))
        read_quiet(reading, entry);
    else
        INI_FAIL(reading->ini, entry->line,
            "unknown key \"%.*s\"; known in [reload] are at, quiet and endpoints, such as PUT /catalogue",
            SHOW(entry->key));
}

// --- which files

// Why a text cannot name a file to load, or NULL.
static const char *file_problem(struct span text)
{
    enum body_format format;
    struct span rest = text;
    if (text.len == 0 || memchr(text.at, '\0', text.len) != NULL)
        return "names no file; write data/catalogue.csv";
    if (text.at[0] == '"' || text.at[0] == '\'')
        return "is in quotes: leave them out";
    while (rest.len > 0) {
        if (span_is(span_split(&rest, '/'), ".."))
            return "may not have .. in it; write the whole path";
    }
    if (memchr(text.at, '*', text.len) != NULL)
        return "may have no *: a line names one file; files that come are for [watch]";
    return body_format_of_file(text, &format) ? NULL
                                              : "has to end in " BODY_FILE_ENDINGS
                                                ", with .gz or .zst behind it where the file is compressed";
}

static void add(
    struct reload_reading *reading, const struct endpoint *endpoint, struct span file, uint32_t line)
{
    struct app *app = reading->ini->app;
    char endpoint_text[ENDPOINT_NAME_CHARS], name[ENDPOINT_NAME_CHARS + NAME_BYTES], path[4096 + NAME_BYTES];
    endpoint_name(endpoint, endpoint_text);
    snprintf(name, sizeof(name), "%s = %.*s", endpoint_text, (int)file.len, file.at);
    bool is_absolute = file.at[0] == '/';
    snprintf(path, sizeof(path), "%s%s%.*s", is_absolute ? "" : app->dir, is_absolute ? "" : "/",
        (int)file.len, file.at);
    struct reload_line *lines =
        arena_grow(&app->arena, app->reload_lines, app->reload_line_count, &reading->room, sizeof(*lines));
    const char *kept_name = arena_strdup(&app->arena, name), *kept_path = arena_strdup(&app->arena, path);
    if (lines == NULL || kept_name == NULL || kept_path == NULL) {
        reading->ini->status = ERR_NO_MEMORY;
        return;
    }
    app->reload_lines = lines;
    lines[app->reload_line_count++] =
        (struct reload_line){.endpoint = endpoint, .path = kept_path, .name = kept_name, .line = line};
}

void reload_reading_add(
    struct reload_reading *reading, const struct ini_entry *entry, const struct endpoint *endpoint)
{
    const struct app *app = reading->ini->app;
    const char *problem = file_problem(entry->value);
    if (problem != NULL)
        INI_FAIL(reading->ini, entry->line, "\"%.*s\" %s", SHOW(entry->value), problem);
    if (problem != NULL || endpoint == NULL)
        return;
    for (size_t i = 0; i < app->reload_line_count; i++) {
        if (app->reload_lines[i].endpoint != endpoint)
            continue;
        INI_FAIL(reading->ini, entry->line,
            "%.*s has a file on line %u already; what replaces a table is one file", SHOW(entry->key),
            (unsigned)app->reload_lines[i].line);
        return;
    }
    if (app->reload_line_count == LIMIT_WATCH_LINES)
        INI_FAIL(reading->ini, entry->line, "more than %d lines of [reload]", LIMIT_WATCH_LINES);
    else
        add(reading, endpoint, entry->value, entry->line);
}

void reload_reading_finish(struct reload_reading *reading)
{
    if (reading->at_line == 0)
        reading->ini->app->reload_times.at_s = -1;
    uint32_t line = reading->at_line != 0 ? reading->at_line : reading->quiet_line;
    if (line != 0 && reading->ini->app->reload_line_count == 0)
        INI_FAIL(reading->ini, line, "[reload] names no file; write PUT /path = data/file.csv");
}
