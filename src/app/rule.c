// SPDX-License-Identifier: Apache-2.0
// Checks values by the rules of @param and @field, and puts rules into words. Reading a text as a type is
// text/value's; this file has all that a rule adds to the type. A list is checked item by item. Rules are
// immutable; any thread.
#include "app/rule.h"

#include <inttypes.h>
#include <math.h>

#include "app/rule_time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "text/decimal.h"
#include "text/json_normal.h"
#include "text/number.h"
#include "text/pattern.h"
#include "text/timestamp.h"
#include "text/utf8.h"

enum {
    SHOWN_CHOICES = 20, // of in (…) in a message; a list may be long and a message is repeated for each row
    SHOWN_PATTERN = 200, // bytes of a pattern in a message
    NORMAL_BYTES = 40,   // of a timestamp, time or UUID at most
};

const struct rule *rule_find(const struct rule *rules, size_t count, struct span name)
{
    for (size_t i = 0; name.at != NULL && i < count; i++) {
        if (span_equal(rules[i].name, name))
            return &rules[i];
    }
    return NULL;
}

const char *rule_code(enum rule_result result)
{
    switch (result) {
    case RULE_OK:
        return NULL;
    case RULE_REQUIRED:
        return "required";
    case RULE_TYPE:
        return "type";
    case RULE_DIGITS:
        return "digits";
    case RULE_MIN:
        return "min";
    case RULE_MAX:
        return "max";
    case RULE_MAXLENGTH:
        return "maxlength";
    case RULE_IN:
        return "in";
    case RULE_PATTERN:
    case RULE_TOO_HARD:
        return "pattern";
    case RULE_ITEMS:
        return "items";
    case RULE_MEMORY:
        return "memory";
    case RULE_TOO_FINE:
        return "type";
    case RULE_NEVER:
        return "no_such_time";
    case RULE_TWICE:
        return "ambiguous_time";
    }
    return NULL;
}

bool rule_explain(const struct rule *rule, enum rule_result result, struct span text, struct buf *out)
{
    switch (result) {
    case RULE_REQUIRED:
        buf_append_str(out, "is required");
        return true;
    case RULE_TOO_HARD:
        buf_append_str(out, "takes too long to match its pattern: send a shorter or simpler text");
        return true;
    case RULE_TOO_FINE:
    case RULE_NEVER:
    case RULE_TWICE:
        rule_time_explain(rule, result, text, out);
        return true;
    case RULE_TYPE:
        if (!rule->is_list || text.len == 0 || memchr(text.at, LIST_SEPARATOR, text.len) == NULL)
            return false;
        buf_append_str(out, "is an item of a list, which cannot hold the character U+001F");
        return true;
    default:
        return false;
    }
}

bool rule_goes_by_clock(const struct rule *rule)
{
    return rule->past || rule->default_today || rule->default_now || rule->min_today || rule->max_today;
}

// --- one value from text

static enum rule_result parse_decimal(const struct rule *rule, struct span text, struct value *ret_value)
{
    struct value value = {.kind = VALUE_SCALED, .scale = rule->scale};
    switch (decimal_parse(text, rule->precision, rule->scale, &value.integer)) {
    case DECIMAL_NO_NUMBER:
        return RULE_TYPE;
    case DECIMAL_TOO_LONG:
        return RULE_DIGITS;
    case DECIMAL_OK:
        break;
    }
    *ret_value = value;
    return RULE_OK;
}

static enum rule_result parse_json(struct span text, struct arena *arena, struct value *ret_value)
{
    AUTO(buf_fini) struct buf normal;
    buf_init(&normal, LIMIT_VALUE_BYTES);
    if (!json_normal_write(text, &normal))
        return buf_status(&normal) == ERR_NO_MEMORY ? RULE_MEMORY : RULE_TYPE;
    if (!span_equal(text, buf_span(&normal)))
        text = (struct span){.at = arena_strndup(arena, normal.data, normal.len), .len = normal.len};
    if (text.at == NULL)
        return RULE_MEMORY;
    *ret_value = (struct value){.kind = VALUE_TEXT, .text = text};
    return RULE_OK;
}

