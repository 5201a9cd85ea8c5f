// SPDX-License-Identifier: Apache-2.0
// One table for the names of the types, one switch for reading them. Any thread; leaves required, min, max
// and the like to app/rule.c.
#include "text/value.h"

#include "base/attr.h"
#include "text/date.h"
#include "text/decimal.h"
#include "text/number.h"
#include "text/time_of_day.h"
#include "text/timestamp.h"
#include "text/utf8.h"
#include "text/uuid.h"

static const struct {
    const char *name;     // in directives
    const char *expected; // after "must be"
} types[] = {
    [TYPE_TEXT] = {"text", "text"},
    [TYPE_INTEGER] = {"integer", "an integer"},
    [TYPE_NUMBER] = {"number", "a number"},
    [TYPE_BOOLEAN] = {"boolean", "true or false"},
    [TYPE_DATE] = {"date", "a date, YYYY-MM-DD"},
    [TYPE_TIMESTAMP] = {"timestamp", "a timestamp, RFC 3339"},
    [TYPE_TIME] = {"time", "a time of the day, hh:mm, hh:mm:ss or hh:mm:ss.ffffff"},
    [TYPE_UUID] = {"uuid", "a UUID, such as 123e4567-e89b-12d3-a456-426614174000"},
    [TYPE_JSON] = {"json", "JSON"},
    [TYPE_DECIMAL] = {"decimal", "a number"},
};

const char *value_type_name(enum value_type type)
{
    return types[type].name;
}

bool value_type_from_name(struct span name, enum value_type *ret_type)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (span_is(name, types[i].name)) {
            *ret_type = (enum value_type)i;
            return true;
        }
    }
    return false;
}

const char *value_type_expected(enum value_type type)
{
    return types[type].expected;
}

static struct value value_of_text(struct span text)
{
    return (struct value){.kind = VALUE_TEXT, .text = text};
}

static enum value_result parse_text(struct span text, struct value *ret_value)
{
    if (!utf8_is_text(text))
        return VALUE_WRONG;
    *ret_value = value_of_text(text);
    return VALUE_READ;
}

static enum value_result parse_boolean(struct span text, struct value *ret_value)
{
    bool is_true = span_is(text, "true");
    if (!is_true && !span_is(text, "false"))
        return VALUE_WRONG;
    *ret_value = (struct value){.kind = VALUE_INTEGER, .integer = is_true};
    return VALUE_READ;
}

// The text itself, where it is `normal`, or a copy of that.
static enum value_result normalise(
    struct span text, struct span normal, struct arena *arena, struct value *ret_value)
{
    if (!span_equal(normal, text)) {
        text = (struct span){.at = arena_strndup(arena, normal.at, normal.len), .len = normal.len};
        if (text.at == NULL)
            return VALUE_NO_ROOM;
    }
    *ret_value = value_of_text(text);
    return VALUE_READ;
}

static enum value_result parse_timestamp(struct span text, struct arena *arena, struct value *ret_value)
{
    int64_t us;
    char normal[TIMESTAMP_CHARS];
    if (!timestamp_parse(text, &us))
        return VALUE_WRONG;
    size_t len = timestamp_format(us, false, normal);
    return normalise(text, (struct span){.at = normal, .len = len}, arena, ret_value);
}

static enum value_result parse_uuid(struct span text, struct arena *arena, struct value *ret_value)
{
    unsigned char bytes[UUID_BYTES];
    char normal[UUID_CHARS];
    if (!uuid_parse(text, bytes))
        return VALUE_WRONG;
    uuid_format(bytes, normal);
    return normalise(text, (struct span){.at = normal, .len = UUID_CHARS}, arena, ret_value);
}

static enum value_result parse_time(struct span text, struct arena *arena, struct value *ret_value)
{
    int64_t us;
    char normal[TIME_OF_DAY_CHARS];
    if (!time_of_day_parse(text, &us))
        return VALUE_WRONG;
    size_t len = time_of_day_format(us, normal);
    return normalise(text, (struct span){.at = normal, .len = len}, arena, ret_value);
}

enum value_result value_parse(
    enum value_type type, struct span text, struct arena *arena, struct value *ret_value)
{
    struct value value = {.kind = VALUE_NULL};
    struct date date;
    bool fine = false;
    switch (type) {
    case TYPE_TEXT:
        return parse_text(text, ret_value);
    case TYPE_INTEGER:
        value.kind = VALUE_INTEGER;
        fine = number_read_integer(text, &value.integer);
        break;
    case TYPE_NUMBER:
        value.kind = VALUE_REAL;
        fine = number_read(text, &value.real);
        break;
    case TYPE_BOOLEAN:
        return parse_boolean(text, ret_value);
    case TYPE_DATE:
        value = value_of_text(text);
        fine = date_parse(text, &date);
        break;
    case TYPE_TIMESTAMP:
        return parse_timestamp(text, arena, ret_value);
    case TYPE_TIME:
        return parse_time(text, arena, ret_value);
    case TYPE_UUID:
        return parse_uuid(text, arena, ret_value);
    case TYPE_DECIMAL:
    case TYPE_JSON:
        break;
    }
    if (!fine)
        return VALUE_WRONG;
    *ret_value = value;
    return VALUE_READ;
}

struct span value_show(struct value value, char number[NUMBER_CHARS])
{
    switch (value.kind) {
    case VALUE_INTEGER:
        return (struct span){.at = number, .len = number_format_integer(value.integer, number)};
    case VALUE_REAL:
        return (struct span){.at = number, .len = number_format(value.real, number)};
    case VALUE_SCALED:
        return (struct span){.at = number, .len = decimal_format(value.integer, value.scale, number)};
    case VALUE_TEXT:
    case VALUE_DECIMAL:
        return value.text;
    case VALUE_NULL:
        break;
    }
    return (struct span){0};
}
