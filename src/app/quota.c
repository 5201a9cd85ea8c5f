// SPDX-License-Identifier: Apache-2.0
// The words of a plan's lines. Which plans there are, and who has which, is app_ini.c's. Any thread.
#include "app/quota.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/diag.h"
#include "base/attr.h"
#include "base/limits.h"
#include "text/nearest.h"

#define MOST 999999999999999ull // an integer of a structured field has 15 digits (RFC 9651 section 3.3.1)

struct window {
    const char *word; // first, for nearest_in
    uint32_t seconds;
};

static const struct window windows[] = {
    {"second", 1},
    {"minute", 60},
    {"hour", 3600},
    {"day", 86400},
    {"month", 30 * 86400},
};

struct thing {
    const char *word; // likewise
    enum allowance_of of;
    const char *example;
};

static const struct thing things[] = {
    {"requests", ALLOWANCE_REQUESTS, "requests = 100/second, 1000000/day"},
    {"rows", ALLOWANCE_ROWS, "rows = 10000000/month"},
    {"bytes", ALLOWANCE_BYTES, "bytes = 10GiB/month"},
    {"batches", ALLOWANCE_BATCHES, "batches = 10/minute"},
    {"concurrent", ALLOWANCE_CONCURRENT, "concurrent = 8"},
};

struct unit {
    const char *word;
    uint64_t bytes;
};

static const struct unit units[] = {
    {"kB", 1000},
    {"MB", 1000000},
    {"GB", 1000000000},
    {"TB", 1000000000000},
    {"KiB", 1024},
    {"MiB", 1024 * 1024},
    {"GiB", 1024 * 1024 * 1024},
    {"TiB", 1024ull * 1024 * 1024 * 1024},
};

// Reads digits, and behind those of bytes a unit.
static enum err_code read_count(
    const struct thing *thing, struct span text, uint64_t *ret_count, struct err *err)
{
    uint64_t count = 0, unit = 1;
    size_t digits = 0;
    while (digits < text.len && ascii_is_digit(text.at[digits]) && count <= MOST)
        count = count * 10 + (uint64_t)(text.at[digits++] - '0');
    struct span rest = {.at = text.at + digits, .len = text.len - digits};
    for (size_t i = 0; i < ARRAY_LEN(units) && thing->of == ALLOWANCE_BYTES; i++) {
        if (span_is(rest, units[i].word)) {
            unit = units[i].bytes;
            rest.len = 0;
        }
    }
    if (digits == 0 || (rest.len > 0 && count <= MOST))
        return err_set(err, ERR_CONFIG, "\"%.*s\" is no number of %s; write %s", SHOW(text), thing->word,
            thing->example);
    if (count == 0)
        return err_set(err, ERR_CONFIG,
            "0 %s would let nothing through; allow at least one, or take the line away", thing->word);
    if (count > MOST || count > MOST / unit)
        return err_set(
            err, ERR_CONFIG, "\"%.*s\" is too large: at most %llu can be told of", SHOW(text), MOST);
    *ret_count = count * unit;
    return ERR_NONE;
}

static enum err_code read_window(
    const struct thing *thing, struct span text, const struct window **ret_window, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
        if (span_is(text, windows[i].word)) {
            *ret_window = &windows[i];
            return ERR_NONE;
        }
    }
    const char *nearest = nearest_in(text, windows, ARRAY_LEN(windows), sizeof(windows[0]));
    if (text.len == 0)
        return err_set(err, ERR_CONFIG, "the %s are of no time; write %s", thing->word, thing->example);
    if (nearest != NULL)
        return err_set(err, ERR_CONFIG, "unknown time \"%.*s\"; did you mean %s?", SHOW(text), nearest);
    return err_set(
        err, ERR_CONFIG, "unknown time \"%.*s\"; known are second, minute, hour, day and month", SHOW(text));
}

