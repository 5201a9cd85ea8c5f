// SPDX-License-Identifier: Apache-2.0
// Judges credentials and words the refusals. Which keys there are is told by the lease (lease.h); what a
// client may is client.h's; who guesses too often is guesses.h's. What a refusal says helps nobody to guess:
// a text whose check sum is wrong is none whatever keys there are, and that a key has ended is told to who
// holds it. On the request's loop.
#include "serve/door.h"

#include <stdio.h>
#include <time.h>

#include "access/guesses.h"
#include "base/clock.h"
#include "serve/door_certificate.h"
#include "serve/door_token.h"
#include "serve/keys.h"
#include "serve/loop_state.h"

enum { HEADERS_BYTES = 1024, DETAIL_BYTES = 512 };

// --- verdicts

static bool wants_client(const struct endpoint *endpoint)
{
    return endpoint->access.kind != ACCESS_OPEN;
}

static enum door_verdict look_up(const struct door *door, struct span text, struct client **ret_client)
{
    if (!secret_is_sound(text))
        return DOOR_NOT_SOUND;
    if (door->keys == NULL)
        return DOOR_NOT_KNOWN;
    struct secret_digest digest = secret_digest(text);
    switch (key_table_find(door->keys, &digest, door->now_s, ret_client)) {
    case KEY_FOUND:
        return DOOR_CLIENT;
    case KEY_EXPIRED:
        return DOOR_EXPIRED;
    case KEY_REVOKED:
        return DOOR_REVOKED;
    case KEY_UNKNOWN:
        break;
    }
    return DOOR_UNKNOWN;
}

// The same, by what the loop knows from before.
static enum door_verdict find_client(
    const struct door *door, struct span text, struct client **ret_client, struct err *err)
{
    if (door_token_is_meant(door->app, text))
        return door_token_judge(door, text, ret_client, err);
    if (door->regulars == NULL || door->keys == NULL)
        return look_up(door, text, ret_client);
    struct regular_mark mark = regulars_mark(door->regulars, text);
    struct client *client = regulars_find(door->regulars, &mark, door->ring, door->service);
    if (client != NULL && door->now_s < client->ends_s) {
        *ret_client = client;
        return DOOR_CLIENT;
    }
    enum door_verdict verdict = look_up(door, text, ret_client);
    if (verdict == DOOR_CLIENT)
        regulars_note(door->regulars, &mark, door->ring, door->service, *ret_client);
    return verdict;
}

enum door_verdict door_judge(
    const struct door *door, const struct credential *credential, struct client **ret_client, struct err *err)
{
    const struct endpoint *endpoint = door->endpoint;
    struct client *client = NULL;
    if (!door->app->access.wants_keys)
        return DOOR_NOBODY;
    if (credential->count == 0 && door->certificate == NULL)
        return wants_client(endpoint) ? DOOR_MISSING : DOOR_NOBODY;
    if (credential->count > 1)
        return DOOR_SEVERAL;
    enum door_verdict verdict = credential->count == 0 ? door_certificate_judge(door, &client, err)
                                                       : find_client(door, credential->text, &client, err);
    if (verdict != DOOR_CLIENT)
        return verdict;
    if (wants_client(endpoint) &&
        !client_may(client, endpoint->method, endpoint->path, endpoint->access.scope))
        return DOOR_FORBIDDEN;
    client_use(client, door->now_s);
    *ret_client = client;
    return DOOR_CLIENT;
}

struct door door_of(const struct context *context, struct loop *loop, const struct lease *lease,
    size_t service, const struct endpoint *endpoint)
{
    struct door door = {.app = lease->edition->apps[service], .endpoint = endpoint, .service = service};
    if (!door.app->access.wants_keys || lease->keys == NULL)
        return door;
    uint64_t now_ns = uv_now(loop_uv(loop)) * NS_PER_MS; // when the loop's turn began
    door.now_s = time(NULL);
    door.ring = lease->keys;
    door.regulars = loop_state(loop)->regulars;
    door.tokens = lease->tokens;
    door.sources = keys_sources(context->keys);
    door.accounts = context->limits != NULL ? limits_accounts(context->limits) : NULL;
    if (key_rings_are_known(keys_rings(context->keys), service, now_ns))
        door.keys = key_ring_table(lease->keys, service);
    return door;
}

