// SPDX-License-Identifier: Apache-2.0
// The checks stand in the order of RFC 7519 section 7.2; the signature is looked at before all that the
// claims say. Any thread.
#include "access/jwt.h"

#include <math.h>

#include "access/token_json.h"
#include "base/limits.h"
#include "text/base64url.h"
#include "text/number.h"

enum {
    MAX_ITEMS = 1000,       // of a list, `aud` and scopes among them, that are looked at
    SIGNATURE_BYTES = 1024, // of RSA with 8192 bits
};

static const double LAST_SECOND = 253402300799.0; // of the year 9999

#define REFUSE(err, ...) err_set((err), ERR_MALFORMED, __VA_ARGS__)

// --- reading

// Decodes one of the three parts into *room, and moves that on. False when it is not base64url.
static bool decode(struct span *part, char **room)
{
    size_t len;
    if (!base64url_decode(*part, *room, part->len, &len))
        return false;
    *part = (struct span){.at = *room, .len = len};
    *room += len;
    return true;
}

static enum err_code read_algorithm(struct span alg, enum token_algorithm *ret_algorithm, struct err *err)
{
    if (!token_algorithm_from_name(alg, ret_algorithm))
        return REFUSE(err, "its alg is none of " TOKEN_ALGORITHM_NAMES);
    return ERR_NONE;
}

// A type keeps tokens for another purpose from counting here (RFC 8725 section 3.11); RFC 9068 has at+jwt.
static bool is_type_fine(const struct json_entry *header)
{
    struct span typ = token_json_text(header, "typ");
    if (token_json_find(header, span_of("typ")) == NULL)
        return true;
    return span_is_nocase(typ, "JWT") || span_is_nocase(typ, "at+jwt") ||
           span_is_nocase(typ, "application/at+jwt");
}

static enum err_code read_header(struct span text, struct arena *arena, struct jwt *jwt, struct err *err)
{
    struct json_entry *header = NULL;
    enum err_code code = token_json_read(text, 0, arena, &header, err);
    if (code != ERR_NONE) {
        err_prefix(err, "its header");
        return code;
    }
    // What it names has to be understood, and nothing that can be named is (RFC 7515 section 4.1.11).
    if (token_json_find(header, span_of("crit")) != NULL)
        return REFUSE(err, "its header has crit");
    if (!is_type_fine(header))
        return REFUSE(err, "its typ is neither JWT nor at+jwt");
    code = read_algorithm(token_json_text(header, "alg"), &jwt->algorithm, err);
    if (code != ERR_NONE)
        return code;
    jwt->kid = token_json_text(header, "kid");
    return jwt->kid.len > 0 ? ERR_NONE : REFUSE(err, "its header has no kid");
}

static enum err_code read_claims(struct span text, struct arena *arena, struct jwt *jwt, struct err *err)
{
    struct json_entry *claims = NULL;
    enum err_code code = token_json_read(text, MAX_ITEMS, arena, &claims, err);
    if (code != ERR_NONE) {
        err_prefix(err, "its claims");
        return code;
    }
    jwt->claims = claims;
    jwt->issuer = token_json_text(claims, "iss");
    return jwt->issuer.len > 0 ? ERR_NONE : REFUSE(err, "it has no iss");
}

enum err_code jwt_read(struct span text, struct arena *arena, struct jwt *ret_jwt, struct err *err)
{
    if (text.len > LIMIT_TOKEN_BYTES)
        return REFUSE(err, "it has more than %d bytes", LIMIT_TOKEN_BYTES);
    struct span rest = text;
    struct span header = span_split(&rest, '.'), claims = span_split(&rest, '.');
    struct jwt jwt = {.text = {.at = text.at, .len = header.len + 1 + claims.len}};
    if (header.len == 0 || claims.len == 0 || rest.len == 0 || memchr(rest.at, '.', rest.len) != NULL)
        return REFUSE(err, "it does not have the three parts of a signed JWT");
    char *room = arena_alloc(arena, text.len);
    if (room == NULL)
        return err_no_memory(err);
    jwt.signature = rest;
    if (!decode(&header, &room) || !decode(&claims, &room) || !decode(&jwt.signature, &room) ||
        jwt.signature.len > SIGNATURE_BYTES)
        return REFUSE(err, "a part of it is not base64url, or its signature is too long");
    enum err_code code = read_header(header, arena, &jwt, err);
    if (code == ERR_NONE)
        code = read_claims(claims, arena, &jwt, err);
    if (code == ERR_NONE)
        *ret_jwt = jwt;
    return code;
}

