// SPDX-License-Identifier: Apache-2.0
// The other pairs go on as they stand, so serve/query.h reads what a server would be sent. Any thread.
#include "cmd/typed_client.h"

#include <string.h>

#include "app/diag.h"
#include "text/url.h"
#include "text/utf8.h"

// What is read, and where it goes.
struct reading {
    const struct endpoint *endpoint; // borrowed
    struct arena *arena;             // borrowed
    struct typed_client *to;         // filled
    char *rest_end;                  // behind the last byte of to->rest
    struct err *err;                 //
};

// As :client is called; an endpoint that sees claims alone has no parameter of it.
static const struct rule CLIENT = {.source = PARAM_CLIENT, .outside = {.at = "client", .len = 6}};

// The parameter that the name means; one of the request's before others. NULL: none.
static const struct rule *find_rule(const struct endpoint *endpoint, struct span name)
{
    const struct rule *found = endpoint->is_personal && span_equal(name, CLIENT.outside) ? &CLIENT : NULL;
    for (size_t i = 0; i < endpoint->param_count; i++) {
        const struct rule *rule = &endpoint->params[i];
        if (!span_equal(rule->outside, name))
            continue;
        if (rule->source == PARAM_REQUEST)
            return rule;
        found = rule;
    }
    return found;
}

static void keep_pair(struct reading *reading, struct span name, struct span value)
{
    struct span *rest = &reading->to->rest;
    const char *end = value.at != NULL ? value.at + value.len : name.at + name.len;
    size_t len = (size_t)(end - name.at);
    if (rest->len > 0)
        *reading->rest_end++ = '&';
    memcpy(reading->rest_end, name.at, len);
    reading->rest_end += len;
    rest->len = (size_t)(reading->rest_end - rest->at);
}

static enum err_code fail_pair(struct reading *reading, const struct rule *rule, const char *what)
{
    return err_set(reading->err, ERR_INVALID, "%.*s %s", SHOW(rule->outside), what);
}

static enum err_code take_pair(struct reading *reading, const struct rule *rule, struct span raw_value)
{
    struct client *client = &reading->to->client;
    struct span value;
    if (!url_decode(raw_value, true, reading->arena, &value) || !utf8_valid(value))
        return fail_pair(reading, rule, "is badly percent-encoded, or is no UTF-8");
    bool is_id = rule->source == PARAM_CLIENT;
    if (is_id ? client->id.len > 0 : client_claim(client, rule->outside) != NULL)
        return fail_pair(reading, rule, "is given more than once");
    if (is_id)
        client->id = value;
    else
        client->claims[client->claim_count++] = (struct claim_value){.name = rule->outside, .text = value};
    reading->to->is_known = true;
    return ERR_NONE;
}

static enum err_code read_pairs(struct reading *reading, struct span query)
{
    struct span raw_name, raw_value, name;
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && url_next_pair(&query, &raw_name, &raw_value)) {
        const struct rule *rule = url_decode(raw_name, true, reading->arena, &name)
                                      ? find_rule(reading->endpoint, name)
                                      : NULL; // query.h tells what is wrong with it
        if (rule != NULL && rule->source != PARAM_REQUEST)
            code = take_pair(reading, rule, raw_value);
        else
            keep_pair(reading, raw_name, raw_value);
    }
    return code;
}

enum err_code typed_client_read(const struct endpoint *endpoint, struct span query, struct arena *arena,
    struct typed_client *ret_client, struct err *err)
{
    struct typed_client client = {.client = {.kind = CLIENT_KEY, .ends_s = CLIENT_NEVER_ENDS}};
    char *rest = arena_alloc(arena, query.len + 1);
    client.client.claims = arena_zalloc(arena, endpoint->param_count + 1, sizeof(*client.client.claims));
    if (rest == NULL || client.client.claims == NULL)
        return err_no_memory(err);
    client.rest = (struct span){.at = rest};
    struct reading reading = {
        .endpoint = endpoint, .arena = arena, .to = &client, .rest_end = rest, .err = err};
    enum err_code code = read_pairs(&reading, query);
    if (code == ERR_NONE)
        *ret_client = client;
    return code;
}
