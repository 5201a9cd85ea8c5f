// SPDX-License-Identifier: Apache-2.0
// Its client is kept beside those of tokens, by the digest of the certificate.
#include "serve/door_certificate.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"

bool door_certificate_is_one(const struct tls_peer *certificate)
{
    struct span name = certificate->name;
    return name.len > 0 && name.len <= LIMIT_CLAIM_BYTES && !span_starts_with(name, "k_");
}

enum door_verdict door_certificate_judge(const struct door *door, struct client **ret_client, struct err *err)
{
    const struct tls_peer *certificate = door->certificate;
    struct secret_digest digest;
    static_assert(sizeof(digest.bytes) == TLS_PEER_DIGEST_BYTES, "both are of 256 bits");
    if (door->now_s >= certificate->ends_s)
        return DOOR_ENDED_CERTIFICATE;
    if (door->tokens == NULL)
        return DOOR_NO_ISSUER;
    memcpy(digest.bytes, certificate->digest, sizeof(digest.bytes));
    *ret_client = token_table_find(door->tokens, &digest, door->service);
    if (*ret_client != NULL)
        return DOOR_CLIENT;
    enum err_code code = token_table_add_certificate(door->tokens, &digest, door->service, certificate->name,
        certificate->ends_s, door->accounts, ret_client, err);
    return code == ERR_NONE ? DOOR_CLIENT : DOOR_NO_ISSUER;
}
