// SPDX-License-Identifier: Apache-2.0
// The end of the log: what stands there after a transaction that was refused. On the thread of the connection
// that it is of.
#ifndef RECKONER_STORE_SQLITE_LOG_END_H
#define RECKONER_STORE_SQLITE_LOG_END_H

#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

// Zeroed, it has no log.
struct sqlite_log_end {
    sqlite3_file *log;             // borrowed while it is open; else NULL
    const volatile uint8_t *index; // of the log, once it is mapped; borrowed; else NULL
    sqlite3_int64 written;         // where the frames end that were written under the lock
    bool has_commit;               // one of those ends a transaction
    bool has_failed;               // writing them, or a sync, has failed
    bool is_in_doubt;              // the last cut under the lock has failed
};

// The lock for writing was got, and is about to be let go of: then what was not committed is cut off.
void sqlite_log_end_begin(struct sqlite_log_end *end);
void sqlite_log_end_finish(struct sqlite_log_end *end);

// Bytes were to be written to the log; `has_failed`: they were not, or not all.
void sqlite_log_end_note(
    struct sqlite_log_end *end, const uint8_t *bytes, int count, sqlite3_int64 offset, bool has_failed);

// Cuts what was not committed off, under the lock. True when there is no doubt any more.
bool sqlite_log_end_cut(struct sqlite_log_end *end);

// Where the last commit ends, by the index, which is mapped.
sqlite3_int64 sqlite_log_end_committed(const struct sqlite_log_end *end);

#endif
