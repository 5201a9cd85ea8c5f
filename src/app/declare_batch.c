// SPDX-License-Identifier: Apache-2.0
// The id is the store's to give, so no client can send it: a write cannot give the name to anything else. In
// a read it is a name like any other, as that is where batches are asked for by their ids. A batch gets its
// id when its checks have passed, in its turn, so that ids grow in the order of commits; a check cannot see
// it.
#include "app/declare_batch.h"

#include "base/limits.h"

static void check_use(struct parser *parser, const struct use *use)
{
    if (use->kind == STATEMENT_REJECT || use->kind == STATEMENT_WARN)
        diags_add(parser->diags, parser->file, use->line, use->column,
            ":%s is for @write and @answer: a batch gets its id when all checks have passed", BATCH_PARAM);
}

void declare_batch_finish(struct parser *parser)
{
    if (!parser->has_method || endpoint_is_read(&parser->endpoint))
        return;
    // Its first use: no check follows a write, so that tells of all.
    const struct use *use = parser_find_use(parser, BATCH_PARAM);
    if (parser_fail_taken(parser, BATCH_PARAM, " in a write: it is the batch that goes in") || use == NULL)
        return;
    check_use(parser, use);
    // It has no name outside: a parameter of the request's may be called batch_id there.
    int added = parser_add_param(parser, (struct rule){.source = PARAM_BATCH,
                                             .name = span_of(BATCH_PARAM),
                                             .type = TYPE_INTEGER,
                                             .line = parser->endpoint.line,
                                             .column = parser->endpoint.column});
    if (added >= 0)
        parser->endpoint.batch_param = added;
}
