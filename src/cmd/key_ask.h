// SPDX-License-Identifier: Apache-2.0
// What `reckoner key create` and `rotate` are asked for, read from the command line and compared with the
// apps. On the main thread; messages go to stderr.
#ifndef RECKONER_CMD_KEY_ASK_H
#define RECKONER_CMD_KEY_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "access/audit.h"
#include "access/key_table.h"
#include "base/buf.h"
#include "cmd/key_sites.h"
#include "cmd/options.h"

// What a new key is to be.
struct key_ask {
    struct key_row row; // without an id and a digest; borrows the options and what follows
    struct buf scopes;  // owned
    struct buf claims;  // owned
};

// Reads --expires: 90d, or a day or moment to come; NULL is `never`. False after a message.
bool key_ask_end(const char *text, int64_t now_s, int64_t never, int64_t *ret_ends_s);

// Reads --overlap: 7d, or 0. False after a message.
bool key_ask_overlap(const char *text, int64_t now_s, int64_t *ret_end_s);

// Reads the options of `create`. False after a message; ret_ask is to be ended whatever comes back.
bool key_ask_read(const struct options *options, int64_t now_s, struct key_ask *ret_ask);

// Whether each app has the plan, and some app each scope and claim. False after messages. Tells, too, of apps
// that ask nobody for a key.
bool key_ask_fits(const struct options *options, const struct key_sites *sites);

void key_ask_fini(struct key_ask *ask);

// Whoever runs the command, "anna@build-1": whoever became root by sudo is named as that person. `memory`
// holds the name.
struct span key_ask_actor(char *memory, size_t size);

#endif
