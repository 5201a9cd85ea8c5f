// SPDX-License-Identifier: Apache-2.0
// Any text as a token, and any as a JWKS document: what is read keeps what its header promises, and nobody's
// signature is ever right. The input is a JWKS, a line feed, and a token; the token's two JSON parts also
// come as they are, behind further line feeds, so that mutations reach the JSON.
#include <stdint.h>
#include <stdlib.h>

#include "access/jwt.h"
#include "base/limits.h"
#include "text/base64url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static const struct issuer issuer = {.name = {"corp", 4},
    .issuer = {"https://id.example", 18},
    .audience = {"prices", 6},
    .algorithms = TOKEN_RS256 | TOKEN_ES256 | TOKEN_EDDSA,
    .client = {"sub", 3},
    .scopes = {"scope", 5}};

static void check_client(const struct jwt *jwt)
{
    struct arena arena;
    struct client client;
    struct err err = {0};
    arena_init(&arena, JWT_ARENA_BYTES);
    if (jwt_client(jwt, &issuer, &arena, &client, &err) == ERR_NONE) {
        require(client.id.len > 0 && client.id.len <= LIMIT_CLAIM_BYTES);
        require(client.scope_count <= LIMIT_SCOPES && client.claim_count <= LIMIT_TOKEN_MEMBERS);
        require(client.ends_s >= LIMIT_TOKEN_LEEWAY_S);
    } else {
        require(err.code == ERR_INVALID);
    }
    arena_fini(&arena);
}

static void check_token(struct span text, const struct jwks *keys)
{
    struct arena arena;
    struct jwt jwt;
    struct err err = {0};
    arena_init(&arena, JWT_ARENA_BYTES);
    if (jwt_read(text, &arena, &jwt, &err) == ERR_NONE) {
        require(jwt.kid.len > 0 && jwt.issuer.len > 0 && jwt.text.len < text.len);
        struct issuer own = issuer;
        own.issuer = jwt.issuer; // so that its key and signature are looked at
        if (keys != NULL)
            require(jwt_judge(&jwt, &own, keys, 0, &err) != JWT_GOOD && err.text[0] != '\0');
        check_client(&jwt);
    } else {
        require(err.code == ERR_MALFORMED || err.code == ERR_TOO_LARGE);
    }
    arena_fini(&arena);
}

// header and claims as JSON → a token with 64 bytes of signature.
static void check_parts(struct span header, struct span claims, const struct jwks *keys)
{
    char *token = malloc(BASE64URL_CHARS(header.len) + BASE64URL_CHARS(claims.len) + 128);
    require(token != NULL);
    size_t len = base64url_encode(header, token);
    token[len++] = '.';
    len += base64url_encode(claims, token + len);
    token[len++] = '.';
    for (size_t i = 0; i < BASE64URL_CHARS(64); i++)
        token[len++] = 'A';
    check_token((struct span){.at = token, .len = len}, keys);
    free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = {.at = (const char *)data, .len = size};
    struct jwks *keys = NULL;
    struct err err = {0};
    struct span document = span_split(&rest, '\n'), token = span_split(&rest, '\n');
    struct span header = span_split(&rest, '\n');
    enum err_code code = jwks_read(document, &keys, &err);
    require(code == err.code && (code == ERR_NONE) == (keys != NULL));
    require(keys == NULL || (jwks_count(keys) > 0 && jwks_count(keys) <= LIMIT_TOKEN_KEYS));
    check_token(token, keys);
    check_parts(header, rest, keys);
    jwks_unref(keys);
    return 0;
}
