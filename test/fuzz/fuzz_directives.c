// SPDX-License-Identifier: Apache-2.0
// Any bytes as an endpoint file: no crash, no leak, and either an endpoint whose parts lie in the file, or
// errors whose places do.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "app/directives.h"

enum { ARENA_BYTES = 64 * 1024 * 1024 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(struct span part, struct span whole)
{
    check(part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

// Whether a line and a column are those of a byte of the text, or of the end of a line.
static bool is_place(struct span text, uint32_t line, uint32_t column)
{
    if (line == 0)
        return column == 0;
    struct span rest = text, current = {0};
    for (uint32_t i = 0; i < line; i++) {
        if (i > 0 && rest.len == 0 && (text.len == 0 || text.at[text.len - 1] != '\n'))
            return false;
        current = span_split(&rest, '\n');
    }
    return column <= current.len + 1;
}

static void check_endpoint(const struct endpoint *endpoint, struct span text)
{
    check(endpoint->path.len > 0 && endpoint->path.at[0] == '/');
    check_inside(endpoint->path, text);
    check(is_place(text, endpoint->line, endpoint->column));
    for (size_t i = 0; i < endpoint->param_count; i++) {
        check_inside(endpoint->params[i].name, text);
        check_inside(endpoint->params[i].description, text);
        check(span_equal(endpoint->params[i].name, endpoint->param_names[i].name));
    }
    for (size_t i = 0; i < endpoint->field_count; i++)
        check(span_equal(endpoint->fields[i].name, endpoint->field_names[i].name));
    size_t answers = 0;
    for (size_t i = 0; i < endpoint->statement_count; i++) {
        const struct statement *statement = &endpoint->statements[i];
        check(statement->sql.len > 0);
        check_inside(statement->sql, text);
        check(is_place(text, statement->line, statement->column));
        answers += statement->kind == STATEMENT_ANSWER;
    }
    check(answers == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {.at = (const char *)data, .len = size};
    struct arena arena;
    struct diags diags;
    struct endpoint endpoint;
    struct err err = {0};
    arena_init(&arena, ARENA_BYTES);
    diags_init(&diags);
    enum err_code code = directives_parse("input", text, &arena, &diags, &endpoint, &err);
    check(code == ERR_NONE || code == ERR_CONFIG);
    check((code == ERR_CONFIG) == (diags_total(&diags) > 0));
    for (size_t i = 0; i < diags.count; i++)
        check(is_place(text, diags.items[i].line, diags.items[i].column));
    if (code == ERR_NONE)
        check_endpoint(&endpoint, text);
    diags_fini(&diags);
    arena_fini(&arena);
    return 0;
}
