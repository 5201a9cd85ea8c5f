// SPDX-License-Identifier: Apache-2.0
// What the text means is left to the caller. Any thread.
#include "cmd/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read_at.h"

static enum err_code read_open(int fd, const char *path, size_t max, struct arena *arena,
    struct span *ret_text, bool *ret_is_open, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set(err, ERR_CONFIG, "%s: could not be read: %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return err_set(err, ERR_CONFIG, "%s: is a folder; name a file", path);
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_CONFIG, "%s: is no regular file", path);
    char *text = arena_alloc(arena, max + 2);
    if (text == NULL)
        return err_no_memory(err);
    ssize_t got = read_at(fd, text, max + 1, 0);
    if (got < 0)
        return err_set(err, ERR_CONFIG, "%s: could not be read: %s", path, strerror(errno));
    size_t len = (size_t)got;
    if (len > max)
        return err_set(err, ERR_CONFIG, "%s: is larger than %zu bytes", path, max);
    if (memchr(text, '\0', len) != NULL)
        return err_set(err, ERR_CONFIG, "%s: has a NUL byte; the file has to be text", path);
    text[len] = '\0';
    *ret_text = (struct span){.at = text, .len = len};
    *ret_is_open = (status.st_mode & S_IROTH) != 0;
    return ERR_NONE;
}

enum err_code text_file_read(const char *path, size_t max, struct arena *arena, struct span *ret_text,
    bool *ret_is_open, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe must not wait for who writes to it
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "%s: could not be opened: %s", path, strerror(errno));
    enum err_code code = read_open(fd, path, max, arena, ret_text, ret_is_open, err);
    close(fd);
    return code;
}
