// SPDX-License-Identifier: Apache-2.0
// Works out what an answer's columns say before there is a row: which names clash, their types, and the text
// between values. Writing rows is answer_write.c's. The plan's thread.
//
// A name such as shop.lat, whose parts are all plain words, stands for a member of an object. Columns of one
// object are next to each other, so an object is opened by its first column and closed by whatever comes
// behind its last: both are part of the text in front of a value, and a row of objects in objects costs no
// more than a flat one.
#include "app/answer.h"

#include <stdarg.h>

#include "base/ascii.h"
#include "base/limits.h"
#include "text/json_write.h"
#include "text/timestamp.h"

enum { NAME_PARTS = 8 }; // of a column's name, between dots; a name of more parts is taken as one word

// A column's name, part by part: all but the last name objects.
struct dotted_name {
    struct span parts[NAME_PARTS]; // borrowed from the name
    size_t count;                  // at least 1
};

// What looking at an answer needs everywhere.
struct looking {
    const struct answer *answer;       //
    const struct endpoint *endpoint;   // whose it is
    const struct statement *statement; // whose columns they are
    struct diags *diags;               // where errors go
};

// --- names

static bool is_word(struct span part)
{
    if (part.len == 0 || ascii_is_digit(part.at[0]))
        return false;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.at[i];
        bool is_letter = ascii_is_letter(c) || (unsigned char)c >= 0x80;
        if (!is_letter && c != '_' && !ascii_is_digit(c))
            return false;
    }
    return true;
}

// Splits a name at its dots. One with a part that is no plain word, such as "No." or round(a.x, 2), is a
// single part.
static void split_name(struct span name, struct dotted_name *ret_name)
{
    struct span rest = name;
    bool more = true;
    ret_name->count = 0;
    while (more) {
        size_t before = rest.len;
        struct span part = span_split(&rest, '.');
        more = before > part.len; // a dot was taken
        if (!is_word(part) || ret_name->count == NAME_PARTS) {
            *ret_name = (struct dotted_name){.parts = {name}, .count = 1};
            return;
        }
        ret_name->parts[ret_name->count++] = part;
    }
}

// How many objects two columns are in together.
static size_t common_objects(const struct dotted_name *a, const struct dotted_name *b)
{
    size_t count = 0;
    while (count + 1 < a->count && count + 1 < b->count && span_equal(a->parts[count], b->parts[count]))
        count++;
    return count;
}

// Whether `a` is a value where `b` needs an object.
static bool is_in_the_way(const struct dotted_name *a, const struct dotted_name *b)
{
    return a->count < b->count && common_objects(a, b) + 1 == a->count &&
           span_equal(a->parts[a->count - 1], b->parts[a->count - 1]);
}

// --- checks

static void PRINTF_LIKE(2, 3) fail(const struct looking *looking, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    diags_vadd(looking->diags, looking->endpoint->file, looking->statement->line, looking->statement->column,
        format, args);
    va_end(args);
}

// Whether column i clashes with one before it; if so, that is reported.
static bool clashes(const struct looking *looking, size_t i)
{
    const struct answer_column *columns = looking->answer->columns;
    struct dotted_name own, other, before;
    split_name(columns[i].name, &own);
    if (i > 0)
        split_name(columns[i - 1].name, &before);
    for (size_t k = 0; k < i; k++) {
        split_name(columns[k].name, &other);
        if (span_equal(columns[k].name, columns[i].name)) {
            fail(looking, "the answer has two columns %.*s; rename one by AS", SHOW(columns[i].name));
            return true;
        }
        if (is_in_the_way(&own, &other) || is_in_the_way(&other, &own)) {
            fail(looking, "the columns %.*s and %.*s cannot stand beside each other: rename one by AS",
                SHOW(columns[k].name), SHOW(columns[i].name));
            return true;
        }
        size_t objects = common_objects(&other, &own);
        if (objects > common_objects(&before, &own)) {
            fail(looking, "the columns of %.*s have to stand next to each other; %.*s stands apart from %.*s",
                SHOW(own.parts[objects - 1]), SHOW(columns[i].name), SHOW(columns[k].name));
            return true;
        }
    }
    return false;
}

static void check_shape(const struct looking *looking)
{
    static const char *const names[] = {
        [SHAPE_VALUES] = "values", [SHAPE_VALUE] = "value", [SHAPE_TEXT] = "text"};
    const struct answer *answer = looking->answer;
    bool needs_one = answer->shape != SHAPE_ROWS && answer->shape != SHAPE_OBJECT;
    if (needs_one && answer->count != 1)
        fail(looking, "@shape %s needs an answer of one column, and this one has %zu", names[answer->shape],
            answer->count);
}

