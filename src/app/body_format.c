// SPDX-License-Identifier: Apache-2.0
// Tells formats by media types and by endings. Reading them is batch/reader.c's. Pure; any thread.
#include "app/body_format.h"

#include <string.h>

const char BODY_MEDIA_TYPES[] =
    "application/json, application/x-ndjson, text/csv, application/x-www-form-urlencoded";

static bool parameter_is_fine(struct span parameter)
{
    struct span value = parameter;
    struct span name = span_trim(span_split(&value, '='));
    if (!span_is_nocase(name, "charset"))
        return true; // header=present and the like change nothing for us
    value = span_trim(value);
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = (struct span){.at = value.at + 1, .len = value.len - 2};
    return span_is_nocase(value, "utf-8") || span_is_nocase(value, "utf8") ||
           span_is_nocase(value, "us-ascii");
}

bool body_format_of_type(struct span content_type, enum body_format *ret_format)
{
    static const struct {
        const char *type;
        enum body_format format;
    } types[] = {
        {"application/json", BODY_JSON},
        {"application/x-ndjson", BODY_NDJSON},
        {"text/csv", BODY_CSV},
        {"application/x-www-form-urlencoded", BODY_FORM},
    };
    struct span rest = content_type;
    struct span type = span_trim(span_split(&rest, ';'));
    while (rest.len > 0) {
        if (!parameter_is_fine(span_split(&rest, ';')))
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (span_is_nocase(type, types[i].type)) {
            *ret_format = types[i].format;
            return true;
        }
    }
    return false;
}

// Takes the ending of a coding off the name.
static enum coding take_coding(struct span *name)
{
    static const struct {
        const char *ending;
        enum coding coding;
    } endings[] = {{".gz", CODING_GZIP}, {".zst", CODING_ZSTD}};
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (span_ends_with_nocase(*name, endings[i].ending)) {
            name->len -= strlen(endings[i].ending);
            return endings[i].coding;
        }
    }
    return CODING_IDENTITY;
}

enum coding body_coding_of_file(struct span name)
{
    return take_coding(&name);
}

bool body_format_of_file(struct span name, enum body_format *ret_format)
{
    static const struct {
        const char *ending;
        enum body_format format;
    } endings[] = {{".csv", BODY_CSV}, {".json", BODY_JSON}, {".ndjson", BODY_NDJSON}};
    (void)take_coding(&name);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (span_ends_with_nocase(name, endings[i].ending) && name.len > strlen(endings[i].ending)) {
            *ret_format = endings[i].format;
            return true;
        }
    }
    return false;
}
