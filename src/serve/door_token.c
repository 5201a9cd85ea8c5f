// SPDX-License-Identifier: Apache-2.0
// Joins what the lease knows of tokens with jwt.h and the keys of issuers. On the request's loop.
#include "serve/door_token.h"

bool door_token_is_meant(const struct app *app, struct span text)
{
    return app->access.issuer_count > 0 && text.len > 0 && memchr(text.at, '.', text.len) != NULL;
}

static const struct issuer *find_issuer(const struct app *app, struct span name)
{
    for (size_t i = 0; i < app->access.issuer_count; i++) {
        if (span_equal(app->access.issuers[i].issuer, name))
            return &app->access.issuers[i];
    }
    return NULL;
}

const struct issuer *door_token_issuer(const struct app *app, struct span text)
{
    struct arena arena;
    struct jwt jwt;
    struct err err = {0};
    const struct issuer *issuer = NULL;
    arena_init(&arena, JWT_ARENA_BYTES);
    if (jwt_read(text, &arena, &jwt, &err) == ERR_NONE)
        issuer = find_issuer(app, jwt.issuer);
    arena_fini(&arena);
    return issuer;
}

// Adds the client of a token that its issuer has signed.
static enum door_verdict let_in(const struct door *door, const struct secret_digest *digest,
    const struct jwt *jwt, const struct issuer *issuer, struct client **ret_client, struct err *err)
{
    enum err_code code =
        token_table_add(door->tokens, digest, door->service, jwt, issuer, door->accounts, ret_client, err);
    if (code == ERR_NONE)
        return DOOR_CLIENT;
    return code == ERR_NO_MEMORY ? DOOR_NO_ISSUER : DOOR_BAD_TOKEN;
}

static enum door_verdict judge(const struct door *door, const struct secret_digest *digest,
    const struct jwt *jwt, struct client **ret_client, struct err *err)
{
    const struct issuer *issuer = find_issuer(door->app, jwt->issuer);
    if (issuer == NULL) {
        err_set(err, ERR_MALFORMED, "no section [jwt] of app.ini has its iss");
        return DOOR_BAD_TOKEN;
    }
    struct jwks *keys = jwks_sources_keys(door->sources, issuer->keys);
    if (keys == NULL) {
        err_set(
            err, ERR_BUSY, "the keys of [jwt %.*s] are not known", (int)issuer->name.len, issuer->name.at);
        return DOOR_NO_ISSUER;
    }
    enum door_verdict verdict = DOOR_BAD_TOKEN;
    switch (jwt_judge(jwt, issuer, keys, door->now_s, err)) {
    case JWT_GOOD:
        verdict = let_in(door, digest, jwt, issuer, ret_client, err);
        break;
    case JWT_EXPIRED:
        verdict = DOOR_ENDED_TOKEN;
        break;
    case JWT_UNKNOWN_KEY:
        verdict = DOOR_UNKNOWN_SIGNER;
        break;
    case JWT_BAD:
        break;
    }
    jwks_unref(keys);
    return verdict;
}

enum door_verdict door_token_judge(
    const struct door *door, struct span text, struct client **ret_client, struct err *err)
{
    struct arena arena;
    struct jwt jwt;
    if (door->tokens == NULL || door->sources == NULL)
        return DOOR_NO_ISSUER;
    struct secret_digest digest = secret_digest(text);
    struct client *client = token_table_find(door->tokens, &digest, door->service);
    if (client != NULL) {
        *ret_client = client;
        return door->now_s < client->ends_s ? DOOR_CLIENT : DOOR_ENDED_TOKEN;
    }
    arena_init(&arena, JWT_ARENA_BYTES);
    enum err_code code = jwt_read(text, &arena, &jwt, err);
    enum door_verdict verdict = code == ERR_NO_MEMORY ? DOOR_NO_ISSUER : DOOR_BAD_TOKEN;
    if (code == ERR_NONE)
        verdict = judge(door, &digest, &jwt, ret_client, err);
    arena_fini(&arena);
    return verdict;
}
