// SPDX-License-Identifier: Apache-2.0
// Answers from files, for tests: a handler that gives them, clients that check their bytes, and libuv's pool
// held up while a test looks.
#ifndef RECKONER_TEST_HTTP_FILE_FIXTURE_H
#define RECKONER_TEST_HTTP_FILE_FIXTURE_H

#include <stdatomic.h>

#include "fixture.h"

enum {
    FILE_BYTES = 10 * 1024 * 1024 + 7,
    HOLE_BYTES = 64 * 1024 * 1024, // more than the sockets hold
};

extern atomic_int files_opened;        // files that answers were made of
extern atomic_int files_closed;        // of those, how many are closed
extern atomic_size_t files_last_bytes; // of the one that was closed last

// For cmocka: make the files for a group of tests, and remove them.
int files_make(void **state);
int files_remove(void **state);

// For fixture.on_other, any method:
//   /file/N          the first N bytes of a file of FILE_BYTES
//   /hole            HOLE_BYTES zeros
//   /short           says a byte more than there is
//   /unreadable      1000 bytes of a file that cannot be read
//   /unchanged-file  304 with a file of 1000 bytes
//   /no-file         204 with one
bool files_on_other(struct http_exchange *exchange, const struct http_request *request);

// Asks for /file/`bytes`.
void client_ask_for_file(struct client *by, size_t bytes);

// Reads the head of 200 with that length, and the file's bytes.
void client_expect_file(struct client *from, uint64_t bytes);

// Reads on in a body from byte `at` to `end`, and checks the bytes.
void client_expect_bytes(struct client *from, uint64_t at, uint64_t end, bool is_hole);

// Reads and checks some bytes, at most `max`; returns how many, 0 at the connection's end.
size_t client_take(struct client *from, uint64_t at, size_t max, bool is_hole);

// Keeps libuv's pool from working, from the first loop, until it is let go.
void pool_hold(struct fixture *fixture);
void pool_let_go(void);

#endif