// --- preparing

// Sets the types of the columns that have a @column.
static enum err_code apply_declared(
    const struct answer *answer, const struct endpoint *endpoint, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < answer->count; i++) {
        for (size_t k = 0; k < endpoint->column_count; k++) {
            if (!span_equal(answer->columns[i].name, endpoint->columns[k].name))
                continue;
            struct answer_column *column = &answer->columns[i];
            column->is_declared = true;
            column->type = endpoint->columns[k].type;
            column->micros = endpoint->columns[k].micros;
            if (column->type.type == TYPE_TIMESTAMP)
                column->moment = arena_alloc(arena, TIMESTAMP_CHARS);
            if (column->type.type == TYPE_TIMESTAMP && column->moment == NULL)
                return err_no_memory(err);
        }
    }
    return ERR_NONE;
}

static enum err_code keep(struct buf *text, struct arena *arena, struct span *ret_kept, struct err *err)
{
    const char *copy = buf_status(text) == ERR_NONE ? arena_strndup(arena, text->data, text->len) : NULL;
    if (copy == NULL)
        return err_no_memory(err);
    *ret_kept = (struct span){.at = copy, .len = text->len};
    buf_clear(text);
    return ERR_NONE;
}

static void append_many(struct buf *out, char byte, size_t count)
{
    while (count-- > 0)
        buf_append_byte(out, byte);
}

static enum err_code make_prefixes(
    struct answer *answer, struct arena *arena, struct buf *text, struct err *err)
{
    struct dotted_name own, before = {.count = 1};
    for (size_t i = 0; i < answer->count; i++) {
        struct answer_column *column = &answer->columns[i];
        split_name(column->name, &own);
        size_t objects = i > 0 ? common_objects(&before, &own) : 0;
        append_many(text, '}', before.count - 1 - objects);
        buf_append_byte(text, i > 0 ? ',' : '{');
        for (; objects < own.count; objects++) {
            json_write_string(text, own.parts[objects]);
            buf_append_str(text, objects + 1 < own.count ? ":{" : ":");
        }
        enum err_code code = keep(text, arena, &column->prefix, err);
        if (code != ERR_NONE)
            return code;
        before = own;
    }
    append_many(text, '}', before.count);
    return keep(text, arena, &answer->suffix, err);
}

static enum err_code make_texts(
    struct answer *answer, const struct endpoint *endpoint, struct arena *arena, struct err *err)
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, arena->max);
    enum err_code code = make_prefixes(answer, arena, &text, err);
    if (code != ERR_NONE || endpoint->under.len == 0)
        return code;
    buf_append_byte(&text, '{');
    json_write_string(&text, endpoint->under);
    buf_append_byte(&text, ':');
    return keep(&text, arena, &answer->under, err);
}

static void check_types(const struct looking *looking, const struct store_stmt *stmt)
{
    for (size_t i = 0; i < looking->answer->count; i++) {
        const char *type = store_column_refused(stmt, i);
        if (type != NULL)
            fail(looking, "the column %s is of %s, which has no form in JSON: cast it",
                store_column_name(stmt, i), type);
    }
}

enum err_code answer_init(struct answer *answer, const struct endpoint *endpoint,
    const struct statement *statement, const struct store_conn *conn, const struct store_stmt *stmt,
    struct arena *arena, struct diags *diags, struct err *err)
{
    struct looking looking = {.answer = answer, .endpoint = endpoint, .statement = statement, .diags = diags};
    answer->shape = endpoint->shape;
    answer->decimals_are_scaled = store_decimals_are_scaled(conn);
    answer->count = store_column_count(stmt);
    answer->columns = arena_zalloc(arena, answer->count, sizeof(*answer->columns));
    if (answer->columns == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < answer->count; i++)
        answer->columns[i] = (struct answer_column){
            .name = span_of(store_column_name(stmt, i)), .is_boolean = store_column_is_boolean(stmt, i)};
    if (answer->count == 0) {
        fail(&looking, "an @answer has to give rows; start it with SELECT");
        return ERR_NONE;
    }
    for (size_t i = 0; i < answer->count && !clashes(&looking, i); i++)
        ;
    check_shape(&looking);
    check_types(&looking, stmt);
    enum err_code code = apply_declared(answer, endpoint, arena, err);
    return code == ERR_NONE ? make_texts(answer, endpoint, arena, err) : code;
}

bool answer_has(const struct answer *answer, struct span name)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (span_equal(answer->columns[i].name, name))
            return true;
    }
    return false;
}
