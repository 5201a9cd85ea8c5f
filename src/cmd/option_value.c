// SPDX-License-Identifier: Apache-2.0
// Each value goes by its row's type. What two options mean together is left to the command. Pure, but for the
// number of cores; any thread.
#include "cmd/option_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"
#include "store/store.h"

// --- stores

static enum err_code fail_store(const char *name, const char *url, struct err *err)
{
    const char *quote = store_url_has_secret(url) ? "" : "\"";
    return err_set(err, ERR_CONFIG,
        "%s: %s%s%s is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE", name, quote,
        quote[0] != '\0' ? url : "what it says", quote);
}

// Every user of the machine can read flags (ps), so a password may not stand in one.
static enum err_code read_store(
    const char *name, const char *url, enum value_source source, const char **ret_url, struct err *err)
{
    const char *kind = store_kind_of(url);
    if (kind == NULL || (strcmp(kind, "sqlite") != 0 && strstr(url, "://") == NULL))
        return fail_store(name, url, err);
    if (source == SOURCE_FLAG && store_url_has_secret(url))
        return err_set(err, ERR_CONFIG,
            "a password in %s is seen by every user of this machine: put it into PGPASSWORD or ~/.pgpass",
            name);
    *ret_url = url;
    return ERR_NONE;
}

// --- numbers

struct unit {
    const char *name;
    size_t size;
};

// A number with one of the units behind it, from the row's min to its max.
static bool read_number(const char *text, const struct unit *units, size_t count,
    const struct option_row *row, size_t *ret_number)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    bool is_read = errno == 0 && end != text && text[0] != '-';
    for (size_t i = 0; is_read && i < count; i++) {
        size_t size = units[i].size;
        if (strcmp(end, units[i].name) != 0 || number > row->max / size || number * size < row->min)
            continue;
        *ret_number = number * size;
        return true;
    }
    return false;
}

static enum err_code read_count(
    const char *name, const char *text, const struct option_row *row, size_t *ret_count, struct err *err)
{
    static const struct unit units[] = {{"", 1}};
    if (read_number(text, units, ARRAY_LEN(units), row, ret_count))
        return ERR_NONE;
    return err_set(
        err, ERR_CONFIG, "%s must be a number from %zu to %zu, not %s", name, row->min, row->max, text);
}

static enum err_code read_bytes(
    const char *name, const char *text, const struct option_row *row, size_t *ret_bytes, struct err *err)
{
    static const struct unit units[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
    if (read_number(text, units, ARRAY_LEN(units), row, ret_bytes))
        return ERR_NONE;
    return err_set(err, ERR_CONFIG,
        "%s must be a number of bytes from %zu to %zu, such as 64MiB (KiB, MiB or GiB), not %s", name,
        row->min, row->max, text);
}

// Seconds without a unit.
static enum err_code read_time(
    const char *name, const char *text, const struct option_row *row, size_t *ret_ms, struct err *err)
{
    static const struct unit units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}};
    if (read_number(text, units, ARRAY_LEN(units), row, ret_ms))
        return ERR_NONE;
    return err_set(err, ERR_CONFIG,
        "%s must be a time from %zums to %zus, such as 500ms, 5s or 15min, not %s", name, row->min,
        row->max / 1000, text);
}

static enum err_code read_threads(const char *name, const char *text, const struct option_row *row,
    enum value_source source, size_t *ret_count, struct err *err)
{
    if (source != SOURCE_DEFAULT)
        return read_count(name, text, row, ret_count, err);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *ret_count = cores < 1 ? 1 : (size_t)cores > row->max ? row->max : (size_t)cores;
    return ERR_NONE;
}

// --- words

// A flag is there or not; a file says yes or no.
static enum err_code read_switch(
    const char *name, const char *text, enum value_source source, bool *ret_is_on, struct err *err)
{
    bool is_on = source == SOURCE_FLAG || strcmp(text, "yes") == 0;
    if (!is_on && strcmp(text, "no") != 0)
        return err_set(err, ERR_CONFIG, "%s must be yes or no, not %s", name, text);
    *ret_is_on = is_on;
    return ERR_NONE;
}

// One of the words between the bars.
static enum err_code read_choice(const char *name, const char *text, const struct option_row *row,
    const char **ret_choice, struct err *err)
{
    for (struct span rest = span_of(row->choices); rest.len > 0;) {
        if (span_is(span_split(&rest, '|'), text)) {
            *ret_choice = text;
            return ERR_NONE;
        }
    }
    return err_set(err, ERR_CONFIG, "%s must be one of %s, not %s", name, row->choices, text);
}

static enum err_code add_text(
    const char *name, const char *text, enum value_source source, struct option_list *list, struct err *err)
{
    if (list->source != source)
        *list = (struct option_list){.source = source};
    if (list->count == MAX_OPTION_TEXTS)
        return err_set(err, ERR_CONFIG, "more than %d %s", MAX_OPTION_TEXTS, name);
    list->texts[list->count++] = text;
    return ERR_NONE;
}

enum err_code option_set(struct options *options, const struct option_row *row, enum value_source source,
    const char *name, const char *text, struct err *err)
{
    void *field = (char *)options + row->field;
    switch (row->type) {
    case OPTION_SWITCH:
        return read_switch(name, text, source, field, err);
    case OPTION_TEXT:
    case OPTION_PATH:
        *(const char **)field = text;
        break;
    case OPTION_THREADS:
        return read_threads(name, text, row, source, field, err);
    case OPTION_COUNT:
        return read_count(name, text, row, field, err);
    case OPTION_BYTES:
        return read_bytes(name, text, row, field, err);
    case OPTION_TIME:
        return read_time(name, text, row, field, err);
    case OPTION_CHOICE:
        return read_choice(name, text, row, field, err);
    case OPTION_STORE:
        return read_store(name, text, source, field, err);
    case OPTION_LIST:
        return add_text(name, text, source, field, err);
    }
    return ERR_NONE;
}
