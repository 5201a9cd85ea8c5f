// SPDX-License-Identifier: Apache-2.0
// The id is the store's to give, so no client can send it: a write cannot give the name to anything else. In
// a read it is a name like any other, as that is where batches are asked for by their ids. A batch gets its
// id when its checks have passed, in its turn, so that ids grow in the order of commits; a check cannot see
// it.
#include "app/declare_batch.h"

#include "base/limits.h"

// Its first use; NULL: there is none. No check follows a write, so that tells of all.
static const struct use *find_use(const struct parser *parser)
{
    for (size_t i = 0; i < parser->use_count; i++) {
        if (span_is(parser->uses[i].name, BATCH_PARAM))
            return &parser->uses[i];
    }
    return NULL;
}

static void check_use(struct parser *parser, const struct use *use)
{
    if (use->kind == STATEMENT_REJECT || use->kind == STATEMENT_WARN)
        diags_add(parser->diags, parser->file, use->line, use->column,
            ":%s is for @write and @answer: a batch gets its id when all checks have passed", BATCH_PARAM);
}

static bool fail_taken(struct parser *parser)
{
    for (size_t i = 0; i < parser->endpoint.param_count; i++) {
        const struct rule *param = &parser->endpoint.params[i];
        if (!span_is(param->name, BATCH_PARAM))
            continue;
        diags_add(parser->diags, parser->file, param->line, param->column,
            "the name :%s is taken in a write: it is the batch that goes in; give this one another name, with "
            "name \"%s\" if clients are to call it so",
            BATCH_PARAM, BATCH_PARAM);
        return true;
    }
    return false;
}

// It has no name outside: a parameter of the request's may be called batch_id there.
static void add_param(struct parser *parser)
{
    struct endpoint *endpoint = &parser->endpoint;
    if (endpoint->param_count == LIMIT_PARAMS) {
        diags_add(parser->diags, parser->file, endpoint->line, endpoint->column,
            "no room for the parameter :%s beside %d others; take one away", BATCH_PARAM, LIMIT_PARAMS);
        return;
    }
    struct rule *grown =
        parser_grow(parser, endpoint->params, endpoint->param_count, sizeof(*endpoint->params));
    if (grown == NULL)
        return;
    endpoint->params = grown;
    endpoint->batch_param = (int)endpoint->param_count;
    endpoint->params[endpoint->param_count++] = (struct rule){.source = PARAM_BATCH,
        .name = span_of(BATCH_PARAM),
        .type = TYPE_INTEGER,
        .line = endpoint->line,
        .column = endpoint->column};
}

void declare_batch_finish(struct parser *parser)
{
    if (!parser->has_method || endpoint_is_read(&parser->endpoint))
        return;
    const struct use *use = find_use(parser);
    if (fail_taken(parser) || use == NULL)
        return;
    check_use(parser, use);
    add_param(parser);
}
