// SPDX-License-Identifier: Apache-2.0
// Files are made with O_EXCL, so one that is there stays as it is. On the main thread.
#include "cmd/new_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app_read.h"
#include "base/mem.h"
#include "cmd/message.h"

enum { DIR_MODE = 0755, FILE_MODE = 0644, COPY_BYTES = 256 * 1024 };

static bool fail(const char *path, const char *what)
{
    message_print(path, what);
    return false;
}

bool new_dir_check_name(const char *dir)
{
    char whole[NEW_DIR_PATH_BYTES];
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (len >= sizeof(whole))
        return fail(dir, "the path is too long");
    memcpy(whole, dir, len);
    whole[len] = '\0';
    const char *slash = strrchr(whole, '/');
    return app_may_be_named(slash != NULL ? slash + 1 : whole) ||
           fail(dir, "the folder's name is the app's: it must be of lower-case letters, digits, - and "
                     "_, and start with a letter");
}

bool new_dir_make(const char *dir)
{
    if (mkdir(dir, DIR_MODE) == 0)
        return true;
    if (errno != EEXIST)
        return fail(dir,
            errno == ENOENT ? "No such file or directory: make the folder around it first" : strerror(errno));
    DIR *open_dir = opendir(dir);
    if (open_dir == NULL)
        return fail(dir, strerror(errno));
    size_t items = 0;
    while (items <= 2 && readdir(open_dir) != NULL) // . and .. are there always
        items++;
    closedir(open_dir);
    return items <= 2 || fail(dir, "the folder is not empty; name a new one");
}

static bool write_bytes(int fd, struct span bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t written = write(fd, bytes.at + done, bytes.len - done);
        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
    }
    return true;
}

// Opens a new file in the folder, whose path goes to `ret_path`; -1 after a message.
static int open_new(const char *dir, const char *name, char ret_path[NEW_DIR_PATH_BYTES])
{
    if (snprintf(ret_path, NEW_DIR_PATH_BYTES, "%s/%s", dir, name) >= NEW_DIR_PATH_BYTES) {
        fail(dir, "the path is too long");
        return -1;
    }
    char *slash = strchr(name, '/') != NULL ? strrchr(ret_path, '/') : NULL;
    if (slash != NULL) { // it stands in a folder of the app's
        *slash = '\0';
        if (mkdir(ret_path, DIR_MODE) != 0 && errno != EEXIST) {
            fail(ret_path, strerror(errno));
            return -1;
        }
        *slash = '/';
    }
    int fd = open(ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        fail(ret_path, strerror(errno));
    return fd;
}

bool new_dir_write(const char *dir, const char *name, struct span bytes)
{
    char path[NEW_DIR_PATH_BYTES];
    int fd = open_new(dir, name, path);
    if (fd < 0)
        return false;
    bool done = write_bytes(fd, bytes);
    done = close(fd) == 0 && done;
    return done || fail(path, strerror(errno));
}

static bool copy_bytes(int from, int to)
{
    char *bytes = mem_alloc(COPY_BYTES);
    ssize_t got = bytes != NULL ? 1 : -1;
    while (got > 0) {
        do
            got = read(from, bytes, COPY_BYTES);
        while (got < 0 && errno == EINTR);
        if (got > 0 && !write_bytes(to, (struct span){.at = bytes, .len = (size_t)got}))
            got = -1;
    }
    mem_free(bytes);
    return got == 0;
}

bool new_dir_copy(const char *dir, const char *name, const char *from)
{
    char path[NEW_DIR_PATH_BYTES];
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return fail(from, strerror(errno));
    int fd = open_new(dir, name, path);
    bool done = fd >= 0 && (copy_bytes(source, fd) || fail(path, strerror(errno)));
    close(source);
    if (fd >= 0 && close(fd) != 0 && done)
        done = fail(path, strerror(errno));
    return done;
}
