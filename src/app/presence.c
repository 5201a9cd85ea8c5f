// SPDX-License-Identifier: Apache-2.0
// Goes by the words of the statements alone: a has_NAME of another table that is called as a field of this
// endpoint makes a column that nobody reads. The parser's thread.
#include "app/presence.h"

#include "base/limits.h"
#include "text/sql_quote.h"
#include "text/sql_scan.h"

static const char prefix[] = "has_";

static int field_called(const struct endpoint *endpoint, struct span name)
{
    for (size_t i = 0; i < endpoint->field_count; i++) {
        if (span_equal_nocase(endpoint->fields[i].name, name))
            return (int)i;
    }
    return -1;
}

// The field that a word asks for; -1: none.
static int field_asked_for(const struct endpoint *endpoint, struct span word)
{
    struct span name = sql_unquoted(word);
    size_t len = strlen(prefix);
    bool is_asking =
        name.len > len && span_equal_nocase((struct span){.at = name.at, .len = len}, span_of(prefix));
    if (!is_asking || field_called(endpoint, name) >= 0)
        return -1;
    return field_called(endpoint, (struct span){.at = name.at + len, .len = name.len - len});
}

static void find_in(const struct endpoint *endpoint, struct span sql, enum sql_dialect dialect, bool *asked)
{
    struct sql_scan scan;
    struct sql_token token;
    sql_scan_init(&scan, sql, dialect);
    do {
        token = sql_scan_next(&scan);
        int field = token.kind == SQL_CODE ? field_asked_for(endpoint, token.text) : -1;
        if (field >= 0)
            asked[field] = true;
    } while (token.kind != SQL_END && token.kind != SQL_UNTERMINATED);
}

void presence_find(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    bool asked[LIMIT_FIELDS] = {false};
    size_t count = 0;
    for (size_t i = 0; endpoint->field_count > 0 && i < endpoint->statement_count; i++) {
        find_in(endpoint, endpoint->statements[i].when, endpoint->statements[i].dialect, asked);
        find_in(endpoint, endpoint->statements[i].sql, endpoint->statements[i].dialect, asked);
    }
    for (size_t i = 0; i < endpoint->field_count; i++)
        count += asked[i];
    if (count == 0)
        return;
    if (endpoint->field_count + count > LIMIT_FIELDS) {
        diags_add(parser->diags, parser->file, endpoint->line, endpoint->column,
            "more than %d columns of batch, with one for each has_… of a field; no endpoint may have more",
            LIMIT_FIELDS);
        return;
    }
    endpoint->has_fields = arena_zalloc(parser->arena, count, sizeof(*endpoint->has_fields));
    if (endpoint->has_fields == NULL) {
        parser->status = ERR_NO_MEMORY;
        return;
    }
    for (size_t i = 0; i < endpoint->field_count; i++) {
        if (asked[i])
            endpoint->has_fields[endpoint->has_count++] = i;
    }
}

void presence_name(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    for (size_t i = 0; i < endpoint->has_count; i++) {
        struct span field = endpoint->fields[endpoint->has_fields[i]].name;
        char *name = arena_alloc(parser->arena, strlen(prefix) + field.len);
        if (name == NULL) {
            parser->status = ERR_NO_MEMORY;
            return;
        }
        memcpy(name, prefix, strlen(prefix));
        memcpy(name + strlen(prefix), field.at, field.len);
        endpoint->field_names[endpoint->field_count + i] = (struct store_name){
            .name = {.at = name, .len = strlen(prefix) + field.len}, .type = TYPE_BOOLEAN};
    }
}