// --- judging

// Seconds since 1970, which a token may give with a fraction (RFC 7519 section 2). False for no such moment.
static bool read_time(const struct json_entry *claims, const char *name, double *ret_s)
{
    const struct json_entry *entry = token_json_find(claims, span_of(name));
    double s;
    if (entry == NULL || entry->is_list || entry->first->kind != JSON_NUMBER ||
        !number_parse(entry->first->text, &s) || s < 0 || s > LAST_SECOND)
        return false;
    *ret_s = s;
    return true;
}

// The moment from which on a token is refused.
static bool read_end(const struct jwt *jwt, int64_t *ret_ends_s)
{
    double exp;
    if (!read_time(jwt->claims, "exp", &exp))
        return false;
    *ret_ends_s = (int64_t)ceil(exp) + LIMIT_TOKEN_LEEWAY_S;
    return true;
}

// A moment that has to have come, where the token has it.
static enum err_code check_begin(const struct jwt *jwt, const char *name, int64_t now_s, struct err *err)
{
    double begin;
    if (token_json_find(jwt->claims, span_of(name)) == NULL)
        return ERR_NONE;
    if (!read_time(jwt->claims, name, &begin))
        return REFUSE(err, "its %s is no moment", name);
    if (begin > (double)(now_s + LIMIT_TOKEN_LEEWAY_S))
        return REFUSE(err, "its %s is in the future: are the clocks of both right?", name);
    return ERR_NONE;
}

static bool is_for(const struct jwt *jwt, struct span audience)
{
    const struct json_entry *entry = token_json_find(jwt->claims, span_of("aud"));
    const struct json_item *item = entry != NULL ? entry->first : NULL;
    while (item != NULL && !(item->kind == JSON_STRING && span_equal(item->text, audience)))
        item = item->next;
    return item != NULL;
}

static enum jwt_verdict judge_claims(
    const struct jwt *jwt, const struct issuer *issuer, int64_t now_s, struct err *err)
{
    int64_t ends_s;
    if (!is_for(jwt, issuer->audience))
        (void)REFUSE(err, "its aud does not have %.*s", (int)issuer->audience.len, issuer->audience.at);
    else if (!read_end(jwt, &ends_s))
        (void)REFUSE(err, "it has no exp, or one that is no moment");
    else if (check_begin(jwt, "nbf", now_s, err) == ERR_NONE &&
             check_begin(jwt, "iat", now_s, err) == ERR_NONE) {
        if (now_s < ends_s)
            return JWT_GOOD;
        (void)REFUSE(err, "it has expired");
        return JWT_EXPIRED;
    }
    return JWT_BAD;
}

enum jwt_verdict jwt_judge(const struct jwt *jwt, const struct issuer *issuer, const struct jwks *keys,
    int64_t now_s, struct err *err)
{
    bool knows_kid;
    if (!span_equal(jwt->issuer, issuer->issuer)) {
        (void)REFUSE(err, "its iss is another one");
        return JWT_BAD;
    }
    if ((issuer->algorithms & (unsigned)jwt->algorithm) == 0) {
        (void)REFUSE(err, "its alg is not among those of [jwt %.*s]", (int)issuer->name.len, issuer->name.at);
        return JWT_BAD;
    }
    const struct jwk *key = jwks_find(keys, jwt->kid, jwt->algorithm, &knows_kid);
    if (key == NULL && !knows_kid) {
        (void)REFUSE(err, "[jwt %.*s] has no key of its kid", (int)issuer->name.len, issuer->name.at);
        return JWT_UNKNOWN_KEY;
    }
    if (key == NULL) {
        (void)REFUSE(err, "the key of its kid is not for its alg");
        return JWT_BAD;
    }
    if (!jwk_verify(key, jwt->text, jwt->signature)) {
        (void)REFUSE(err, "its signature is wrong");
        return JWT_BAD;
    }
    return judge_claims(jwt, issuer, now_s, err);
}

// --- the client

static enum err_code copy(struct arena *arena, struct span text, struct span *ret_copy, struct err *err)
{
    return arena_copy(arena, text, ret_copy) ? ERR_NONE : err_no_memory(err);
}

// An id goes into logs, and the names of accounts.
static bool is_id(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte < 0x20 || byte == 0x7f)
            return false;
    }
    return text.len > 0 && text.len <= LIMIT_CLAIM_BYTES && !span_starts_with(text, "k_");
}