enum rule_result rule_parse(
    const struct rule *rule, struct span text, struct arena *arena, struct value *ret_value)
{
    if (rule_time_is_special(rule))
        return rule_time_parse(rule, text, arena, ret_value);
    if (rule->type == TYPE_DECIMAL)
        return parse_decimal(rule, text, ret_value);
    if (rule->type == TYPE_JSON)
        return parse_json(text, arena, ret_value);
    static const enum rule_result results[] = {
        [VALUE_READ] = RULE_OK, [VALUE_WRONG] = RULE_TYPE, [VALUE_NO_ROOM] = RULE_MEMORY};
    return results[value_parse(rule->type, text, arena, ret_value)];
}

// --- bounds

int rule_compare(enum value_type type, struct value a, struct value b)
{
    switch (type) {
    case TYPE_INTEGER:
    case TYPE_BOOLEAN:
    case TYPE_DECIMAL: // of one rule, so of one scale
        return (a.integer > b.integer) - (a.integer < b.integer);
    case TYPE_NUMBER:
        return (a.real > b.real) - (a.real < b.real);
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_TIMESTAMP: // of one length when normalised
    case TYPE_TIME:      // without zeros at its end
    case TYPE_UUID:      // of one length
    case TYPE_JSON:      // in no order, but alike or not
        break;
    }
    return span_compare(a.text, b.text);
}

// Whether `text` has more than `max` code points.
static bool is_longer(struct span text, size_t max)
{
    return text.len > max && utf8_count(text) > max;
}

static bool compares_by_value(enum value_type type)
{
    return type == TYPE_INTEGER || type == TYPE_NUMBER || type == TYPE_BOOLEAN || type == TYPE_DECIMAL;
}

static bool is_choice(const struct rule *rule, struct value value, struct arena *arena)
{
    for (size_t i = 0; i < rule->choice_count; i++) {
        struct value choice;
        if (!compares_by_value(rule->type)) {
            if (span_equal(value.text, rule->choices[i]))
                return true;
        } else if (rule_parse(rule, rule->choices[i], arena, &choice) == RULE_OK &&
                   rule_compare(rule->type, value, choice) == 0) {
            return true;
        }
    }
    return false;
}

static enum rule_result check_pattern(
    const struct rule *rule, struct value value, struct pattern_budget *budget)
{
    switch (pattern_match(rule->pattern, value.text, budget)) {
    case PATTERN_MATCHES:
        return RULE_OK;
    case PATTERN_NO_MEMORY:
        return RULE_MEMORY;
    case PATTERN_TOO_HARD:
        return RULE_TOO_HARD;
    case PATTERN_DIFFERS:
        break;
    }
    return RULE_PATTERN;
}

static enum rule_result check_today(const struct rule *rule, struct value value)
{
    char today[DATE_CHARS];
    if (!rule->min_today && !rule->max_today)
        return RULE_OK;
    rule_time_today(rule, today);
    int order = span_compare(value.text, span_of(today));
    if (rule->min_today && order < 0)
        return RULE_MIN;
    return rule->max_today && order > 0 ? RULE_MAX : RULE_OK;
}

// Checks a value of the rule's type, or one item of a list.
static enum rule_result check_bounds(
    const struct rule *rule, struct value value, struct arena *arena, struct pattern_budget *budget)
{
    if (rule->has_min && rule_compare(rule->type, value, rule->min) < 0)
        return RULE_MIN;
    if (rule->has_max && rule_compare(rule->type, value, rule->max) > 0)
        return RULE_MAX;
    enum rule_result today = check_today(rule, value); // once: midnight may come
    if (today != RULE_OK)
        return today;
    if (rule->max_chars > 0 && rule->type == TYPE_TEXT && is_longer(value.text, rule->max_chars))
        return RULE_MAXLENGTH;
    if (rule->choice_count > 0 && !is_choice(rule, value, arena))
        return RULE_IN;
    return rule->pattern != NULL ? check_pattern(rule, value, budget) : RULE_OK;
}

// --- whole values

static enum rule_result check_item(const struct rule *rule, struct span text, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value)
{
    struct value value;
    if (rule->type == TYPE_INTEGER || rule->type == TYPE_NUMBER || rule->type == TYPE_DECIMAL)
        text = span_trim(text);
    enum rule_result result = rule_parse(rule, text, arena, &value);
    if (result == RULE_OK)
        result = check_bounds(rule, value, arena, budget);
    if (result == RULE_OK)
        *ret_value = value;
    return result;
}

