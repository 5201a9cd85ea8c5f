// SPDX-License-Identifier: Apache-2.0
// Which issuers there are; what their lines mean is issuer.c's. A section is whole when another one begins,
// or the file ends. One thread.
#include "app/app_issuers.h"

#include <string.h>

#include "app/issuer.h"
#include "app/rule_read.h"
#include "base/limits.h"

static struct issuer *last_issuer(const struct issuer_lines *lines)
{
    return &lines->items[lines->ini->app->access.issuer_count - 1];
}

static bool has_issuer(const struct app *app, struct span name)
{
    for (size_t i = 0; i < app->access.issuer_count; i++) {
        if (span_equal(app->access.issuers[i].name, name))
            return true;
    }
    return false;
}

static bool add_issuer(struct issuer_lines *lines, struct span name, uint32_t line)
{
    struct app_access *access = &lines->ini->app->access;
    struct issuer *issuers = arena_grow(
        &lines->ini->app->arena, lines->items, access->issuer_count, &lines->room, sizeof(*issuers));
    if (issuers == NULL) {
        lines->ini->status = ERR_NO_MEMORY;
        return false;
    }
    access->issuers = lines->items = issuers;
    lines->items[access->issuer_count++] = (struct issuer){.name = name, .line = line};
    return true;
}

// Begins a section; false when it cannot be one, which is reported once.
static bool begin(struct issuer_lines *lines, const struct ini_entry *entry)
{
    struct span name = entry->section;
    lines->last = entry->section;
    (void)span_split(&name, ' ');
    name = span_trim(name);
    if (!rule_is_name(name))
        INI_FAIL(lines->ini, entry->line, "[%.*s] needs a name, of small letters, digits and _: [jwt acme]",
            SHOW(entry->section));
    else if (has_issuer(lines->ini->app, name))
        INI_FAIL(
            lines->ini, entry->line, "a second [%.*s]; put all of its lines into one", SHOW(entry->section));
    else if (lines->ini->app->access.issuer_count == LIMIT_ISSUERS)
        INI_FAIL(lines->ini, entry->line, "more than %d sections [jwt NAME]; take some away", LIMIT_ISSUERS);
    else
        return add_issuer(lines, name, entry->line);
    return false;
}

// A token names its issuer alone, so two of one name could not be told apart.
static void check_issuer(struct issuer_lines *lines, const struct issuer *issuer)
{
    for (const struct issuer *other = lines->ini->app->access.issuers; other < issuer; other++) {
        if (span_equal(other->issuer, issuer->issuer))
            INI_FAIL(lines->ini, issuer->line,
                "[jwt %.*s] has the issuer of [jwt %.*s]; take one of them away", SHOW(issuer->name),
                SHOW(other->name));
    }
}

// Of app.ini.
static struct span folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash != NULL ? (struct span){.at = file, .len = (size_t)(slash - file)} : span_of(".");
}

static void end(struct issuer_lines *lines)
{
    struct err err = {0};
    if (!lines->is_good)
        return;
    struct issuer *issuer = last_issuer(lines);
    enum err_code code = issuer_finish(issuer, folder_of(lines->ini->file), &lines->ini->app->arena, &err);
    if (code == ERR_NO_MEMORY)
        lines->ini->status = code;
    else if (code != ERR_NONE)
        INI_FAIL(lines->ini, issuer->line, "%s", err.text);
    else
        check_issuer(lines, issuer);
    lines->is_good = false;
}

void issuer_lines_read(struct issuer_lines *lines, const struct ini_entry *entry)
{
    struct err err = {0};
    if (entry->section.at != lines->last.at) {
        end(lines);
        lines->is_good = begin(lines, entry);
        lines->is_known = lines->is_good;
    }
    if (!lines->is_known || issuer_read_line(last_issuer(lines), entry->key, entry->value, &err) == ERR_NONE)
        return;
    INI_FAIL(lines->ini, entry->line, "%s", err.text);
    lines->is_good = false; // what is missing may be what is wrong
}

void issuer_lines_finish(struct issuer_lines *lines)
{
    end(lines);
}
