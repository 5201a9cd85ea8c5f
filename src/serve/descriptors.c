// SPDX-License-Identifier: Apache-2.0
// Counts and divides; who opens what is not known here. Any thread, before others open and close much.
#include "serve/descriptors.h"

#include <dirent.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/limits.h"

enum { OPEN_GUESS = 64 }; // as many as a small server has, where /proc does not tell

// What may be needed beside connections.
static size_t reserve_of(size_t handles)
{
    return LIMIT_FILE_ANSWERS + LIMIT_SPARE_FILES + handles * LIMIT_HANDLE_FILES;
}

void descriptors_share(size_t free, size_t handles, size_t wanted, struct descriptors *ret_descriptors)
{
    size_t reserve = reserve_of(handles);
    size_t connections = free > 2 * reserve ? free - reserve : free / 2;
    if (connections > wanted)
        connections = wanted;
    size_t file_answers = (free - connections) / 2;
    ret_descriptors->connections = connections;
    ret_descriptors->file_answers = file_answers > LIMIT_FILE_ANSWERS ? LIMIT_FILE_ANSWERS : file_answers;
}

size_t descriptors_count_open(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL)
        return 0;
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count - 1; // the folder itself
}

void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= LIMIT_DESCRIPTORS)
        return;
    limit.rlim_cur = limit.rlim_max < LIMIT_DESCRIPTORS ? limit.rlim_max : LIMIT_DESCRIPTORS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

enum err_code descriptors_claim(
    size_t handles, size_t wanted, struct descriptors *ret_descriptors, struct err *err)
{
    struct rlimit rlimit = {.rlim_cur = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &rlimit); // fails for a bad pointer only
    size_t counted = descriptors_count_open();
    size_t open = counted > 0 ? counted + 1 : OPEN_GUESS; // and one for who counts anew
    size_t limit = (size_t)rlimit.rlim_cur;               // infinity is the largest number
    struct descriptors descriptors = {.limit = limit};
    descriptors_share(limit > open ? limit - open : 0, handles, wanted, &descriptors);
    if (descriptors.connections == 0 || descriptors.file_answers == 0) {
        err_set(err, ERR_CONFIG, "the limit of %zu open files leaves no room for clients: %zu are open",
            limit, open);
        err_hint(err, "raise it by ulimit -n, or by LimitNOFILE= of the service");
        return ERR_CONFIG;
    }
    *ret_descriptors = descriptors;
    return ERR_NONE;
}