// --- refusals

// The header lines of a refusal: a challenge (RFC 9110 section 11.6.1), with RFC 6750's words behind the
// realm, and `rest`. NULL without memory: then they go without.
static const char *challenge(struct request *request, const char *words, const char *rest)
{
    char lines[HEADERS_BYTES];
    int len = snprintf(lines, sizeof(lines), "WWW-Authenticate: Bearer realm=\"%s\"%s\r\n%s",
        request->app->name, words, rest);
    return arena_strndup(&request->arena, lines, (size_t)len);
}

static void refuse(struct request *request, int status, const char *detail, const char *words)
{
    request_set_problem(
        request, &(struct problem){.status = status, .detail = detail}, challenge(request, words, ""));
}

static void refuse_missing(struct request *request)
{
    struct span query = request->app->access.query;
    bool takes_tokens = request->app->access.issuer_count > 0;
    char detail[DETAIL_BYTES];
    snprintf(detail, sizeof(detail),
        "this needs a key%s: send it as Authorization: Bearer KEY, or as X-API-Key: KEY%s%.*s%s",
        takes_tokens ? " or a token" : "", query.len > 0 ? ", or as the parameter " : "", (int)query.len,
        query.len > 0 ? query.at : "",
        request->app->access.takes_certificates ? "; or connect with a certificate of yours" : "");
    refuse(request, 401, detail, "");
}

static void refuse_forbidden(struct request *request)
{
    const struct endpoint *endpoint = request->endpoint;
    struct span scope = endpoint->access.scope;
    char detail[DETAIL_BYTES], words[DETAIL_BYTES];
    if (scope.len > 0) {
        snprintf(detail, sizeof(detail),
            "this key has not the scope %.*s, which this needs: ask for one that has", (int)scope.len,
            scope.at);
        snprintf(
            words, sizeof(words), ", error=\"insufficient_scope\", scope=\"%.*s\"", (int)scope.len, scope.at);
    } else {
        snprintf(detail, sizeof(detail), "this key is for other endpoints: %s %.*s is not among its scopes",
            http_method_name(endpoint->method), (int)endpoint->path.len, endpoint->path.at);
        snprintf(words, sizeof(words), ", error=\"insufficient_scope\"");
    }
    refuse(request, 403, detail, words);
}

// Counts a credential that nobody has, once a request. Whose peer has shown too many of them has to wait, and
// learns no more of this one: true.
static bool refuse_guess(struct request *request, const struct http_exchange *exchange)
{
    struct origin origin = http_origin(exchange);
    if (request->is_guess)
        return false;
    request->is_guess = true;
    unsigned retry_s = guesses_count(keys_guesses(request->context->keys), &origin, clock_monotonic_ns());
    if (retry_s == 0)
        return false;
    char line[HEADERS_BYTES];
    int len = snprintf(line, sizeof(line), "Retry-After: %u\r\n", retry_s);
    request_set_problem(request,
        &(struct problem){.status = 429,
            .detail =
                "too many wrong keys came from this address: a right one is let in at once, the next wrong "
                "one is looked at after Retry-After seconds"},
        arena_strndup(&request->arena, line, (size_t)len));
    return true;
}

// A key that was new turned out to be somebody's.
static void forgive(struct request *request, const struct http_exchange *exchange)
{
    struct origin origin = http_origin(exchange);
    guesses_take_back(keys_guesses(request->context->keys), &origin);
    request->is_guess = false;
}

