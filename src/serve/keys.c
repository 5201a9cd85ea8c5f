// SPDX-License-Identifier: Apache-2.0
// Puts the parts together and logs what keepers have to tell. On the main thread, and the reload thread for
// keys_follow; a keeper's own for what is logged.
#include "serve/keys.h"

#include "access/key_store.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "serve/context.h"
#include "serve/log_pause.h"

enum { USES_AT_ONCE = 200 };

// What one service's keeper is handed.
struct followed {
    struct keys *keys;     // borrowed
    size_t service;        // its number
    struct keeper *keeper; // owned
};

struct keys {
    const struct service *services; // borrowed
    size_t count;                   // of them
    struct limits *limits;          // borrowed; NULL: there are none
    struct log *log;                // borrowed
    struct followed *followed;      // owned; by service
    struct key_rings *rings;        // owned, as the next
    struct guesses *guesses;        //
    struct jwks_sources *sources;   // likewise; NULL: no app takes tokens
    struct log_pause token_pause;   // of the log, between two refused tokens
};

// On the keeper's thread.
static enum err_code ask(void *ctx, struct store_conn *conn, struct err *err)
{
    struct followed *followed = ctx;
    return key_rings_ask(followed->keys->rings, followed->service, conn, err);
}

// Likewise.
static void tell(void *ctx, const struct err *err)
{
    struct followed *followed = ctx;
    struct keys *keys = followed->keys;
    const char *name = keys->services[followed->service].app->name;
    if (err != NULL)
        log_printf(keys->log, "%s: could not find out which keys there are: %s%s%s", name, err->text,
            err->hint[0] != '\0' ? ": " : "", err->hint);
    else
        log_printf(keys->log, "%s: it is known again which keys there are", name);
}

// On the thread of the issuers' keys.
static void tell_issuer(void *ctx, struct span location, const struct err *err)
{
    struct keys *keys = ctx;
    if (err != NULL)
        log_printf(keys->log, "the keys of tokens at %.*s cannot be read: %s", (int)location.len, location.at,
            err->text);
    else
        log_printf(keys->log, "the keys of tokens at %.*s can be read again", (int)location.len, location.at);
}

// Gives clients their accounts, so that a request need not look for it. One that has none for want of memory
// is looked for. On the keeper's thread.
static void prepare(void *ctx, size_t store, struct key_table *table)
{
    const struct keys *keys = ctx;
    size_t count;
    struct client *clients = key_table_clients(table, &count);
    for (size_t i = 0; keys->limits != NULL && i < count; i++)
        clients[i].account = accounts_find(limits_accounts(keys->limits), store, clients[i].id);
}

static enum err_code start_keeper(struct keys *keys, size_t service, struct err *err)
{
    struct followed *followed = &keys->followed[service];
    *followed = (struct followed){.keys = keys, .service = service};
    struct keeper_options options = {.store = keys->services[service].store,
        .pace_ms = LIMIT_KEYS_ASK_MS,
        .patience_ms = LIMIT_STATEMENT_MS,
        .ask = ask,
        .tell = tell,
        .ctx = followed};
    enum err_code code = keeper_new(&options, &followed->keeper, err);
    return code == ERR_NONE ? keeper_start(followed->keeper, err) : code;
}

static enum err_code make(struct keys *keys, bool takes_tokens, struct err *err)
{
    enum err_code code = guesses_new(&keys->guesses, err);
    if (code == ERR_NONE)
        code = key_rings_new(keys->count, prepare, keys, &keys->rings, err);
    if (code == ERR_NONE && takes_tokens)
        code = jwks_sources_new(tell_issuer, keys, &keys->sources, err);
    for (size_t i = 0; code == ERR_NONE && i < keys->count; i++)
        code = start_keeper(keys, i, err);
    return code;
}

enum err_code keys_new(
    const struct context *context, bool takes_tokens, struct keys **ret_keys, struct err *err)
{
    struct keys *keys = mem_zalloc(1, sizeof(*keys));
    if (keys == NULL)
        return err_no_memory(err);
    keys->services = context->services;
    keys->count = context->service_count;
    keys->limits = context->limits;
    keys->log = context->error_log;
    keys->followed = mem_zalloc(keys->count, sizeof(*keys->followed));
    enum err_code code = keys->followed != NULL ? make(keys, takes_tokens, err) : err_no_memory(err);
    if (code != ERR_NONE) {
        keys_free(keys);
        return code;
    }
    *ret_keys = keys;
    return ERR_NONE;
}

void keys_end(struct keys *keys)
{
    for (size_t i = 0; keys != NULL && i < keys->count; i++)
        keeper_end(keys->followed[i].keeper);
}

void keys_free(struct keys *keys)
{
    if (keys == NULL)
        return;
    for (size_t i = 0; keys->followed != NULL && i < keys->count; i++)
        keeper_free(keys->followed[i].keeper);
    jwks_sources_free(keys->sources);
    key_rings_free(keys->rings);
    guesses_free(keys->guesses);
    mem_free(keys->followed);
    mem_free(keys);
}

void keys_follow(struct keys *keys, size_t service, const struct app *app)
{
    if (keys == NULL)
        return;
    struct keeper *keeper = keys->followed[service].keeper;
    keeper_want(keeper, app->access.wants_keys);
    if (app->access.wants_keys)
        (void)keeper_wait(keeper, LIMIT_STORE_CONNECT_MS);
}

enum err_code keys_follow_issuers(struct keys *keys, const struct app *app, struct err *err)
{
    enum err_code code = ERR_NONE;
    for (size_t i = 0; keys != NULL && code == ERR_NONE && i < app->access.issuer_count; i++) {
        const struct issuer *issuer = &app->access.issuers[i];
        code = jwks_sources_follow(keys->sources, issuer->keys, issuer->is_url, err);
        err_prefix(err, "the keys of [jwt %.*s]", (int)issuer->name.len, issuer->name.at);
    }
    return code;
}

void keys_tell_token(struct keys *keys, size_t service, const struct err *err)
{
    if (!log_pause_take(&keys->token_pause, NS_PER_S))
        return;
    log_printf(keys->log, "%s: a token was refused: %s", keys->services[service].app->name, err->text);
}

struct jwks_sources *keys_sources(const struct keys *keys)
{
    return keys != NULL ? keys->sources : NULL;
}

void keys_ask(struct keys *keys, size_t service, struct keeper_question *question)
{
    keeper_ask(keys->followed[service].keeper, question);
}

static enum err_code touch_table(struct key_table *table, struct store_conn *conn, struct err *err)
{
    struct key_use uses[USES_AT_ONCE];
    for (;;) {
        size_t count = key_table_take_uses(table, uses, USES_AT_ONCE);
        enum err_code code = key_store_touch(conn, uses, count, err);
        if (code != ERR_NONE)
            key_table_give_uses(uses, count);
        if (code != ERR_NONE || count < USES_AT_ONCE)
            return code;
    }
}

enum err_code keys_touch(void *ctx, size_t service, struct store_conn *conn, struct err *err)
{
    struct keys *keys = ctx;
    struct key_ring *ring = key_rings_current(keys->rings);
    struct key_table *table = key_ring_table(ring, service);
    enum err_code code = table != NULL ? touch_table(table, conn, err) : ERR_NONE;
    key_ring_unref(ring);
    return code;
}

struct key_rings *keys_rings(struct keys *keys)
{
    return keys != NULL ? keys->rings : NULL;
}

struct guesses *keys_guesses(struct keys *keys)
{
    return keys->guesses;
}
