// SPDX-License-Identifier: Apache-2.0
// A key is its client's for one endpoint: method, route template with its names left out, kind of client,
// issuer and id are hashed with it. Where anybody may ask, all have one scope, so keys have to be random.
// What was sent is hashed as it came, without being decompressed or parsed: method, path, query without a
// credential, type, coding, the claims that the endpoint uses, and the body. Each part goes with its length,
// so that no two requests are one text. The request's thread.
#include "serve/repeating.h"

#include <sodium.h>
#include <string.h>

#include "app/rule.h"
#include "batch/in_flight.h"
#include "serve/sender.h"
#include "text/idempotency_key.h"

struct repeating {
    struct repeat repeat;             //
    struct in_flight_entry entry;     //
    crypto_hash_sha256_state sending; // of what was sent so far
};

static const char KEY_DETAIL[] =
    "Idempotency-Key has to be one key of 1 to 255 visible ASCII characters, such as a UUID, best in quotes";
static const char RUNS_DETAIL[] = "the request with this Idempotency-Key is still being worked on: send it "
                                  "again a little later, and it gets that one's answer";
static const char DIFFERS_DETAIL[] =
    "this Idempotency-Key was sent with another request: what is new needs a "
    "key of its own, and what is repeated has to be the same to the last byte";

// --- hashing

static void add(crypto_hash_sha256_state *state, struct span part)
{
    unsigned char len[8];
    for (size_t i = 0; i < sizeof(len); i++)
        len[i] = (unsigned char)((uint64_t)part.len >> (8 * i));
    crypto_hash_sha256_update(state, len, sizeof(len));
    if (part.len > 0)
        crypto_hash_sha256_update(state, (const unsigned char *)part.at, part.len);
}

static void end(crypto_hash_sha256_state *state, char ret_hex[REPEAT_HEX_CHARS])
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(state, hash);
    sodium_bin2hex(ret_hex, REPEAT_HEX_CHARS, hash, sizeof(hash));
}

// Whose key it is.
static void identify(const struct request *request, struct span key, char ret_identity[REPEAT_HEX_CHARS])
{
    const struct endpoint *endpoint = request->endpoint;
    const struct client *client = request->client;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    add(&state, span_of(http_method_name(endpoint->method)));
    for (size_t i = 0; i < endpoint->part_count; i++)
        add(&state, endpoint->parts[i].param >= 0 ? span_of("{}") : endpoint->parts[i].text);
    add(&state, span_of(client != NULL ? sender_kind(client) : ""));
    add(&state, client != NULL ? client->issuer : (struct span){0});
    add(&state, client != NULL ? client->id : (struct span){0});
    add(&state, key);
    end(&state, ret_identity);
}

static void add_field(crypto_hash_sha256_state *state, const struct http_request *head, const char *name)
{
    const struct http_field *field = http_field(head, name);
    add(state, field != NULL ? field->value : (struct span){0});
}

static void add_claims(crypto_hash_sha256_state *state, const struct request *request)
{
    const struct endpoint *endpoint = request->endpoint;
    for (size_t i = 0; request->client != NULL && i < endpoint->param_count; i++) {
        const struct span *claim = endpoint->params[i].source == PARAM_CLAIM
                                       ? client_claim(request->client, endpoint->params[i].outside)
                                       : NULL;
        if (claim != NULL)
            add(state, *claim);
    }
}

static void begin_sending(
    struct repeating *repeating, const struct request *request, const struct http_request *head)
{
    crypto_hash_sha256_state *state = &repeating->sending;
    crypto_hash_sha256_init(state);
    add(state, span_of(http_method_name(head->method)));
    add(state, head->path);
    add(state, request->query);
    add_field(state, head, "content-type");
    add_field(state, head, "content-encoding");
    add(state, span_of(request->prefer.handling == PREFER_HANDLING_LENIENT ? "lenient" : ""));
    add_claims(state, request);
}

void repeating_feed(struct repeating *repeating, struct span bytes)
{
    if (repeating != NULL && bytes.len > 0)
        crypto_hash_sha256_update(&repeating->sending, (const unsigned char *)bytes.at, bytes.len);
}

// --- the key

// The only field of that name; false when there are several.
static bool find_field(const struct http_request *head, const struct http_field **ret_field)
{
    *ret_field = NULL;
    for (size_t i = 0; i < head->field_count; i++) {
        if (!span_is_nocase(head->fields[i].name, "idempotency-key"))
            continue;
        if (*ret_field != NULL)
            return false;
        *ret_field = &head->fields[i];
    }
    return true;
}

bool repeating_begin(struct request *request, const struct http_request *head)
{
    const struct http_field *field;
    char key[IDEMPOTENCY_KEY_CHARS];
    size_t len = 0;
    bool is_one = find_field(head, &field);
    if (is_one && field == NULL)
        return true;
    if (!is_one || !idempotency_key_read(field->value, key, &len)) {
        request_refuse(request, 400, KEY_DETAIL);
        return false;
    }
    if (request->prefer.tx == PREFER_TX_ROLLBACK) // which leaves nothing that could be repeated
        return true;
    struct repeating *repeating = arena_zalloc(&request->arena, 1, sizeof(*repeating));
    if (repeating == NULL) {
        request_set_busy(request, "out of memory");
        return false;
    }
    identify(request, (struct span){.at = key, .len = len}, repeating->repeat.identity);
    begin_sending(repeating, request, head);
    request->repeating = repeating;
    return true;
}

// --- the batch

static void refuse_for_now(struct request *request)
{
    request_set_problem(
        request, &(struct problem){.status = 409, .detail = RUNS_DETAIL}, "Retry-After: 1\r\n");
}

bool repeating_enter(struct request *request, struct repeat **ret_repeat)
{
    struct repeating *repeating = request->repeating;
    *ret_repeat = NULL;
    if (repeating == NULL)
        return true;
    end(&repeating->sending, repeating->repeat.digest);
    repeating->entry.service = request->service;
    repeating->entry.identity = repeating->repeat.identity;
    if (!in_flight_enter(&request->context->in_flight, &repeating->entry)) {
        refuse_for_now(request);
        return false;
    }
    *ret_repeat = &repeating->repeat;
    return true;
}

void repeating_leave(struct request *request)
{
    if (request->repeating != NULL)
        in_flight_leave(&request->context->in_flight, &request->repeating->entry);
}

bool repeating_is_replayed(const struct request *request)
{
    return request->repeating != NULL && request->repeating->repeat.verdict == REPEAT_KNOWN;
}

bool repeating_refuse(struct request *request)
{
    enum repeat_verdict verdict =
        request->repeating != NULL ? request->repeating->repeat.verdict : REPEAT_NEW;
    if (verdict == REPEAT_RUNS)
        refuse_for_now(request);
    else if (verdict == REPEAT_DIFFERS)
        request_refuse(request, 422, DIFFERS_DETAIL);
    return verdict == REPEAT_RUNS || verdict == REPEAT_DIFFERS;
}
