// SPDX-License-Identifier: Apache-2.0
// What a hook says: the body and header lines of its POST, as Standard Webhooks 1.0.0 has them. Any thread.
#ifndef RECKONER_HOOKS_HOOK_MESSAGE_H
#define RECKONER_HOOKS_HOOK_MESSAGE_H

#include <stdint.h>

#include "base/buf.h"
#include "hooks/hook_secrets.h"
#include "hooks/hook_store.h"

// Appends the body, which is the same at each try:
//
//     {"type":"batch.committed","timestamp":"2026-11-29T18:20:00Z","data":{"app":"rates",
//      "endpoint":"POST /prices","batch":12,"rows":3,"location":"/-/batches?app=rates&before=13&limit=1"}}
void hook_message_body(const struct hook *hook, struct span app, struct buf *out);

// The longest header line, with its NUL.
enum { HOOK_LINE_BYTES = 8192 };

// Writes the i-th header line of a try at `now_s`, with a NUL; false past the last one.
bool hook_message_line(size_t i, const struct hook *hook, struct span url, const struct hook_secrets *secrets,
    int64_t now_s, struct span body, struct buf *out);

#endif
