// SPDX-License-Identifier: Apache-2.0
// Reads a file that the app's author wrote, and refuses it unless it is text. What the text means is for
// others to read. Any thread; it blocks on the disk.
#include "app/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "text/utf8.h"

// Reads until `size` bytes or the file's end; negative with errno when a read fails.
static ssize_t read_whole(int fd, char *data, size_t size)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, data + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

static enum err_code read_open_file(int fd, const char *path, struct arena *arena, struct diags *diags,
    struct span *ret_text, bool *ret_usable, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        diags_add(diags, path, 0, 0, "could not be read: %s", strerror(errno));
        return ERR_NONE;
    }
    if (!S_ISREG(status.st_mode)) {
        diags_add(diags, path, 0, 0, "is not a file");
        return ERR_NONE;
    }
    if (status.st_size > LIMIT_APP_FILE_BYTES) {
        diags_add(diags, path, 0, 0, "is larger than %d bytes; split it", LIMIT_APP_FILE_BYTES);
        return ERR_NONE;
    }
    char *data = arena_alloc(arena, (size_t)status.st_size + 1);
    if (data == NULL)
        return err_no_memory(err);
    ssize_t len = read_whole(fd, data, (size_t)status.st_size);
    if (len < 0) {
        diags_add(diags, path, 0, 0, "could not be read: %s", strerror(errno));
        return ERR_NONE;
    }
    data[len] = '\0';
    struct span text = {.at = data, .len = (size_t)len};
    if (source_check(path, text, diags)) {
        *ret_text = text;
        *ret_usable = true;
    }
    return ERR_NONE;
}

enum err_code source_read(const char *path, struct arena *arena, struct diags *diags, struct span *ret_text,
    bool *ret_usable, struct err *err)
{
    *ret_usable = false;
    // O_NONBLOCK: opening a pipe of that name must not wait for a writer.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        diags_add(diags, path, 0, 0, "could not be opened: %s", strerror(errno));
        return ERR_NONE;
    }
    enum err_code code = read_open_file(fd, path, arena, diags, ret_text, ret_usable, err);
    close(fd);
    return code;
}

// Reports an error at an offset.
static void fail_at(const char *path, struct span text, size_t offset, struct diags *diags, const char *what)
{
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        line += text.at[i] == '\n';
        column = text.at[i] == '\n' ? 1 : column + 1;
    }
    diags_add(diags, path, line, column, "%s", what);
}

bool source_check(const char *path, struct span text, struct diags *diags)
{
    if (text.len > LIMIT_APP_FILE_BYTES) {
        diags_add(diags, path, 0, 0, "is larger than %d bytes; split it", LIMIT_APP_FILE_BYTES);
        return false;
    }
    const char *nul = text.len > 0 ? memchr(text.at, '\0', text.len) : NULL;
    if (nul != NULL) {
        fail_at(path, text, (size_t)(nul - text.at), diags, "a NUL byte; the file has to be text, UTF-8");
        return false;
    }
    if (utf8_valid(text))
        return true;
    size_t valid = 0, len;
    while ((len = utf8_sequence((struct span){.at = text.at + valid, .len = text.len - valid})) > 0)
        valid += len;
    fail_at(path, text, valid, diags, "not UTF-8 from here on; save the file as UTF-8");
    return false;
}