static enum err_code read_id(const struct jwt *jwt, const struct issuer *issuer, struct arena *arena,
    struct client *client, struct err *err)
{
    const struct json_entry *entry = token_json_find(jwt->claims, issuer->client);
    bool is_there = entry != NULL && !entry->is_list &&
                    (entry->first->kind == JSON_STRING || entry->first->kind == JSON_NUMBER);
    if (!is_there || !is_id(entry->first->text))
        return err_set(err, ERR_INVALID,
            "its %.*s can be no client's id: it wants 1 to %d bytes, without controls, and not k_ at the "
            "beginning",
            (int)issuer->client.len, issuer->client.at, LIMIT_CLAIM_BYTES);
    return copy(arena, entry->first->text, &client->id, err);
}

static enum err_code add_scope(struct client *client, struct span scope, struct arena *arena, struct err *err)
{
    if (scope.len == 0)
        return ERR_NONE;
    if (client->scope_count == LIMIT_SCOPES)
        return err_set(err, ERR_INVALID, "it has more than %d scopes", LIMIT_SCOPES);
    enum err_code code = copy(arena, scope, &client->scopes[client->scope_count], err);
    client->scope_count += code == ERR_NONE;
    return code;
}

// A text with blanks between scopes (RFC 8693 section 4.2), or an array of them.
static enum err_code read_scopes(const struct jwt *jwt, const struct issuer *issuer, struct arena *arena,
    struct client *client, struct err *err)
{
    const struct json_entry *entry = token_json_find(jwt->claims, issuer->scopes);
    const struct json_item *item = entry != NULL ? entry->first : NULL;
    enum err_code code = ERR_NONE;
    if (item == NULL)
        return ERR_NONE;
    client->scopes = arena_zalloc(arena, LIMIT_SCOPES, sizeof(*client->scopes));
    if (client->scopes == NULL)
        return err_no_memory(err);
    for (; item != NULL && code == ERR_NONE; item = item->next) {
        struct span rest = item->text;
        if (item->kind != JSON_STRING)
            return err_set(err, ERR_INVALID, "its %.*s is neither a text nor an array of texts",
                (int)issuer->scopes.len, issuer->scopes.at);
        if (entry->is_list)
            code = add_scope(client, rest, arena, err);
        while (!entry->is_list && rest.len > 0 && code == ERR_NONE)
            code = add_scope(client, span_split(&rest, ' '), arena, err);
    }
    return code;
}

static bool is_claim(const struct json_entry *entry)
{
    const struct json_item *item = entry->first;
    if (entry->is_list || entry->name.len == 0 || entry->name.len + item->text.len > LIMIT_CLAIM_BYTES)
        return false;
    return item->kind == JSON_STRING || item->kind == JSON_NUMBER || item->kind == JSON_BOOLEAN;
}

static enum err_code copy_claims(
    const struct jwt *jwt, struct arena *arena, struct client *client, struct err *err)
{
    size_t count = 0;
    enum err_code code = ERR_NONE;
    for (const struct json_entry *entry = jwt->claims; entry != NULL; entry = entry->next)
        count += is_claim(entry);
    client->claims = arena_zalloc(arena, count, sizeof(*client->claims));
    if (client->claims == NULL)
        return err_no_memory(err);
    for (const struct json_entry *entry = jwt->claims; entry != NULL && code == ERR_NONE;
         entry = entry->next) {
        if (!is_claim(entry))
            continue;
        struct claim_value *claim = &client->claims[client->claim_count++];
        code = copy(arena, entry->name, &claim->name, err);
        if (code == ERR_NONE)
            code = copy(arena, entry->first->text, &claim->text, err);
    }
    return code;
}

enum err_code jwt_client(const struct jwt *jwt, const struct issuer *issuer, struct arena *arena,
    struct client *ret_client, struct err *err)
{
    struct client client = {.kind = CLIENT_TOKEN, .issuer = issuer->issuer, .plan = issuer->plan};
    if (!read_end(jwt, &client.ends_s))
        return err_set(err, ERR_INVALID, "it has no exp, or one that is no moment");
    enum err_code code = read_id(jwt, issuer, arena, &client, err);
    if (code == ERR_NONE)
        code = read_scopes(jwt, issuer, arena, &client, err);
    if (code == ERR_NONE)
        code = copy_claims(jwt, arena, &client, err);
    if (code != ERR_NONE)
        return code;
    atomic_init(&client.used_s, 0);
    *ret_client = client;
    return ERR_NONE;
}
