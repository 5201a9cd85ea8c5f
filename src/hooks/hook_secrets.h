// SPDX-License-Identifier: Apache-2.0
// Secrets that hooks are signed with, as Standard Webhooks 1.0.0 has it, "Signature scheme": HMAC-SHA256, and
// "whsec_" with base64 behind it. A text has one a line:
//
//     whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
//     https://partner.example whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD
//
// The first is for all receivers, the second for that one alone. Who has a secret can sign for all that go by
// it, so a receiver of another party has its own. Several for one receiver sign together, while one takes the
// place of the other. Immutable and counted; any thread.
#ifndef RECKONER_HOOKS_HOOK_SECRETS_H
#define RECKONER_HOOKS_HOOK_SECRETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { HOOK_SECRET_BYTES = 24, HOOK_SECRET_BYTES_MAX = 64 };

struct hook_secrets;

// Reads the lines; blank ones and those that begin with # do not count. The caller owns one reference.
// ERR_CONFIG with the line, and without the secret; ERR_NO_MEMORY.
MUST_CHECK enum err_code hook_secrets_read(
    struct span text, struct hook_secrets **ret_secrets, struct err *err);

// One more reference; returns secrets. NULL is fine.
struct hook_secrets *hook_secrets_ref(struct hook_secrets *secrets);

// Drops a reference; the last one erases and frees. NULL is fine.
void hook_secrets_unref(struct hook_secrets *secrets);

// Whether there is one for the URL.
bool hook_secrets_fit(const struct hook_secrets *secrets, struct span url);

// Appends the value of `webhook-signature`: "v1,…" for each secret of the URL, blanks between them.
void hook_secrets_sign(const struct hook_secrets *secrets, struct span url, struct span id, int64_t now_s,
    struct span body, struct buf *out);

#endif
