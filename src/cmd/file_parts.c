// SPDX-License-Identifier: Apache-2.0
// Reads with one buffer. On the main thread.
#include "cmd/file_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { READ_BYTES = 256 * 1024 };

static enum err_code read_bytes(
    int fd, char *room, size_t max, file_parts_function *on_part, void *ctx, struct err *err)
{
    for (size_t total = 0; total < max;) {
        ssize_t got = read(fd, room, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, ERR_IO, "%s", strerror(errno));
        if (got == 0)
            break;
        enum err_code code = on_part(ctx, (struct span){.at = room, .len = (size_t)got}, err);
        if (code != ERR_NONE)
            return code;
        total += (size_t)got;
    }
    return ERR_NONE;
}

enum err_code file_parts_read(
    const char *path, size_t max, file_parts_function *on_part, void *ctx, struct err *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, ERR_IO, "%s", strerror(errno));
    char *room = mem_alloc(READ_BYTES);
    enum err_code code = ERR_NONE;
    if (room == NULL)
        code = err_no_memory(err);
    else if (fstat(fd, &status) != 0)
        code = err_set(err, ERR_IO, "%s", strerror(errno));
    else if (!S_ISREG(status.st_mode))
        code = err_set(err, ERR_IO, "is no file");
    else
        code = read_bytes(fd, room, max, on_part, ctx, err);
    mem_free(room);
    close(fd);
    return code;
}
