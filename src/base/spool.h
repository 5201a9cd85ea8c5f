// SPDX-License-Identifier: Apache-2.0
// Bytes of any number, written once from front to end: the first ones stay in memory, and what goes past
// LIMIT_SPOOL_BYTES goes to a temporary file without a name, which vanishes with its last descriptor. So a
// large answer costs little memory, however slowly it is read later, and so does the body of a batch that is
// accepted for later. Messages speak of an answer: a body is bounded before it comes here. One thread at a
// time.
#ifndef RECKONER_BASE_SPOOL_H
#define RECKONER_BASE_SPOOL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/temp_file.h"

struct spool {
    struct buf buf;           // writers append here, then call spool_flow
    struct temp_space *space; // borrowed; NULL, or one without a folder: no file, all stays in buf
    uint64_t max_bytes;       // of one spool
    struct temp_file file;    // owned
    struct digester *written; // owned; of what is in the file; NULL: there is none
};

// Nothing is allocated or opened yet. The buffer may grow to LIMIT_ANSWER_BYTES between two flows.
void spool_init(struct spool *spool, struct temp_space *space, uint64_t max_bytes);

// Frees and closes. A spool that was never inited has to be zeroed; that, one already ended so, and NULL are
// fine.
void spool_fini(struct spool *spool);

// Moves the buffer's bytes to the file when they are more than LIMIT_SPOOL_BYTES; call it now and then, such
// as after each row. ERR_STORE past max_bytes (or when the buffer is full): that is no fault of the client's.
// ERR_BUSY when the space is used up, ERR_DISK_FULL, ERR_IO, ERR_NO_MEMORY. After a failure only spool_reset
// and spool_fini are of use.
MUST_CHECK enum err_code spool_flow(struct spool *spool, struct err *err);

// Ends the writing: what is left goes to the file if there is one, so that the bytes are either all in buf
// or all in the file. Errors of spool_flow.
MUST_CHECK enum err_code spool_end(struct spool *spool, struct err *err);

// Gives the file away, after spool_end: returns its descriptor, from whose offset 0 on are all bytes of the
// spool, which has none any more. They still count in the space, until temp_space_free.
MUST_CHECK int spool_take_file(struct spool *spool);

// The digest of the bytes, after spool_end and before they are given away.
struct digest spool_digest(const struct spool *spool);

// Forgets all bytes, and the file.
void spool_reset(struct spool *spool);

// Bytes so far.
uint64_t spool_bytes(const struct spool *spool);

#endif
