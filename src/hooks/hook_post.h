// SPDX-License-Identifier: Apache-2.0
// The POST of one hook, one of several that a curl multi handle works on:
//
//     FREE ─ take ─► TAKEN ─ start ─► UNDER_WAY ─ finish ───► OVER ─ release ─► FREE
//                      │                  └────── abandon ──► CUT ── release ─► FREE
//                      ├─ start: it cannot begin ───────────► OVER
//                      └─ release: it was not taken after all ────────────────► FREE
//
// On the courier's thread, but for hook_post_take, which is the desk's while the courier waits for it.
#ifndef RECKONER_HOOKS_HOOK_POST_H
#define RECKONER_HOOKS_HOOK_POST_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "hooks/hook_secrets.h"
#include "hooks/hook_store.h"

enum { HOOK_RESULT_BYTES = 200 };

enum hook_post_state {
    HOOK_POST_FREE,      // it has no hook
    HOOK_POST_TAKEN,     // it has one, and has not begun
    HOOK_POST_UNDER_WAY, // the multi handle has it
    HOOK_POST_OVER,      // it was answered, or failed
    HOOK_POST_CUT,       // it was cut short, as the server ends
};

// Zeroed it is free.
struct hook_post {
    enum hook_post_state state;     //
    CURL *curl;                     // owned; kept, as is what it knows
    struct curl_slist *fields;      // owned; of the request
    struct buf body;                // owned; likewise
    size_t answered_bytes;          // of the answer
    struct arena arena;             // owns the texts of the hook
    struct hook hook;               //
    size_t destination;             // the caller's: whose it is,
    unsigned url_number;            // and which of its URLs it goes to
    long status;                    // once it is over: of the answer; 0: there was none
    int64_t retry_after_s;          // that it says; 0: nothing
    char result[HOOK_RESULT_BYTES]; // what was wrong; "" when it was answered 2xx
};

// Copies a hook into a free one. ERR_NO_MEMORY.
MUST_CHECK enum err_code hook_post_take(struct hook_post *post, const struct hook *hook, struct err *err);

// Begins to send it, or is over at once, for want of memory.
void hook_post_start(struct hook_post *post, CURLM *multi, const char *url, struct span app,
    const struct hook_secrets *secrets);

// What the multi handle says of one that is over.
void hook_post_finish(struct hook_post *post, CURLM *multi, CURLcode result);

// Cuts one short that is under way.
void hook_post_abandon(struct hook_post *post, CURLM *multi);

// Whether it has a hook; whether what became of it is known.
static inline bool hook_post_has_hook(const struct hook_post *post)
{
    return post->state != HOOK_POST_FREE;
}

static inline bool hook_post_is_over(const struct hook_post *post)
{
    return post->state >= HOOK_POST_OVER;
}

// Whether the destination is there and goes on: an answer that is well, or one about this hook alone.
bool hook_post_is_heard(const struct hook_post *post);

// Makes it free.
void hook_post_release(struct hook_post *post);

// Frees what it owns; not while it is under way.
void hook_post_fini(struct hook_post *post);

#endif
