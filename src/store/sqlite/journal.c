// SPDX-License-Identifier: Apache-2.0
// Each page goes to a journal in two or three writes, one behind the other: they are held until
// HELD_BYTES have come, or one belongs elsewhere. What has been written can be read, also when it can no
// longer go to the file, as a full disk must not keep a rollback from its pages: a write that fails leaves
// what was held before it in memory. The connection's thread.
#include "store/sqlite/journal.h"

#include <string.h>

#include "base/mem.h"

enum { HELD_BYTES = 64 * 1024 };

static struct sqlite_journal *journal_of(sqlite3_file *base)
{
    return (struct sqlite_journal *)base;
}

static sqlite3_int64 held_end(const struct sqlite_journal *journal)
{
    return journal->at + journal->held_bytes;
}

static int flush(struct sqlite_journal *journal)
{
    if (journal->held_bytes == 0)
        return SQLITE_OK;
    int result =
        journal->below->pMethods->xWrite(journal->below, journal->held, journal->held_bytes, journal->at);
    if (result == SQLITE_OK)
        journal->held_bytes = 0;
    return result;
}

static int close_journal(sqlite3_file *base)
{
    struct sqlite_journal *journal = journal_of(base);
    mem_free(journal->held);
    journal->held = NULL;
    return journal->below->pMethods->xClose(journal->below);
}

// What is held lies over what is in the file; where the file ends before it, SQLite's reading gives zeros.
static int read_journal(sqlite3_file *base, void *bytes, int count, sqlite3_int64 offset)
{
    struct sqlite_journal *journal = journal_of(base);
    sqlite3_int64 end = offset + count;
    int result = journal->below->pMethods->xRead(journal->below, bytes, count, offset);
    if (journal->held_bytes == 0 || (result != SQLITE_OK && result != SQLITE_IOERR_SHORT_READ))
        return result;
    sqlite3_int64 first = offset > journal->at ? offset : journal->at;
    sqlite3_int64 last = end < held_end(journal) ? end : held_end(journal);
    if (first < last)
        memcpy(
            (char *)bytes + (first - offset), journal->held + (first - journal->at), (size_t)(last - first));
    return end <= held_end(journal) ? SQLITE_OK : result;
}

static int write_journal(sqlite3_file *base, const void *bytes, int count, sqlite3_int64 offset)
{
    struct sqlite_journal *journal = journal_of(base);
    int result = SQLITE_OK;
    if (journal->held_bytes > 0 && (offset != held_end(journal) || count > HELD_BYTES - journal->held_bytes))
        result = flush(journal);
    if (result != SQLITE_OK)
        return result;
    if (journal->held == NULL)
        journal->held = mem_alloc(HELD_BYTES);
    if (journal->held == NULL || count > HELD_BYTES)
        return journal->below->pMethods->xWrite(journal->below, bytes, count, offset);
    if (journal->held_bytes == 0)
        journal->at = offset;
    memcpy(journal->held + journal->held_bytes, bytes, (size_t)count);
    journal->held_bytes += count;
    return SQLITE_OK;
}

static int truncate_journal(sqlite3_file *base, sqlite3_int64 size)
{
    struct sqlite_journal *journal = journal_of(base);
    if (size <= journal->at)
        journal->held_bytes = 0;
    else if (size < held_end(journal))
        journal->held_bytes = (int)(size - journal->at);
    return journal->below->pMethods->xTruncate(journal->below, size);
}

static int sync_journal(sqlite3_file *base, int flags)
{
    struct sqlite_journal *journal = journal_of(base);
    int result = flush(journal);
    return result == SQLITE_OK ? journal->below->pMethods->xSync(journal->below, flags) : result;
}

static int size_of_journal(sqlite3_file *base, sqlite3_int64 *ret_size)
{
    struct sqlite_journal *journal = journal_of(base);
    int result = journal->below->pMethods->xFileSize(journal->below, ret_size);
    if (result == SQLITE_OK && journal->held_bytes > 0 && held_end(journal) > *ret_size)
        *ret_size = held_end(journal);
    return result;
}

// --- what nobody but the file below knows

static int lock_journal(sqlite3_file *base, int lock)
{
    sqlite3_file *below = journal_of(base)->below;
    return below->pMethods->xLock(below, lock);
}

static int unlock_journal(sqlite3_file *base, int lock)
{
    sqlite3_file *below = journal_of(base)->below;
    return below->pMethods->xUnlock(below, lock);
}

static int check_reserved(sqlite3_file *base, int *ret_is_reserved)
{
    sqlite3_file *below = journal_of(base)->below;
    return below->pMethods->xCheckReservedLock(below, ret_is_reserved);
}

static int control_journal(sqlite3_file *base, int operation, void *argument)
{
    sqlite3_file *below = journal_of(base)->below;
    return below->pMethods->xFileControl(below, operation, argument);
}

static int sector_size(sqlite3_file *base)
{
    sqlite3_file *below = journal_of(base)->below;
    return below->pMethods->xSectorSize(below);
}

static int characteristics(sqlite3_file *base)
{
    sqlite3_file *below = journal_of(base)->below;
    return below->pMethods->xDeviceCharacteristics(below);
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, // no shared memory, no mapping
    .xClose = close_journal,
    .xRead = read_journal,
    .xWrite = write_journal,
    .xTruncate = truncate_journal,
    .xSync = sync_journal,
    .xFileSize = size_of_journal,
    .xLock = lock_journal,
    .xUnlock = unlock_journal,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control_journal,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
};

// --- opening

struct sqlite_journal *sqlite_journal_init(sqlite3_file *base)
{
    struct sqlite_journal *journal = journal_of(base);
    memset(journal, 0, sizeof(*journal)); // without methods SQLite does not close what failed to open
    return journal;
}

void sqlite_journal_open(struct sqlite_journal *journal)
{
    journal->base.pMethods = &methods;
}
