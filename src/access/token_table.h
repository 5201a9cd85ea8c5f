// SPDX-License-Identifier: Apache-2.0
// The clients of tokens, and of certificates, that were good, so that a signature is verified once and not at
// each request. A table only grows; who owns it (a lease) makes another one when it is full, or when the keys
// of issuers have changed, and so nobody has to count who uses a client. Clients borrow from the apps whose
// issuers they have: a lease holds its edition, which has the apps, and its table together. Of one loop.
#ifndef RECKONER_ACCESS_TOKEN_TABLE_H
#define RECKONER_ACCESS_TOKEN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "access/account.h"
#include "access/client.h"
#include "access/jwt.h"
#include "access/secret.h"
#include "base/attr.h"
#include "base/err.h"

struct token_table;

// NULL without memory.
MUST_CHECK struct token_table *token_table_new(void);

// Frees it with its clients. NULL is fine.
void token_table_free(struct token_table *table);

// Whether it has LIMIT_TOKENS clients. More can be added, until it is exchanged.
bool token_table_is_full(const struct token_table *table);

// The client of a token of that service, by the digest of the token; NULL: none is known. Its time may be
// over.
struct client *token_table_find(
    const struct token_table *table, const struct secret_digest *digest, size_t service);

// Adds the client of a good token, which lives as long as the table. `accounts` may be NULL: it has no
// account then. After an error, which is one of jwt_client, the table has what it had.
MUST_CHECK enum err_code token_table_add(struct token_table *table, const struct secret_digest *digest,
    size_t service, const struct jwt *jwt, const struct issuer *issuer, struct accounts *accounts,
    struct client **ret_client, struct err *err);

// The same for a certificate, by a digest of it: the name is the client's id, which begins other than those
// of keys do. ERR_NO_MEMORY.
MUST_CHECK enum err_code token_table_add_certificate(struct token_table *table,
    const struct secret_digest *digest, size_t service, struct span name, int64_t ends_s,
    struct accounts *accounts, struct client **ret_client, struct err *err);

#endif
