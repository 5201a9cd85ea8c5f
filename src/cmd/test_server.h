// SPDX-License-Identifier: Apache-2.0
// A server of one app inside this process, for `reckoner test`: on a free port of 127.0.0.1, over a copy of a
// store. On the main thread.
#ifndef RECKONER_CMD_TEST_SERVER_H
#define RECKONER_CMD_TEST_SERVER_H

#include <stdbool.h>

#include "base/log.h"

struct test_server;

// Copies the store `seed`, a file, into the folder `dir` and serves the app in `app_dir` over it. `dir` and
// `log`, which has the server's failures, are borrowed until it is stopped. False, after messages on stderr,
// when it does not start.
bool test_server_start(
    const char *app_dir, const char *seed, const char *dir, struct log *log, struct test_server **ret_server);

// "127.0.0.1:40123"
const char *test_server_address(const struct test_server *server);

// Stops and frees; the store's copy is removed.
void test_server_stop(struct test_server *server);

#endif
