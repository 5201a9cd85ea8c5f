// SPDX-License-Identifier: Apache-2.0
// The file descriptors that the process may have open (RLIMIT_NOFILE), and what is kept back of them, so that
// connections cannot take those without which no answer comes.
#ifndef RECKONER_SERVE_DESCRIPTORS_H
#define RECKONER_SERVE_DESCRIPTORS_H

#include <stddef.h>

#include "base/err.h"

// How the descriptors that are free are shared out.
struct descriptors {
    size_t connections;  // that may be open at a time: those that are wanted, or what there is room for
    size_t file_answers; // answers from files that may be under way: LIMIT_FILE_ANSWERS likewise
    size_t limit;        // of the process
};

// Shares out `free` descriptors, `wanted` of them to connections at most, of which `handles` threads with a
// handle of an app each may need some. Where there are too few for all, half of them is kept back.
void descriptors_share(size_t free, size_t handles, size_t wanted, struct descriptors *ret_descriptors);

// Raises the soft limit to LIMIT_DESCRIPTORS, or to the hard one; one that cannot be raised stays. Called
// before the first store is opened.
void descriptors_raise(void);

// How many are open now; 0 without /proc. Any thread.
size_t descriptors_count_open(void);

// Shares out what is not open. Called when all is open that the process opens at its start. ERR_CONFIG: there
// is no room for a connection.
MUST_CHECK enum err_code descriptors_claim(
    size_t handles, size_t wanted, struct descriptors *ret_descriptors, struct err *err);

#endif
