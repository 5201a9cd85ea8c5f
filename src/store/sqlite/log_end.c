// SPDX-License-Identifier: Apache-2.0
// Cuts the log behind the last commit. A transaction's frames stand in the log, the last one marked as a
// commit, before they are synced; SQLite counts them once the sync and the update of the index have
// succeeded. When either fails, the transaction is refused, yet its frames are whole, and recovery after a
// crash would take them for a commit (wal.c: sqlite3WalFrames, walIndexRecover). So it is looked when the
// writer lets go of its lock: frames that lie behind the last one of the index belong to nobody. No reader
// has them, and no writer can write meanwhile. They are cut off, and the log is synced. This takes no room
// on the disk, and it holds whatever the kernel made of the pages that it could not write.
//
// Where the cut or its sync fails as well, nobody knows what a crash would leave: the file is in doubt until
// a later cut succeeds.
//
// The formats of log and index are those of sqlite.org/fileformat2.html, section 4, and walformat.html. The
// connection's thread.
#include "store/sqlite/log_end.h"

#include <string.h>

enum {
    LOG_HEAD_BYTES = 32,
    FRAME_HEAD_BYTES = 24,   // SQLite writes each with a call of its own
    FRAME_COMMIT_AT = 4,     // of a frame's head: 4 bytes, 0 unless it ends a transaction
    INDEX_PAGE_SIZE_AT = 14, // of the index: 2 bytes, 1 for 65536, in the byte order of the machine
    INDEX_LAST_AT = 16,      // the number of the last frame that counts: 4 bytes, likewise
};

// The index can be relied on under the lock for writing.
sqlite3_int64 sqlite_log_end_committed(const struct sqlite_log_end *end)
{
    uint16_t page_size = *(const volatile uint16_t *)&end->index[INDEX_PAGE_SIZE_AT];
    uint32_t last = *(const volatile uint32_t *)&end->index[INDEX_LAST_AT];
    sqlite3_int64 frame_bytes = FRAME_HEAD_BYTES + (page_size == 1 ? 65536 : page_size);
    return LOG_HEAD_BYTES + (sqlite3_int64)last * frame_bytes;
}

static void cut(struct sqlite_log_end *end)
{
    int result = end->log->pMethods->xTruncate(end->log, sqlite_log_end_committed(end));
    if (result == SQLITE_OK)
        result = end->log->pMethods->xSync(end->log, SQLITE_SYNC_NORMAL);
    end->is_in_doubt = result != SQLITE_OK;
}

void sqlite_log_end_begin(struct sqlite_log_end *end)
{
    end->written = 0;
    end->has_commit = end->has_failed = false;
    end->is_in_doubt = false; // another one may have cut; else sqlite_log_end_cut finds out
}

void sqlite_log_end_finish(struct sqlite_log_end *end)
{
    if (end->log != NULL && end->index != NULL && (end->has_commit || end->has_failed) &&
        end->written > sqlite_log_end_committed(end))
        cut(end);
}

void sqlite_log_end_note(
    struct sqlite_log_end *end, const uint8_t *bytes, int count, sqlite3_int64 offset, bool has_failed)
{
    static const uint8_t none[4];
    if (offset + count > end->written)
        end->written = offset + count;
    if (count == FRAME_HEAD_BYTES && memcmp(bytes + FRAME_COMMIT_AT, none, sizeof(none)) != 0)
        end->has_commit = true;
    end->has_failed |= has_failed;
}

bool sqlite_log_end_cut(struct sqlite_log_end *end)
{
    if (end->log == NULL || end->index == NULL)
        return true;
    cut(end);
    return !end->is_in_doubt;
}
