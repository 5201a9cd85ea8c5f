// SPDX-License-Identifier: Apache-2.0
// A request that came with a key, so that it may be sent again without being done twice: a row of Reckoner's
// own table reckoner_repeats, with what it was and what it was answered, in the transaction of what it was
// for: of the rows of a batch, or of the job that a batch became. On the thread of the connection.
#ifndef RECKONER_BATCH_REPEAT_H
#define RECKONER_BATCH_REPEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/answer.h"
#include "base/buf.h"
#include "base/err.h"
#include "batch/seal.h"
#include "store/own_sql.h"

enum { REPEAT_HEX_CHARS = 65 }; // a SHA-256 in small hexadecimal digits, and a NUL

// What is known of the key.
enum repeat_verdict {
    REPEAT_NEW,     // nothing: the request is done
    REPEAT_KNOWN,   // the same was sent with it, and is in: it has that one's outcome
    REPEAT_DIFFERS, // something else was
    REPEAT_RUNS,    // one with it is being written just now
};

// What a request was answered, as it is kept beside the text of the answer.
struct repeat_kept {
    int status;                //
    enum answer_format format; //
    bool is_cut;               // the text was longer than LIMIT_REPEAT_ANSWER_BYTES: it is not there
    int64_t batch_id;          // 0: it became a job, and the text is that one's id (repeat_is_job)
};

static inline bool repeat_is_job(const struct repeat_kept *kept)
{
    return kept->batch_id == 0;
}

struct repeat {
    struct seal seal;                // of a batch: repeat_seal makes it
    char identity[REPEAT_HEX_CHARS]; // of the key, with whose it is and of which endpoint
    char digest[REPEAT_HEX_CHARS];   // of what was sent
    enum repeat_verdict verdict;     // out
    bool has_ended;                  // its own: there is a row that counts no more
};

// Makes the table, unless it is there; outside of a transaction. Errors of store_make_table.
MUST_CHECK enum err_code repeat_make_table(struct store_conn *conn, struct err *err);

// Looks for the key, and has nobody else use it up to the end of the open transaction: sets repeat->verdict.
// Where that is REPEAT_KNOWN, *ret_kept is set, and its text appended to `text`. Errors of the store.
MUST_CHECK enum err_code repeat_look(struct repeat *repeat, struct own_statements *own,
    struct repeat_kept *ret_kept, struct buf *text, struct err *err);

// Keeps an answer for the key, which repeat_look has found to be new in the same transaction: for
// LIMIT_REPEAT_HOURS, and for a job without an end, until repeat_job_is_over. Errors of the store.
MUST_CHECK enum err_code repeat_keep(const struct repeat *repeat, struct own_statements *own,
    const struct repeat_kept *kept, struct span text, struct err *err);

// Has the key of a job end LIMIT_REPEAT_HOURS from now. Before that it has no end: while its job waits, the
// same request must not become another one. In the transaction of the job's end; nothing where the job had no
// key. Errors of the store.
MUST_CHECK enum err_code repeat_job_is_over(struct own_statements *own, struct span job, struct err *err);

// Likewise, of a job that waits once more: its key, if it is still there, has no end again.
MUST_CHECK enum err_code repeat_job_is_open(struct own_statements *own, struct span job, struct err *err);

// Makes what was kept the outcome of a batch, to whose answer its text was appended. ERR_IO and its like.
MUST_CHECK enum err_code repeat_give(const struct repeat_kept *kept, struct batch *batch, struct err *err);

// Makes the repeat a seal, which is for a batch's list then. Of the verdicts, REPEAT_DIFFERS fails the batch
// with ERR_INVALID, and REPEAT_RUNS with ERR_BUSY. One that became a job makes the answer of the batch its
// id, and batch->id 0.
void repeat_seal(struct repeat *repeat);

// Removes rows that count no more, LIMIT_PRUNE_ROWS at most, in the open transaction. *ret_count: how many.
// Errors of the store.
MUST_CHECK enum err_code repeat_prune(struct own_statements *own, size_t *ret_count, struct err *err);

#endif
