// SPDX-License-Identifier: Apache-2.0
// An audience has to be named: without one a token that was given out for another service would be good here
// (RFC 8725 section 3.9). What the file or URL holds is not looked at. Any thread.
#include "app/issuer.h"

#include <assert.h>
#include <stdio.h>

#include "app/diag.h"
#include "base/attr.h"
#include "text/nearest.h"
#include "text/url_origin.h"

static const struct {
    enum token_algorithm algorithm;
    const char *name;
} algorithms[] = {{TOKEN_RS256, "RS256"}, {TOKEN_ES256, "ES256"}, {TOKEN_EDDSA, "EdDSA"}};
enum { ALL_ALGORITHMS = TOKEN_RS256 | TOKEN_ES256 | TOKEN_EDDSA };

// --- algorithms

const char *token_algorithm_name(enum token_algorithm algorithm)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (algorithms[i].algorithm == algorithm)
            return algorithms[i].name;
    }
    assert(false);
    return NULL;
}

bool token_algorithm_from_name(struct span name, enum token_algorithm *ret_algorithm)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (!span_is(name, algorithms[i].name))
            continue;
        *ret_algorithm = algorithms[i].algorithm;
        return true;
    }
    return false;
}

static enum err_code read_algorithm(struct issuer *issuer, struct span word, struct err *err)
{
    enum token_algorithm algorithm;
    if (!token_algorithm_from_name(word, &algorithm))
        return err_set(
            err, ERR_CONFIG, "\"%.*s\" is none of the algorithms: " TOKEN_ALGORITHM_NAMES, SHOW(word));
    if ((issuer->algorithms & algorithm) != 0)
        return err_set(err, ERR_CONFIG, "a second %s; take one away", token_algorithm_name(algorithm));
    issuer->algorithms |= algorithm;
    return ERR_NONE;
}

static enum err_code read_algorithms(struct issuer *issuer, struct span words, struct err *err)
{
    enum err_code code = ERR_NONE;
    if (issuer->algorithms != 0)
        return err_set(err, ERR_CONFIG, "a second line algorithms; put all of them into one");
    while (code == ERR_NONE && words.len > 0)
        code = read_algorithm(issuer, span_trim(span_split(&words, ',')), err);
    return code;
}

// --- keys

// Whether a path stays in the folder that it begins in.
static bool is_inside(struct span path)
{
    if (span_starts_with(path, "/"))
        return false;
    while (path.len > 0) {
        if (span_is(span_split(&path, '/'), ".."))
            return false;
    }
    return true;
}

static bool has_scheme(struct span text)
{
    struct span scheme = span_split(&text, ':');
    return span_starts_with(text, "//") && scheme.len > 0;
}

static enum err_code check_keys(struct issuer *issuer, struct err *err)
{
    struct span keys = issuer->keys;
    issuer->is_url = has_scheme(keys);
    if (issuer->is_url && !url_is_private(keys))
        return err_set(err, ERR_CONFIG,
            "\"%.*s\" is no https:// URL, and who can change the keys on their way can make tokens",
            SHOW(keys));
    if (issuer->is_url && !url_is_plain(keys))
        return err_set(err, ERR_CONFIG, "\"%.*s\" cannot be the URL of keys: it has a user's name or a blank",
            SHOW(keys));
    if (!issuer->is_url && !is_inside(keys))
        return err_set(
            err, ERR_CONFIG, "\"%.*s\" is not in the app's folder; put the keys there", SHOW(keys));
    return ERR_NONE;
}

// --- lines

static enum err_code read_text(struct span *text, struct span key, struct span value, struct err *err)
{
    if (text->len > 0)
        return err_set(err, ERR_CONFIG, "a second %.*s; take one away", SHOW(key));
    if (value.len == 0)
        return err_set(err, ERR_CONFIG, "%.*s is empty; take the line away, or say what it is", SHOW(key));
    *text = value;
    return ERR_NONE;
}

enum err_code issuer_read_line(struct issuer *issuer, struct span key, struct span value, struct err *err)
{
    const struct {
        const char *word;
        struct span *text;
    } known[] = {
        {"issuer", &issuer->issuer},
        {"audience", &issuer->audience},
        {"keys", &issuer->keys},
        {"client", &issuer->client},
        {"scopes", &issuer->scopes},
        {"plan", &issuer->plan},
        {"algorithms", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (!span_is(key, known[i].word))
            continue;
        if (known[i].text == NULL)
            return value.len > 0 ? read_algorithms(issuer, value, err)
                                 : read_text(&(struct span){0}, key, value, err);
        enum err_code code = read_text(known[i].text, key, value, err);
        return code == ERR_NONE && known[i].text == &issuer->keys ? check_keys(issuer, err) : code;
    }
    const char *nearest = nearest_in(key, known, ARRAY_LEN(known), sizeof(known[0]));
    if (nearest != NULL)
        return err_set(err, ERR_CONFIG, "unknown key \"%.*s\"; did you mean %s?", SHOW(key), nearest);
    return err_set(err, ERR_CONFIG,
        "unknown key \"%.*s\"; known in [jwt NAME] are issuer, audience, keys, algorithms, client, scopes and "
        "plan",
        SHOW(key));
}

static enum err_code settle_path(struct issuer *issuer, struct span dir, struct arena *arena, struct err *err)
{
    size_t len = dir.len + 1 + issuer->keys.len;
    char *path = arena_alloc(arena, len + 1);
    if (path == NULL)
        return err_no_memory(err);
    snprintf(path, len + 1, "%.*s/%.*s", (int)dir.len, dir.at, (int)issuer->keys.len, issuer->keys.at);
    issuer->keys = (struct span){.at = path, .len = len};
    return ERR_NONE;
}

enum err_code issuer_finish(struct issuer *issuer, struct span dir, struct arena *arena, struct err *err)
{
    if (issuer->issuer.len == 0)
        return err_set(err, ERR_CONFIG,
            "[jwt %.*s] needs a line issuer, the \"iss\" of its tokens: issuer = https://login.acme.example",
            SHOW(issuer->name));
    if (issuer->audience.len == 0)
        return err_set(err, ERR_CONFIG,
            "[jwt %.*s] needs a line audience, the \"aud\" of tokens that are meant for this app",
            SHOW(issuer->name));
    if (issuer->keys.len == 0)
        return err_set(err, ERR_CONFIG,
            "[jwt %.*s] needs a line keys, the URL or file of its JWK Set: keys = "
            "https://login.acme.example/.well-known/jwks.json",
            SHOW(issuer->name));
    if (issuer->algorithms == 0)
        issuer->algorithms = ALL_ALGORITHMS;
    if (issuer->client.len == 0)
        issuer->client = span_of("sub");
    if (issuer->scopes.len == 0)
        issuer->scopes = span_of("scope");
    return issuer->is_url ? ERR_NONE : settle_path(issuer, dir, arena, err);
}