// Where a list in pieces is read.
struct items {
    const struct rule_piece *piece, *end; // those that are left
    struct span rest;                     // of the piece before them
};

static struct items items_of(const struct rule_piece *pieces, size_t count)
{
    return (struct items){.piece = pieces, .end = pieces + count};
}

// The next item that is not empty; empty at the end.
static struct span next_item(struct items *items)
{
    struct span item = {0};
    while (item.len == 0 && (items->rest.len > 0 || items->piece < items->end)) {
        if (items->rest.len > 0)
            item = span_trim(span_split(&items->rest, ','));
        else if (items->piece->is_item)
            item = span_trim((items->piece++)->text);
        else
            items->rest = (items->piece++)->text;
    }
    return item;
}

// The items' number, their bytes, and what stands between them.
static size_t measure(struct items items, size_t *ret_bytes, char *ret_separator)
{
    size_t count = 0, bytes = 0;
    char separator = ',';
    for (struct span item = next_item(&items); item.len > 0; item = next_item(&items)) {
        count++;
        bytes += item.len;
        if (memchr(item.at, ',', item.len) != NULL)
            separator = LIST_SEPARATOR;
    }
    *ret_bytes = bytes;
    *ret_separator = separator;
    return count;
}

static enum rule_result check_list(const struct rule *rule, struct items items, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value, struct span *ret_item)
{
    size_t bytes, len = 0;
    char separator;
    size_t count = measure(items, &bytes, &separator);
    if (count == 0)
        return RULE_REQUIRED;
    if (count > LIMIT_LIST_ITEMS)
        return RULE_ITEMS;
    char *joined = arena_alloc(arena, bytes + count * NORMAL_BYTES); // dates and times may get longer
    if (joined == NULL)
        return RULE_MEMORY;
    for (struct span item = next_item(&items); item.len > 0; item = next_item(&items)) {
        struct value value;
        enum rule_result result = memchr(item.at, LIST_SEPARATOR, item.len) != NULL
                                      ? RULE_TYPE
                                      : check_item(rule, item, arena, budget, &value);
        if (result != RULE_OK) {
            *ret_item = item;
            return result;
        }
        char number[NUMBER_CHARS];
        if (value.kind == VALUE_TEXT || value.kind == VALUE_SCALED)
            item = value_show(value, number);
        memcpy(joined + len, item.at, item.len);
        len += item.len;
        joined[len++] = separator;
    }
    if (separator == ',')
        len--;
    *ret_value = (struct value){.kind = VALUE_TEXT, .text = {.at = joined, .len = len}};
    return RULE_OK;
}

enum rule_result rule_check_given(const struct rule *rule, struct span text, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value)
{
    const struct rule_piece whole = {.text = text};
    struct span item;
    return rule->is_list ? check_list(rule, items_of(&whole, 1), arena, budget, ret_value, &item)
                         : check_item(rule, text, arena, budget, ret_value);
}

bool rule_default(const struct rule *rule, struct arena *arena, struct value *ret_value)
{
    if (!rule->default_today && !rule->default_now) {
        *ret_value = rule->has_default ? rule->default_value : (struct value){.kind = VALUE_NULL};
        return true;
    }
    char made[TIMESTAMP_CHARS];
    size_t len = DATE_CHARS - 1;
    if (rule->default_now)
        len = timestamp_format(clock_wall_us(), rule->micros, made);
    else
        rule_time_today(rule, made);
    struct span text = {.at = arena_strdup(arena, made), .len = len};
    if (text.at != NULL)
        *ret_value = (struct value){.kind = VALUE_TEXT, .text = text};
    return text.at != NULL;
}

static enum rule_result no_value(const struct rule *rule, struct arena *arena, struct value *ret_value)
{
    if (rule->required)
        return RULE_REQUIRED;
    return rule_default(rule, arena, ret_value) ? RULE_OK : RULE_MEMORY;
}

enum rule_result rule_check_text(const struct rule *rule, struct span text, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value)
{
    const struct rule_piece whole = {.text = text};
    struct span item;
    if (rule->is_list)
        return rule_check_pieces(rule, &whole, 1, arena, budget, ret_value, &item);
    return text.len == 0 ? no_value(rule, arena, ret_value)
                         : check_item(rule, text, arena, budget, ret_value);
}

