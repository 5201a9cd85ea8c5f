// SPDX-License-Identifier: Apache-2.0
// "SIZE TIME HASH": bytes, nanoseconds since 1970, and the 128 bits of XXH3 in hex. A file that was written
// anew with the same bytes, as by a checkout, has another time only. Any thread.
#include "batch/file_sum.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <xxhash.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"

enum { HASH_CHARS = 33 }; // with its NUL

static bool hash_stream(FILE *file, XXH3_state_t *state, char ret_hash[HASH_CHARS])
{
    char *block = mem_zalloc(1, LIMIT_LOAD_READ_BYTES);
    bool done = block != NULL && XXH3_128bits_reset(state) == XXH_OK;
    size_t len;
    while (done && (len = fread(block, 1, LIMIT_LOAD_READ_BYTES, file)) > 0)
        done = XXH3_128bits_update(state, block, len) == XXH_OK;
    mem_free(block);
    if (!done || ferror(file))
        return false;
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    snprintf(ret_hash, HASH_CHARS, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
    return true;
}

static bool hash_file(const char *path, char ret_hash[HASH_CHARS])
{
    FILE *file = fopen(path, "re");
    XXH3_state_t *state = file != NULL ? XXH3_createState() : NULL;
    bool done = state != NULL && hash_stream(file, state, ret_hash);
    XXH3_freeState(state);
    if (file != NULL)
        fclose(file);
    return done;
}

static bool look_at(const char *path, uint64_t *ret_size, uint64_t *ret_ns)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    *ret_size = (uint64_t)status.st_size;
    *ret_ns = (uint64_t)status.st_mtim.tv_sec * NS_PER_S + (uint64_t)status.st_mtim.tv_nsec;
    return true;
}

void file_sum(const char *path, char ret_sum[FILE_SUM_BYTES])
{
    uint64_t size, ns;
    char hash[HASH_CHARS];
    ret_sum[0] = '\0';
    if (look_at(path, &size, &ns) && hash_file(path, hash))
        snprintf(ret_sum, FILE_SUM_BYTES, "%" PRIu64 " %" PRIu64 " %s", size, ns, hash);
}

bool file_sum_differs(const char *path, const char *sum)
{
    uint64_t old_size, old_ns, size, ns;
    char old_hash[HASH_CHARS], hash[HASH_CHARS];
    if (sscanf(sum, "%" SCNu64 " %" SCNu64 " %32s", &old_size, &old_ns, old_hash) != 3 ||
        !look_at(path, &size, &ns))
        return false;
    if (size != old_size)
        return true;
    return ns != old_ns && hash_file(path, hash) && strcmp(hash, old_hash) != 0;
}
