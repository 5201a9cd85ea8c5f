// SPDX-License-Identifier: Apache-2.0
// Tells formats by media types and by endings. Reading them is batch/reader.c's. Pure; any thread.
#include "app/body_format.h"

#include <string.h>

#include "text/charset.h"

bool body_parameter_next(struct span *rest, struct span *ret_name, struct span *ret_value)
{
    if (rest->len == 0)
        return false;
    struct span value = span_split(rest, ';');
    *ret_name = span_trim(span_split(&value, '='));
    value = span_trim(value);
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = (struct span){.at = value.at + 1, .len = value.len - 2};
    *ret_value = value;
    return true;
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
        {BODY_TSV_TYPE, BODY_CSV},
        {"application/x-www-form-urlencoded", BODY_FORM},
        {"multipart/form-data", BODY_FILE_FORM},
    };
    struct span rest = content_type;
    struct span type = span_trim(span_split(&rest, ';')), name, value;
    size_t i = 0;
    while (i < ARRAY_LEN(types) && !span_is_nocase(type, types[i].type))
        i++;
    if (i == ARRAY_LEN(types))
        return false;
    while (types[i].format != BODY_CSV && body_parameter_next(&rest, &name, &value)) {
        if (span_is_nocase(name, "charset") && !charset_is_utf8(value))
            return false;
    }
    *ret_format = types[i].format;
    return true;
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
    } endings[] = {
        {".csv", BODY_CSV}, {BODY_TSV_ENDING, BODY_CSV}, {".json", BODY_JSON}, {".ndjson", BODY_NDJSON}};
    (void)take_coding(&name);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        if (span_ends_with_nocase(name, endings[i].ending) && name.len > strlen(endings[i].ending)) {
            *ret_format = endings[i].format;
            return true;
        }
    }
    return false;
}
