// SPDX-License-Identifier: Apache-2.0
// Reads @csv lines, which add up to the endpoint's dialect. Their words are csv_options.c's. The parser's
// thread.
#include "app/declare_csv.h"

#include "text/charset.h"

void declare_csv(struct parser *parser, struct words *words, const struct directive *directive)
{
    if (parser_reads(parser)) {
        words_fail(words, directive->column, "a %s takes no rows; @csv is for endpoints that write",
            parser_method(parser));
        return;
    }
    if (parser->csv_at.name == NULL) {
        parser->csv_at = *directive;
        csv_options_init(&parser->csv, NULL);
    }
    struct span encoding = parser->csv.dialect.encoding;
    if (!csv_options_read(&parser->csv, words))
        return;
    struct span now = parser->csv.dialect.encoding;
    if (now.len > 0 && now.at != encoding.at && !charset_is_known(now))
        words_fail(words, directive->column,
            "the encoding %.*s is not known here; known are windows-1252, ISO-8859-15, UTF-16 and others",
            SHOW(now));
}

void declare_csv_finish(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (parser->csv_at.name == NULL)
        return;
    const char *problem = csv_options_problem(&parser->csv);
    if (problem != NULL)
        parser_fail(parser, &parser->csv_at, problem);
    else if (endpoint->field_count == 0)
        parser_fail(parser, &parser->csv_at, "@csv without a @field: the endpoint takes no rows");
    struct csv_dialect *dialect = arena_alloc(parser->arena, sizeof(*dialect));
    if (dialect == NULL)
        parser->status = ERR_NO_MEMORY;
    else
        *dialect = parser->csv.dialect;
    endpoint->csv = dialect;
}
