// SPDX-License-Identifier: Apache-2.0
// The version of a store in a file. It is read from the header of the WAL index, which lies in memory that
// SQLite shares between all connections and processes that have the file open (sqlite.org/walformat.html,
// section 2.1). store_watch looks the memory up once; after that any thread reads it, without SQLite.
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
// - One state may get a second header: recovery and a restart of the log write one without a commit. Then the
//   version changes for nothing. A rollback and a plain checkpoint do not write the header.
// - A header that is just being written is recognised by its checksum, and counts as not known.
// - The memory is neither moved nor unmapped before store_close. SQLite unmaps it with the last connection
//   that this process has to the file (os_unix.c: unixShmUnmap, unixShmPurge), and maps the rest of an index
//   that grows beside it (unixShmMap). The store's connection `last` maps it with its first read.
// - The file stays in WAL mode, and its index stays this one. From its first read on `last` holds a shared
//   lock on the file (pager.c: pager_unlock keeps it in WAL mode), without which another connection cannot
//   change the journal mode or remove the log and the index (wal.c: sqlite3WalClose); and this process holds
//   the lock on the index that keeps others from truncating it (os_unix.c: unixLockSharedMemory).
//
// Where SQLite has no shared memory, or an index of another format, no version is ever known.
#include "store/sqlite/versions.h"

#include <sqlite3.h>

#include <xxhash.h>

#include "store/sqlite/conn.h"
#include "store/sqlite/error.h"
#include "store/sqlite/store.h"
#include "store/sqlite/tx.h"

enum {
    REGION_BYTES = 32768, // of the index that are mapped as one; the header is at the start of the first
    FORMAT = 3007000,     // of the index; its first word
    HASHED_WORDS = 10,    // in front of the checksum: format, unused, iChange, flags and page size, mxFrame,
                          // nPage, two of the last frame's checksum, two of salt
    HEADER_WORDS = 12,    // with the checksum
    LAST_WORD = 4,        // mxFrame: the number of the last frame
    MOVED_WORD = 24,      // behind both copies: nBackfill, the number of frames that are in the database
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

uint64_t sqlite_state_now(const struct sqlite_store *store)
{
    return now(&store->version.base);
}

bool sqlite_log_is_moved(const struct sqlite_store *store)
{
    sqlite_wal_word *shared = atomic_load_explicit(&store->version.header, memory_order_acquire);
    return __atomic_load_n(&shared[LAST_WORD], __ATOMIC_RELAXED) ==
           __atomic_load_n(&shared[MOVED_WORD], __ATOMIC_RELAXED);
}

void sqlite_version_init(struct sqlite_version *version)
{
    *version = (struct sqlite_version){.base = {.now = now}};
}

// Finds the first region of the index; *ret_header stays as it is where SQLite's VFS has no shared memory. An
// SQLite result code.
static int find_header(sqlite3 *db, sqlite_wal_word **ret_header)
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

enum err_code sqlite_watch(struct store *base, struct err *err)
{
    struct sqlite_store *store = sqlite_store(base);
    sqlite_wal_word *header = NULL;
    if (store->last == NULL) // in memory: its one connection is its only reader
        return ERR_NONE;
    struct sqlite_conn *conn = sqlite_conn(store->last);
    int result = find_header(conn->db, &header);
    if (result != SQLITE_OK)
        return sqlite_fail(conn, result, err);
    sqlite_resident_open(&store->resident, &store->place);
    atomic_store_explicit(&store->version.header, header, memory_order_release);
    return ERR_NONE;
}

const struct version *sqlite_version_of(struct store *base, const char *table)
{
    (void)table; // all of them have the same
    return &sqlite_store(base)->version.base;
}

enum err_code sqlite_begin_seen(struct store_conn *base, struct err *err)
{
    struct sqlite_conn *conn = sqlite_conn(base);
    conn->begun_at = now(&conn->store->version.base);
    return sqlite_begin(base, err);
}

// The snapshot was taken between the two looks.
uint64_t sqlite_version_seen(struct store_conn *base, const struct version *version)
{
    uint64_t number = now(version);
    return number == sqlite_conn(base)->begun_at ? number : 0;
}
