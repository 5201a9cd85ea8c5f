// SPDX-License-Identifier: Apache-2.0
// When all of a file is read, its @depends are applied: it is known then which parameters and statements
// there are. What the database says to them is depends.c's. The parser's thread.
#include "app/depends_hide.h"

#include "app/depends_sql.h"
#include "base/limits.h"

// A parameter that is not declared has been reported.
static bool settle_params(struct parser *parser, struct depends *depends)
{
    const struct endpoint *endpoint = &parser->endpoint;
    bool is_fine = true;
    for (size_t i = 0; i < depends->count; i++) {
        const struct rule *found =
            rule_find(endpoint->params, endpoint->param_count, depends->columns[i].param_name);
        if (found != NULL)
            depends->columns[i].param = (int)(found - endpoint->params);
        int param = depends->columns[i].param;
        is_fine = is_fine && param >= 0;
        if (param < 0 || !endpoint->params[param].is_list)
            continue;
        diags_add(parser->diags, parser->file, depends->line, depends->columns[i].param_column,
            "parameter %.*s is a list, and @depends compares with one value; leave it out here",
            SHOW(depends->columns[i].param_name));
        is_fine = false;
    }
    return is_fine;
}

static uint32_t find_named(const struct endpoint *endpoint, struct span sql, enum sql_dialect dialect)
{
    uint32_t hidden = 0;
    for (size_t i = 0; i < endpoint->depends_count; i++) {
        if (depends_is_named(&endpoint->depends[i], sql, dialect))
            hidden |= 1U << i;
    }
    return hidden;
}

static struct span hide(
    struct parser *parser, const struct statement *statement, uint32_t hidden, struct span sql)
{
    enum sql_dialect dialect = statement->dialect;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 2 * LIMIT_APP_FILE_BYTES);
    depends_append_hidden(&parser->endpoint, NULL, dialect, hidden, sql, depends_append_rows, &dialect, &out);
    char *copy = buf_status(&out) == ERR_NONE ? arena_strndup(parser->arena, out.data, out.len) : NULL;
    if (copy == NULL) {
        parser->status = ERR_NO_MEMORY;
        return sql;
    }
    return (struct span){.at = copy, .len = out.len};
}

static struct place place_of_first(const struct endpoint *endpoint, uint32_t hidden)
{
    size_t i = 0;
    while ((hidden & (1U << i)) == 0)
        i++;
    return (struct place){.line = endpoint->depends[i].line, .column = endpoint->depends[i].column};
}

static void hide_from(struct parser *parser, struct statement *statement)
{
    const struct endpoint *endpoint = &parser->endpoint;
    statement->file_sql = statement->sql;
    statement->hidden = find_named(endpoint, statement->sql, statement->dialect);
    statement->when_hidden = find_named(endpoint, statement->when, statement->dialect);
    if ((statement->hidden | statement->when_hidden) == 0)
        return;
    if (statement->hidden != 0 && !depends_can_hide(statement->sql, statement->dialect)) {
        diags_add(parser->diags, parser->file, statement->line, statement->column,
            "a WITH RECURSIVE cannot have a @depends in PostgreSQL; put it into brackets: SELECT … FROM (WITH "
            "RECURSIVE …) AS found");
        return;
    }
    statement->hider = place_of_first(endpoint, statement->hidden | statement->when_hidden);
    if (statement->hidden != 0)
        statement->sql = hide(parser, statement, statement->hidden, statement->file_sql);
    if (statement->when_hidden != 0)
        statement->when_before = hide(parser, statement, statement->when_hidden, (struct span){.at = ""});
}

void depends_hide(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    uint32_t hidden = 0;
    bool is_fine = !parser->hides_badly;
    for (size_t i = 0; i < endpoint->depends_count; i++)
        is_fine = settle_params(parser, &endpoint->depends[i]) && is_fine;
    for (size_t i = 0; i < endpoint->statement_count && is_fine; i++) {
        hide_from(parser, &endpoint->statements[i]);
        hidden |= endpoint->statements[i].hidden | endpoint->statements[i].when_hidden;
    }
    for (size_t i = 0; i < endpoint->depends_count && is_fine; i++) {
        const struct depends *depends = &endpoint->depends[i];
        if ((hidden & (1U << i)) == 0)
            diags_add(parser->diags, parser->file, depends->line, depends->column,
                "no statement names the table %.*s; take the line away", SHOW(depends->table));
    }
}