static void set_refusal(struct request *request, enum door_verdict verdict)
{
    switch (verdict) {
    case DOOR_NOBODY:
    case DOOR_CLIENT:
        break;
    case DOOR_SEVERAL:
        refuse(request, 400, "the request shows more than one key: send one, in one place",
            ", error=\"invalid_request\"");
        break;
    case DOOR_MISSING:
        refuse_missing(request);
        break;
    case DOOR_NOT_SOUND:
        refuse(request, 401,
            "what the request shows is no key, as its check sum tells: copy the key as a whole",
            ", error=\"invalid_token\"");
        break;
    case DOOR_UNKNOWN:
        refuse(request, 401, "nobody has this key here: ask for one", ", error=\"invalid_token\"");
        break;
    case DOOR_EXPIRED:
        refuse(request, 401, "this key has expired: ask for a new one", ", error=\"invalid_token\"");
        break;
    case DOOR_REVOKED:
        refuse(request, 401, "this key was revoked: ask for a new one", ", error=\"invalid_token\"");
        break;
    case DOOR_BAD_TOKEN:
    case DOOR_UNKNOWN_SIGNER:
        refuse(request, 401, "this token does not count here: get one for this server from its issuer",
            ", error=\"invalid_token\"");
        break;
    case DOOR_ENDED_TOKEN:
        refuse(request, 401, "this token has expired: get a new one", ", error=\"invalid_token\"");
        break;
    case DOOR_ENDED_CERTIFICATE:
        refuse(request, 401, "the certificate of this connection has expired: connect with a new one", "");
        break;
    case DOOR_FORBIDDEN:
        refuse_forbidden(request);
        break;
    case DOOR_NO_ISSUER:
        request_set_busy(
            request, "the keys of this token's issuer are not known at the moment: send this again later");
        break;
    case DOOR_NOT_KNOWN:
        request_set_busy(request, "which keys there are is not known at the moment: send this again later");
        break;
    }
}

// --- the way in

// Takes the keys out of what comes behind the door. What the log says has none of them.
static bool cut_query(struct request *request, struct span query, struct span name)
{
    if (credential_cut(query, name, &request->arena, &request->query))
        return true;
    request_set_busy(request, "out of memory");
    return false;
}

bool door_may_be_new(enum door_verdict verdict)
{
    return verdict == DOOR_NOT_KNOWN || verdict == DOOR_UNKNOWN || verdict == DOOR_UNKNOWN_SIGNER;
}

bool door_settle(struct request *request, const struct http_exchange *exchange, enum door_verdict verdict)
{
    bool is_wrong = verdict == DOOR_NOT_SOUND || verdict == DOOR_UNKNOWN || verdict == DOOR_BAD_TOKEN ||
                    verdict == DOOR_UNKNOWN_SIGNER;
    if (is_wrong && refuse_guess(request, exchange))
        return false;
    if (!is_wrong && request->is_guess)
        forgive(request, exchange);
    if (door_may_be_new(verdict) && !request->has_asked_keys)
        return false;
    set_refusal(request, verdict);
    return verdict == DOOR_NOBODY || verdict == DOOR_CLIENT;
}

bool door_let_in(
    struct request *request, const struct http_exchange *exchange, const struct http_request *head)
{
    const struct app_access *access = &request->app->access;
    if (!access->wants_keys)
        return true;
    struct credential credential = credential_read(head, access->query);
    if (access->query.len > 0 && head->query.len > 0 && !cut_query(request, head->query, access->query))
        return false;
    struct door door =
        door_of(request->context, request->ref.loop, request->lease, request->service, request->endpoint);
    struct err err = {0};
    const struct tls_peer *certificate = access->takes_certificates ? http_certificate(exchange) : NULL;
    if (certificate != NULL && door_certificate_is_one(certificate))
        door.certificate = certificate;
    enum door_verdict verdict = door_judge(&door, &credential, &request->client, &err);
    if (verdict == DOOR_UNKNOWN_SIGNER)
        request->asked_issuer = door_token_issuer(request->app, credential.text);
    if (err.code != ERR_NONE)
        keys_tell_token(request->context->keys, request->service, &err);
    if (request->client != NULL)
        request->line.client = request->client->id;
    request->shows_in_query = credential.is_in_query;
    return door_settle(request, exchange, verdict);
}
