// SPDX-License-Identifier: Apache-2.0
// As base/new_file.h, but for paths: there is none. A crash leaves a file whose name begins with a dot.
#include "inbox/outlet_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <sodium.h>

#include "base/new_file.h"

void outlet_file_name(char ret_name[OUTLET_NAME_CHARS])
{
    uint64_t random;
    randombytes_buf(&random, sizeof(random));
    snprintf(ret_name, OUTLET_NAME_CHARS, ".reckoner-%016llx.part", (unsigned long long)random);
}

int outlet_file_begin(struct outlet_file *file, int folder)
{
    *file = (struct outlet_file){.folder = folder};
    outlet_file_name(file->beside);
    file->fd = openat(folder, file->beside, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->fd >= 0)
        return 0;
    file->beside[0] = '\0';
    return errno;
}

int outlet_file_commit(struct outlet_file *file, const char *name, bool replaces)
{
    if (fsync(file->fd) != 0)
        return errno;
    int why = 0;
    if (!replaces)
        why = new_file_rename(file->folder, file->beside, file->folder, name);
    else if (renameat(file->folder, file->beside, file->folder, name) != 0)
        why = errno;
    if (why != 0)
        return why;
    file->beside[0] = '\0';
    if (fsync(file->folder) == 0 || errno == EINVAL) // fsync(2): not on this file system
        return 0;
    why = errno;
    (void)unlinkat(file->folder, name, 0);
    return why;
}

void outlet_file_fini(struct outlet_file *file)
{
    if (file->beside[0] != '\0')
        (void)unlinkat(file->folder, file->beside, 0);
    file->beside[0] = '\0';
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}
