// SPDX-License-Identifier: Apache-2.0
// The header of the WAL index (sqlite.org/walformat.html, section 2.1) as the name of the file's state.
//
// This holds for the following reasons, checked in the sources of SQLite 3.40.1:
//
// - Every commit changes the header before it returns, and before a reader can see its rows. The last step of
//   a commit writes the two copies of the header, the second one first (wal.c: sqlite3WalFrames,
//   walIndexWriteHdr), and a reader accepts a header only when both copies are the same (walIndexTryHdr). So
//   the first copy alone names the state that readers see. VACUUM and changes of the schema are commits, too.
// - Two states never have the same header. Every commit raises the counter iChange. The counter starts again
//   when SQLite recovers the index, after a process died while it wrote the header (walIndexRecover); but the
//   header also has the length of the log, the checksum of the whole log, and two salts, which change
//   whenever the log starts again at its beginning (walRestartHdr).
// - One state may get a second header: recovery and a restart of the log write one without a commit. A
//   rollback and a plain checkpoint do not write the header.
// - A header that is just being written is recognised by its checksum.
// - The memory is neither moved nor unmapped before store_close. SQLite unmaps it with the last connection
//   that this process has to the file (os_unix.c: unixShmUnmap, unixShmPurge), and maps the rest of an index
//   that grows beside it (unixShmMap). The store's connection `last` maps it with its first read.
// - The file stays in WAL mode, and its index stays this one. From its first read on `last` holds a shared
//   lock on the file (pager.c: pager_unlock keeps it in WAL mode), without which another connection cannot
//   change the journal mode or remove the log and the index (wal.c: sqlite3WalClose); and this process holds
//   the lock on the index that keeps others from truncating it (os_unix.c: unixLockSharedMemory).
//
// Where SQLite has no shared memory, or an index of another format, no state is ever known.
#include "store/sqlite/index_header.h"

#include <string.h>
#include <xxhash.h>

enum {
    REGION_BYTES = 32768, // of the index that are mapped as one; the header is at the start of the first
    FORMAT = 3007000,     // of the index; its first word
    HASHED_WORDS = 10,    // in front of the checksum: format, unused, iChange, flags and page size, mxFrame,
                          // nPage, two of the last frame's checksum, two of salt
    HEADER_WORDS = 12,    // with the checksum
    CHANGES_WORD = 2,     // iChange
    PAGE_SIZE_WORD = 3,   // flags, and in its last two bytes the size of a page; 1: 65536 bytes
    LAST_WORD = 4,        // mxFrame: the number of the last frame
    PAGES_WORD = 5,       // nPage: of the database
    MOVED_WORD = 24,      // behind both copies: nBackfill, the number of frames that are in the database
    TRIES = 4,            // of reading a header while it is being written, which takes some nanoseconds
};

int sqlite_index_header_find(sqlite3 *db, sqlite_wal_word **ret_header)
{
    sqlite3_file *file = NULL;
    volatile void *region = NULL;
    int result = sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL); // reads, which maps the index
    if (result == SQLITE_OK)
        result = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (result == SQLITE_OK && file->pMethods != NULL && file->pMethods->iVersion >= 2)
        result = file->pMethods->xShmMap(file, 0, REGION_BYTES, 0, &region);
    if (result == SQLITE_OK)
        *ret_header = region;
    return result;
}

static void copy(sqlite_wal_word *header, uint32_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        words[i] = __atomic_load_n(&header[i], __ATOMIC_ACQUIRE);
}

static uint64_t hash(const uint32_t words[HASHED_WORDS])
{
    uint64_t number = XXH3_64bits(words, HASHED_WORDS * sizeof(words[0]));
    return number != 0 ? number : 1;
}

// Whether the header is whole, by the checksum that stands behind it (sqlite.org/fileformat2.html,
// section 4.2).
static bool is_whole(const uint32_t words[HEADER_WORDS])
{
    uint32_t first = 0, second = 0;
    for (size_t i = 0; i < HASHED_WORDS; i += 2) {
        first += words[i] + second;
        second += words[i + 1] + first;
    }
    return words[0] == FORMAT && first == words[HASHED_WORDS] && second == words[HASHED_WORDS + 1];
}

struct sqlite_index_header sqlite_index_header_read(sqlite_wal_word *header)
{
    uint32_t words[HEADER_WORDS];
    for (unsigned tries = 0; tries < TRIES; tries++) {
        copy(header, words, HEADER_WORDS);
        if (is_whole(words))
            return (struct sqlite_index_header){.hash = hash(words), .changes = words[CHANGES_WORD]};
    }
    return (struct sqlite_index_header){0};
}

// What is read in part has another hash.
bool sqlite_index_header_is(sqlite_wal_word *header, uint64_t number)
{
    uint32_t words[HASHED_WORDS];
    copy(header, words, HASHED_WORDS);
    return hash(words) == number;
}

bool sqlite_log_is_moved(sqlite_wal_word *header)
{
    return __atomic_load_n(&header[LAST_WORD], __ATOMIC_RELAXED) ==
           __atomic_load_n(&header[MOVED_WORD], __ATOMIC_RELAXED);
}

uint32_t sqlite_log_moved(sqlite_wal_word *header)
{
    return __atomic_load_n(&header[MOVED_WORD], __ATOMIC_RELAXED);
}

// Bytes of so many frames, each with a head, behind the head of the log; 0 for none.
static uint64_t frames_bytes(uint64_t frames, uint64_t page_bytes)
{
    enum { LOG_HEAD_BYTES = 32, FRAME_HEAD_BYTES = 24 };
    return frames > 0 ? LOG_HEAD_BYTES + frames * (FRAME_HEAD_BYTES + page_bytes) : 0;
}

struct sqlite_log_sizes sqlite_log_sizes(sqlite_wal_word *header)
{
    uint32_t words[HEADER_WORDS];
    copy(header, words, HEADER_WORDS);
    uint16_t size;
    memcpy(&size, (const char *)&words[PAGE_SIZE_WORD] + sizeof(size), sizeof(size));
    uint64_t page_bytes = size == 1 ? 65536 : size;
    uint32_t last = words[LAST_WORD], moved = sqlite_log_moved(header);
    return (struct sqlite_log_sizes){.database_bytes = words[PAGES_WORD] * page_bytes,
        .log_bytes = frames_bytes(last, page_bytes),
        .moved_bytes = frames_bytes(moved < last ? moved : last, page_bytes)};
}
