// SPDX-License-Identifier: Apache-2.0
// Walks the folder by fts(3). A file system gives times in steps, some of seconds: what changed within the
// last ones before `since_ms` may change again without another time, so it is not told apart (as git has it
// with its index). Any thread.
#include "serve/folder_stamp.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

enum { STEP_MS = 2500 }; // of the coarsest file systems, and some spare

static int64_t ms_of(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int compare(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

// The hash so far, and what of an entry tells of a change.
static uint64_t add(uint64_t hash, const FTSENT *entry)
{
    const struct stat *status = entry->fts_statp;
    const int64_t numbers[] = {(int64_t)status->st_ino, (int64_t)status->st_size, (int64_t)status->st_mode,
        (int64_t)status->st_mtim.tv_sec, status->st_mtim.tv_nsec, (int64_t)status->st_ctim.tv_sec,
        status->st_ctim.tv_nsec};
    hash = XXH3_64bits_withSeed(entry->fts_path, entry->fts_pathlen, hash);
    return XXH3_64bits_withSeed(numbers, sizeof(numbers), hash);
}

// False: it cannot be told.
static bool walk(FTS *tree, int64_t before_ms, uint64_t *ret_hash)
{
    uint64_t hash = 0;
    FTSENT *entry;
    errno = 0;
    while ((entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_DP) // a folder, for the second time
            continue;
        bool is_known = entry->fts_info == FTS_D || entry->fts_info == FTS_F || entry->fts_info == FTS_SL ||
                        entry->fts_info == FTS_SLNONE || entry->fts_info == FTS_DEFAULT;
        if (!is_known || ms_of(entry->fts_statp->st_ctim) >= before_ms ||
            ms_of(entry->fts_statp->st_mtim) >= before_ms)
            return false;
        hash = add(hash, entry);
    }
    *ret_hash = hash;
    return errno == 0;
}

uint64_t folder_stamp(const char *dir, int64_t since_ms)
{
    char *const paths[] = {strdupa(dir), NULL};
    uint64_t hash;
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, compare);
    if (tree == NULL)
        return 0;
    bool is_known = walk(tree, since_ms - STEP_MS, &hash);
    fts_close(tree);
    return is_known ? hash | 1 : 0;
}