enum rule_result rule_check_pieces(const struct rule *rule, const struct rule_piece *pieces, size_t count,
    struct arena *arena, struct pattern_budget *budget, struct value *ret_value, struct span *ret_item)
{
    struct items items = items_of(pieces, count), first = items;
    return next_item(&first).len == 0 ? no_value(rule, arena, ret_value)
                                      : check_list(rule, items, arena, budget, ret_value, ret_item);
}

// Whether JSON has items of the type as strings; a decimal may be either.
static bool is_item_form(enum value_type type, const struct json_element *element)
{
    bool is_number =
        !element->is_string && (element->text.at[0] == '-' || ascii_is_digit(element->text.at[0]));
    switch (type) {
    case TYPE_DECIMAL:
        return element->is_string || is_number;
    case TYPE_INTEGER:
    case TYPE_NUMBER:
        return is_number;
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
    case TYPE_UUID:
        return element->is_string;
    case TYPE_BOOLEAN: // of which there are no lists
    case TYPE_JSON:
        break;
    }
    return false;
}

enum rule_result rule_check_array(const struct rule *rule, struct span json, struct arena *arena,
    struct pattern_budget *budget, struct value *ret_value, struct span *ret_item)
{
    struct json_element *elements;
    size_t count;
    switch (json_normal_elements(json, arena, LIMIT_LIST_ITEMS, &elements, &count)) {
    case JSON_ELEMENTS_NONE:
        return RULE_TYPE;
    case JSON_ELEMENTS_MANY:
        return RULE_ITEMS;
    case JSON_ELEMENTS_NO_ROOM:
        return RULE_MEMORY;
    case JSON_ELEMENTS_OK:
        break;
    }
    struct rule_piece *pieces = arena_alloc(arena, count * sizeof(*pieces));
    if (pieces == NULL)
        return RULE_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!is_item_form(rule->type, &elements[i])) {
            *ret_item = elements[i].text;
            return RULE_TYPE;
        }
        pieces[i] = (struct rule_piece){.text = elements[i].text, .is_item = true};
    }
    return rule_check_pieces(rule, pieces, count, arena, budget, ret_value, ret_item);
}

// Brings a typed value to the rule's type, where that is no change of meaning.
static enum rule_result convert(
    const struct rule *rule, struct value *value, bool json_boolean, struct arena *arena)
{
    switch (rule->type) {
    case TYPE_INTEGER:
        return value->kind == VALUE_INTEGER && !json_boolean ? RULE_OK : RULE_TYPE;
    case TYPE_BOOLEAN:
        return value->kind == VALUE_INTEGER && json_boolean ? RULE_OK : RULE_TYPE;
    case TYPE_NUMBER:
        if (value->kind == VALUE_INTEGER && !json_boolean)
            *value = (struct value){.kind = VALUE_REAL, .real = (double)value->integer};
        return value->kind == VALUE_REAL && isfinite(value->real) ? RULE_OK : RULE_TYPE;
    case TYPE_TEXT:
    case TYPE_DATE:
    case TYPE_TIMESTAMP:
    case TYPE_TIME:
    case TYPE_UUID:
    case TYPE_DECIMAL: // a number comes as it was written
        break;
    case TYPE_JSON:
        return value->kind == VALUE_TEXT ? RULE_OK : RULE_TYPE;
    }
    return value->kind == VALUE_TEXT ? rule_parse(rule, value->text, arena, value) : RULE_TYPE;
}

enum rule_result rule_check_value(const struct rule *rule, struct value value, bool json_boolean,
    struct arena *arena, struct pattern_budget *budget, struct value *ret_value)
{
    bool is_empty = value.kind == VALUE_TEXT && value.text.len == 0;
    if (value.kind == VALUE_NULL || (is_empty && rule->required))
        return no_value(rule, arena, ret_value);
    if (rule->is_list)
        return value.kind == VALUE_TEXT ? rule_check_text(rule, value.text, arena, budget, ret_value)
                                        : RULE_TYPE;
    enum rule_result result = convert(rule, &value, json_boolean, arena);
    if (result == RULE_OK)
        result = check_bounds(rule, value, arena, budget);
    if (result == RULE_OK)
        *ret_value = value;
    return result;
}

// --- words

