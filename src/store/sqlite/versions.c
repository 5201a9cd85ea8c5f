// SPDX-License-Identifier: Apache-2.0
// The version of a store in a file, read from the memory that SQLite shares between all connections and
// processes that have the file open: the header of the WAL index (sqlite.org/walformat.html, section 2.1).
// What follows was checked in the sources of SQLite 3.40.1. store_watch looks the memory up; any thread
// reads.
//
// - Each commit changes the header before it returns, and nobody can read what it wrote before that: the
//   last thing that it does is to write two copies of the header, the second one first (wal.c:
//   sqlite3WalFrames, walIndexWriteHdr), and a reader takes neither unless both are the same
//   (walIndexTryHdr). So the first copy alone tells what can be read; a change of the schema and VACUUM are
//   commits like others.
// - A header stands for one state of the file. A commit raises its counter iChange; what else is in it tells
//   states apart where the counter begins anew, as it does when the index is recovered after a process died
//   while it wrote the header (walIndexRecover): the length of the log, the checksum of all of the log so
//   far, and the salts, which are others each time that the log starts again at its beginning
//   (walRestartHdr). That start changes the header without a commit, which is no harm; a rollback and a
//   checkpoint do not.
// - A header that is being written is told by its checksum. It counts as not known.
// - The memory stays where it is while a connection of this process has it: it is unmapped with the last one
//   alone (os_unix.c: unixShmUnmap, unixShmPurge), and a larger index gets more maps beside the first
//   (unixShmMap). The store's `last` connection has it from its first read on, until store_close. It holds
//   the file's shared lock for as long, so nobody else takes the file for his own, leaves WAL mode, or
//   removes or truncates the log and the index, as the last one to close the file does (wal.c:
//   sqlite3WalClose; os_unix.c: unixLockSharedMemory).
//
// Where SQLite has no such memory, or one of another format, no version is ever known.
#include "store/sqlite/versions.h"

#include <sqlite3.h>

#include <xxhash.h>

#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/store.h"

enum {
    REGION_BYTES = 32768, // of the index that are mapped as one; the header is at the start of the first
    FORMAT = 3007000,     // of the index; its first word
    HASHED_WORDS = 10,    // in front of the checksum: format, unused, iChange, flags and page size, mxFrame,
                          // nPage, two of the last frame's checksum, two of salt
    HEADER_WORDS = 12,    // with the checksum
    TRIES = 4,            // of reading a header while it is being written, which takes some nanoseconds
};

// Whether the header is whole, by the checksum that stands behind it (sqlite.org/fileformat2.html,
// section 4.2).
static bool is_whole(const uint32_t header[HEADER_WORDS])
{
    uint32_t first = 0, second = 0;
    for (size_t i = 0; i < HASHED_WORDS; i += 2) {
        first += header[i] + second;
        second += header[i + 1] + first;
    }
    return first == header[HASHED_WORDS] && second == header[HASHED_WORDS + 1];
}

static uint64_t read_number(sqlite_wal_word *shared)
{
    uint32_t header[HEADER_WORDS];
    for (unsigned tries = 0; tries < TRIES; tries++) {
        for (size_t i = 0; i < HEADER_WORDS; i++)
            header[i] = __atomic_load_n(&shared[i], __ATOMIC_ACQUIRE);
        if (header[0] != FORMAT || !is_whole(header))
            continue;
        uint64_t number = XXH3_64bits(header, HASHED_WORDS * sizeof(header[0]));
        return number != 0 ? number : 1;
    }
    return 0;
}

static uint64_t now(const struct version *base)
{
    const struct sqlite_version *version = (const struct sqlite_version *)base;
    sqlite_wal_word *shared = atomic_load_explicit(&version->header, memory_order_acquire);
    return shared != NULL ? read_number(shared) : 0;
}

void sqlite_version_init(struct sqlite_version *version)
{
    *version = (struct sqlite_version){.base = {.now = now}};
}

// The first region of the index; NULL where the file system's part of SQLite has no shared memory.
static int find_header(sqlite3 *db, sqlite_wal_word **ret_header)
{
    sqlite3_file *file = NULL;
    volatile void *region = NULL;
    int result = sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL); // a read, so that it is mapped
    if (result == SQLITE_OK)
        result = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (result == SQLITE_OK && file->pMethods != NULL && file->pMethods->iVersion >= 2)
        result = file->pMethods->xShmMap(file, 0, REGION_BYTES, 0, &region);
    if (result == SQLITE_OK)
        *ret_header = region;
    return result;
}

enum err_code sqlite_watch(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    sqlite_wal_word *header = NULL;
    if (store->last == NULL) // what is in memory is read by its writer alone
        return ERR_NONE;
    struct sqlite_conn *conn = sqlite_conn(store->last);
    int result = find_header(conn->db, &header);
    if (result != SQLITE_OK)
        return sqlite_fail(conn, result, err);
    atomic_store_explicit(&store->version.header, header, memory_order_release);
    return ERR_NONE;
}

const struct version *sqlite_version_of(struct store *base, const char *table)
{
    (void)table; // all of them have the same
    return &sqlite_store(base)->version.base;
}
