// SPDX-License-Identifier: Apache-2.0
// A server of one app inside this process, for `reckoner test`: on a free port of 127.0.0.1, over a store
// of its own. On the main thread.
#ifndef RECKONER_CMD_TEST_SERVER_H
#define RECKONER_CMD_TEST_SERVER_H

#include <stdbool.h>

#include "base/log.h"
#include "cmd/test_keys.h"

struct test_server;

// What servers of an app start with.
struct test_seed {
    const char *app_dir; //
    const char *url;  // of a store, in which each server has a scratch one and does the first load; or NULL
    const char *path; // else: a file, the store as the first load has left it, of which each has a copy
    const char *dir;  // temporary: for copies and large answers
    struct log *log;  // of the servers' failures
};

// Serves the app over a store like the seed, which is borrowed until it is stopped, and puts the keys into
// it. False, after messages on stderr, when it does not start.
bool test_server_start(const struct test_seed *seed, struct test_keys *keys, struct test_server **ret_server);

// "127.0.0.1:40123"
const char *test_server_address(const struct test_server *server);

// Stops and frees; the store is removed.
void test_server_stop(struct test_server *server);

#endif