// As answers tell it, of which each has it: so it is written once.
static const char *write_policy(const struct allowance *allowance, struct arena *arena)
{
    static const char *const qualifiers[] = {
        [ALLOWANCE_REQUESTS] = "", // which is what q is of, unless something is said
        [ALLOWANCE_ROWS] = ";qu=\"rows\"",
        [ALLOWANCE_BYTES] = ";qu=\"content-bytes\"",
        [ALLOWANCE_BATCHES] = ";qu=\"batches\"",
        [ALLOWANCE_CONCURRENT] = ";qu=\"concurrent-requests\"",
    };
    char text[ALLOWANCE_POLICY_CHARS], window[16] = "";
    if (allowance->window_s > 0)
        snprintf(window, sizeof(window), ";w=%" PRIu32, allowance->window_s);
    snprintf(text, sizeof(text), "\"%.*s\";q=%" PRIu64 "%s%s", SHOW(allowance->name), allowance->count,
        qualifiers[allowance->of], window);
    return arena_strdup(arena, text);
}

static enum err_code add(struct quota *quota, const struct thing *thing, uint64_t count,
    const struct window *window, struct arena *arena, struct err *err)
{
    char name[32];
    snprintf(name, sizeof(name), "%s%s%s", thing->word, window != NULL ? "-" : "",
        window != NULL ? window->word : "");
    for (size_t i = 0; i < quota->count; i++) {
        if (span_is(quota->allowances[i].name, name))
            return err_set(err, ERR_CONFIG, "a second %s%s%s in one plan; take one away", thing->word,
                window != NULL ? " a " : "", window != NULL ? window->word : "");
    }
    if (quota->count == LIMIT_ALLOWANCES)
        return err_set(
            err, ERR_CONFIG, "more than %d numbers in one plan; keep those that matter", LIMIT_ALLOWANCES);
    if (quota->allowances == NULL)
        quota->allowances = arena_zalloc(arena, LIMIT_ALLOWANCES, sizeof(*quota->allowances));
    struct allowance allowance = {
        .of = thing->of, .count = count, .window_s = window != NULL ? window->seconds : 0};
    const char *kept = arena_strdup(arena, name);
    if (quota->allowances == NULL || kept == NULL)
        return err_no_memory(err);
    allowance.name = span_of(kept);
    const char *policy = write_policy(&allowance, arena);
    if (policy == NULL)
        return err_no_memory(err);
    allowance.policy = span_of(policy);
    quota->allowances[quota->count++] = allowance;
    return ERR_NONE;
}

// Reads "100/second".
static enum err_code read_item(
    struct quota *quota, const struct thing *thing, struct span item, struct arena *arena, struct err *err)
{
    const struct window *window = NULL;
    uint64_t count = 0;
    struct span time = item, number = span_trim(span_split(&time, '/'));
    enum err_code code = read_count(thing, number, &count, err);
    if (code == ERR_NONE && thing->of != ALLOWANCE_CONCURRENT)
        code = read_window(thing, span_trim(time), &window, err);
    else if (code == ERR_NONE && memchr(item.at, '/', item.len) != NULL)
        code = err_set(
            err, ERR_CONFIG, "concurrent is of no time, but of what runs at once; write %s", thing->example);
    return code == ERR_NONE ? add(quota, thing, count, window, arena, err) : code;
}

enum err_code quota_read_line(
    struct quota *quota, struct span key, struct span value, struct arena *arena, struct err *err)
{
    const struct thing *thing = NULL;
    for (size_t i = 0; i < ARRAY_LEN(things); i++) {
        if (span_is(key, things[i].word))
            thing = &things[i];
    }
    const char *nearest = nearest_in(key, things, ARRAY_LEN(things), sizeof(things[0]));
    if (thing == NULL && nearest != NULL)
        return err_set(err, ERR_CONFIG, "unknown \"%.*s\" of a plan; did you mean %s?", SHOW(key), nearest);
    if (thing == NULL)
        return err_set(err, ERR_CONFIG,
            "unknown \"%.*s\" of a plan; known are requests, rows, bytes, batches and concurrent", SHOW(key));
    enum err_code code = ERR_NONE;
    do {
        code = read_item(quota, thing, span_trim(span_split(&value, ',')), arena, err);
    } while (code == ERR_NONE && value.len > 0);
    return code;
}
