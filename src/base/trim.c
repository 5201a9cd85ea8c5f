// SPDX-License-Identifier: Apache-2.0
// Compares what is resident (proc(5), statm) with what is in use (mallinfo2(3)); the rest is free chunks,
// code's data and stacks, of which malloc_trim(3) gives back the first. One thread at a time.
#include "base/trim.h"

#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"

// Bytes of the process that are in memory and in no file; 0 when the system does not tell.
static size_t resident_bytes(void)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    size_t all, resident, in_files;
    if (statm == NULL)
        return 0;
    int found = fscanf(statm, "%zu %zu %zu", &all, &resident, &in_files);
    fclose(statm);
    return found == 3 && resident > in_files ? (resident - in_files) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

static size_t idle_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    size_t resident = resident_bytes(), in_use = info.uordblks + info.hblkhd;
    return resident > in_use ? resident - in_use : 0;
}

void trim_idle(struct trim *trim)
{
    enum { WORTHWHILE_BYTES = 1024 * 1024 };
    size_t idle = idle_bytes();
    if (idle > trim->kept_bytes + LIMIT_IDLE_BYTES) {
        malloc_trim(0);
        size_t left = idle_bytes();
        if (left + WORTHWHILE_BYTES > idle) // what more is freed meanwhile is tried for again
            trim->kept_bytes = left;
    } else if (idle < trim->kept_bytes) {
        trim->kept_bytes = idle;
    }
}