void rule_write_type(struct rule_type type, struct buf *out)
{
    buf_append_str(out, value_type_name(type.type));
    if (type.type == TYPE_DECIMAL)
        buf_printf(out, "(%d,%d)", type.precision, type.scale);
    buf_append_str(out, type.is_list ? " list" : "");
}

void rule_write_value(enum value_type type, struct value value, struct buf *out)
{
    char number[NUMBER_CHARS];
    struct span text;
    size_t len;
    switch (value.kind) {
    case VALUE_INTEGER:
        if (type == TYPE_BOOLEAN)
            buf_append_str(out, value.integer != 0 ? "true" : "false");
        else
            buf_printf(out, "%" PRId64, value.integer);
        break;
    case VALUE_REAL:
        len = number_format(value.real, number);
        if (len > 2 && memcmp(number + len - 2, ".0", 2) == 0)
            len -= 2; // people write 5
        buf_append(out, number, len);
        break;
    case VALUE_TEXT:
    case VALUE_DECIMAL:
    case VALUE_SCALED:
        text = value_show(value, number);
        buf_append(out, text.at, text.len);
        break;
    case VALUE_NULL:
        break;
    }
}

static void append_choices(const struct rule *rule, struct buf *out)
{
    size_t shown = rule->choice_count > SHOWN_CHOICES ? SHOWN_CHOICES : rule->choice_count;
    buf_append_str(out, rule->choice_count > 1 ? "one of " : "");
    for (size_t i = 0; i < shown; i++) {
        buf_append_str(out, i > 0 ? ", " : "");
        buf_append(out, rule->choices[i].at, rule->choices[i].len);
    }
    if (shown < rule->choice_count)
        buf_printf(out, " or %zu more", rule->choice_count - shown);
}

static void append_bound(const struct rule *rule, bool is_today, struct value bound, struct buf *out)
{
    if (is_today)
        buf_append_str(out, "today");
    else
        rule_write_value(rule->type, bound, out);
}

// " from 1 to 5", " of at least 1", " of at most 5"; days and times have words of their own.
static void append_range(const struct rule *rule, struct buf *out)
{
    bool is_time = rule->type == TYPE_DATE || rule->type == TYPE_TIMESTAMP || rule->type == TYPE_TIME;
    bool has_min = rule->has_min || rule->min_today, has_max = rule->has_max || rule->max_today;
    if (is_time && (has_min || has_max))
        buf_append_byte(out, ',');
    if (has_min && has_max)
        buf_append_str(out, " from ");
    else if (has_min)
        buf_append_str(out, is_time ? " not before " : " of at least ");
    if (has_min)
        append_bound(rule, rule->min_today, rule->min, out);
    if (has_min && has_max)
        buf_append_str(out, " to ");
    else if (has_max)
        buf_append_str(out, is_time ? " not after " : " of at most ");
    if (has_max)
        append_bound(rule, rule->max_today, rule->max, out);
}

// How many digits a decimal may have.
static void append_digits(const struct rule *rule, struct buf *out)
{
    buf_printf(out, " with at most %d digits in front of the point", rule->precision - rule->scale);
    if (rule->scale > 0)
        buf_printf(out, " and %d behind it", rule->scale);
    else
        buf_append_str(out, " and none behind it");
}

static void append_text(const struct rule *rule, struct buf *out)
{
    buf_append_str(out, "text");
    if (rule->max_chars > 0)
        buf_printf(out, " of at most %zu character%s", rule->max_chars, rule->max_chars == 1 ? "" : "s");
    if (rule->pattern == NULL)
        return;
    size_t shown = utf8_cut(rule->pattern_text, SHOWN_PATTERN);
    buf_append_str(out, " that matches ");
    buf_append(out, rule->pattern_text.at, shown);
    buf_append_str(out, shown < rule->pattern_text.len ? "…" : "");
}

void rule_expected(const struct rule *rule, struct buf *out)
{
    if (rule->is_list)
        buf_printf(out, "a list of at most %d items, each ", LIMIT_LIST_ITEMS);
    if (rule->choice_count > 0) {
        append_choices(rule, out);
        return;
    }
    if (rule->type == TYPE_TEXT) {
        append_text(rule, out);
        return;
    }
    if (rule_time_is_special(rule))
        rule_time_expected(rule, out);
    else
        buf_append_str(out, value_type_expected(rule->type));
    append_range(rule, out);
    if (rule->type == TYPE_DECIMAL)
        append_digits(rule, out);
}
