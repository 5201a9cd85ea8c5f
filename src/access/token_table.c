// SPDX-License-Identifier: Apache-2.0
// Found by all bytes of a BLAKE2b digest. All is one arena's: clients go together. A client that is refused
// leaves nothing in it, as the table is not exchanged before it has many that were not. Of one loop.
#include "access/token_table.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/table.h"

struct token {
    struct token *next; // of all
    struct secret_digest digest;
    size_t service;
    struct client client;
};

struct token_table {
    struct table table;  // of tokens
    struct token *first; // the newest
    struct arena arena;  // owns tokens and their texts
};

// What a token is looked for by.
struct wanted {
    const struct secret_digest *digest;
    size_t service;
};

struct token_table *token_table_new(void)
{
    struct token_table *table = mem_zalloc(1, sizeof(*table));
    if (table != NULL)
        arena_init(&table->arena, SIZE_MAX); // LIMIT_TOKENS bounds it, and what a token may have
    return table;
}

void token_table_free(struct token_table *table)
{
    if (table == NULL)
        return;
    for (struct token *token = table->first; token != NULL; token = token->next)
        account_unref(token->client.account);
    table_fini(&table->table);
    arena_fini(&table->arena);
    mem_free(table);
}

bool token_table_is_full(const struct token_table *table)
{
    return table->table.count >= LIMIT_TOKENS;
}

static uint64_t hash_of(const struct secret_digest *digest)
{
    uint64_t hash;
    memcpy(&hash, digest->bytes, sizeof(hash));
    return hash;
}

static bool is_it(const void *item, const void *key)
{
    const struct token *token = item;
    const struct wanted *wanted = key;
    return token->service == wanted->service && secret_digest_equal(&token->digest, wanted->digest);
}

struct client *token_table_find(
    const struct token_table *table, const struct secret_digest *digest, size_t service)
{
    struct wanted wanted = {.digest = digest, .service = service};
    struct token *token = table_find(&table->table, hash_of(digest), is_it, &wanted);
    return token != NULL ? &token->client : NULL;
}

static enum err_code add(struct token_table *table, const struct secret_digest *digest, size_t service,
    struct token *token, struct accounts *accounts, struct client **ret_client, struct err *err)
{
    token->digest = *digest;
    token->service = service;
    if (!table_add(&table->table, hash_of(digest), token))
        return err_no_memory(err);
    if (accounts != NULL)
        token->client.account = accounts_find(accounts, service, token->client.id);
    token->next = table->first;
    table->first = token;
    *ret_client = &token->client;
    return ERR_NONE;
}

// Finds out whether the token can be a client, in an arena that ends with that.
static enum err_code try_client(const struct jwt *jwt, const struct issuer *issuer, struct err *err)
{
    struct arena arena;
    struct client client;
    arena_init(&arena, JWT_ARENA_BYTES);
    enum err_code code = jwt_client(jwt, issuer, &arena, &client, err);
    arena_fini(&arena);
    return code;
}

enum err_code token_table_add(struct token_table *table, const struct secret_digest *digest, size_t service,
    const struct jwt *jwt, const struct issuer *issuer, struct accounts *accounts, struct client **ret_client,
    struct err *err)
{
    enum err_code code = try_client(jwt, issuer, err);
    if (code != ERR_NONE)
        return code;
    struct token *token = arena_zalloc(&table->arena, 1, sizeof(*token));
    if (token == NULL)
        return err_no_memory(err);
    code = jwt_client(jwt, issuer, &table->arena, &token->client, err);
    return code == ERR_NONE ? add(table, digest, service, token, accounts, ret_client, err) : code;
}

enum err_code token_table_add_certificate(struct token_table *table, const struct secret_digest *digest,
    size_t service, struct span name, int64_t ends_s, struct accounts *accounts, struct client **ret_client,
    struct err *err)
{
    struct token *token = arena_zalloc(&table->arena, 1, sizeof(*token));
    const char *id = token != NULL ? arena_strndup(&table->arena, name.at, name.len) : NULL;
    if (id == NULL)
        return err_no_memory(err);
    token->client.kind = CLIENT_CERTIFICATE;
    token->client.id = (struct span){.at = id, .len = name.len};
    token->client.ends_s = ends_s;
    return add(table, digest, service, token, accounts, ret_client, err);
}
