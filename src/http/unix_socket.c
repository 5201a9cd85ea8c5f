// SPDX-License-Identifier: Apache-2.0
// bind(2) makes the file with the mode of the mask, then it gets its owner, and only then the caller listens:
// so nobody can connect who may not. What to do with the socket is the same as with any other (socket.c).
#include "http/unix_socket.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/span.h"

enum { STANDARD_MODE = 0660 };

#define PREFIX "unix:"
#define HINT   "say it as unix:/run/reckoner/http.sock, with ,mode=0660 ,user=NAME or ,group=NAME behind it"

struct wanted {
    struct sockaddr_un address; //
    mode_t mode;                // of the file
    uid_t user;                 // (uid_t)-1: as it is
    gid_t group;                // (gid_t)-1: as it is
};

bool unix_socket_is(const char *text)
{
    return strncmp(text, PREFIX, strlen(PREFIX)) == 0;
}

// --- reading

static enum err_code fail(const char *text, const char *why, struct span what, struct err *err)
{
    err_set(
        err, ERR_CONFIG, "\"%.200s\" is no address to listen on: %s%.*s", text, why, (int)what.len, what.at);
    err_hint(err, HINT);
    return ERR_CONFIG;
}

static bool read_mode(struct span text, mode_t *ret_mode)
{
    mode_t mode = 0;
    if (text.len < 3 || text.len > 4)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '7')
            return false;
        mode = mode * 8 + (mode_t)(text.at[i] - '0');
    }
    *ret_mode = mode;
    return mode <= 0777;
}

static enum err_code read_word(const char *text, struct span word, struct wanted *wanted, struct err *err)
{
    enum { WORD_BYTES = 64 }; // no user's name is longer
    char owner[WORD_BYTES];
    if (word.len >= WORD_BYTES)
        return fail(text, "behind the path it has ", word, err);
    struct span value = word;
    struct span name = span_split(&value, '=');
    snprintf(owner, sizeof(owner), "%.*s", (int)value.len, value.at);
    if (span_is(name, "mode"))
        return read_mode(value, &wanted->mode) ? ERR_NONE : fail(text, "no mode of a file is ", value, err);
    if (span_is(name, "user")) {
        const struct passwd *user = getpwnam(owner);
        if (user != NULL)
            wanted->user = user->pw_uid;
        return user != NULL ? ERR_NONE : fail(text, "there is no user ", value, err);
    }
    if (span_is(name, "group")) {
        const struct group *group = getgrnam(owner);
        if (group != NULL)
            wanted->group = group->gr_gid;
        return group != NULL ? ERR_NONE : fail(text, "there is no group ", value, err);
    }
    return fail(text, "behind the path it has ", word, err);
}

static enum err_code read_text(const char *text, struct wanted *ret_wanted, struct err *err)
{
    struct span rest = span_of(text + strlen(PREFIX));
    struct span path = span_split(&rest, ',');
    *ret_wanted = (struct wanted){
        .address.sun_family = AF_UNIX, .mode = STANDARD_MODE, .user = (uid_t)-1, .group = (gid_t)-1};
    if (path.len == 0)
        return fail(text, "it has no path", span_of(""), err);
    if (path.len >= sizeof(ret_wanted->address.sun_path)) {
        err_set(err, ERR_CONFIG, "the path of the socket %.200s has %zu bytes, and the system takes %zu",
            text, path.len, sizeof(ret_wanted->address.sun_path) - 1);
        err_hint(err, "take a shorter one, such as /run/reckoner/http.sock");
        return ERR_CONFIG;
    }
    memcpy(ret_wanted->address.sun_path, path.at, path.len);
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && rest.len > 0)
        code = read_word(text, span_split(&rest, ','), ret_wanted, err);
    return code;
}

// --- binding

static enum err_code fail_io(const char *path, int reason, const char *hint, struct err *err)
{
    err_set(err, ERR_IO, "could not listen on " PREFIX "%s: %s", path, strerror(reason));
    err_hint(err, "%s", hint);
    return ERR_IO;
}

// 0 when somebody accepts there, or is about to; else why not.
static int ask(int fd, const struct sockaddr_un *address)
{
    return connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
}

// Makes the path free where only a dead server's socket stands.
static enum err_code clear_path(const struct sockaddr_un *address, struct err *err)
{
    const char *path = address->sun_path;
    struct stat found;
    if (lstat(path, &found) != 0)
        return ERR_NONE; // bind tells what is wrong with a folder
    if (!S_ISSOCK(found.st_mode))
        return fail_io(
            path, EEXIST, "there is a file that is no socket: remove it, or take another path", err);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int reason = fd >= 0 ? ask(fd, address) : errno;
    if (fd >= 0)
        close(fd);
    if (reason == 0 || reason == EAGAIN) // a queue that is full is somebody's
        return fail_io(path, EADDRINUSE, "another server has it: stop that one, or take another path", err);
    if (reason != ECONNREFUSED)
        return fail_io(
            path, reason, "nobody can be asked there whether it is used: remove it if it is not", err);
    if (unlink(path) != 0 && errno != ENOENT)
        return fail_io(path, errno, "a server that was killed left it: remove it", err);
    return ERR_NONE;
}

static enum err_code bind_file(int fd, const struct wanted *wanted, struct err *err)
{
    const char *path = wanted->address.sun_path;
    mode_t mask = umask(0777 & ~wanted->mode);
    int failed = bind(fd, (const struct sockaddr *)&wanted->address, sizeof(wanted->address));
    int reason = failed ? errno : 0;
    umask(mask);
    if (failed)
        return fail_io(
            path, reason, "its folder has to be there, and this user has to be allowed to write to it", err);
    bool is_given_away = wanted->user != (uid_t)-1 || wanted->group != (gid_t)-1;
    if (!is_given_away || lchown(path, wanted->user, wanted->group) == 0) // a sandbox may refuse the call
        return ERR_NONE;
    reason = errno;
    (void)unlink(path);
    return fail_io(
        path, reason, "only root gives a file away, and others only to a group that they are in", err);
}

enum err_code unix_socket_bind(const char *text, int *ret_fd, struct err *err)
{
    struct wanted wanted;
    enum err_code code = read_text(text, &wanted, err);
    if (code == ERR_NONE)
        code = clear_path(&wanted.address, err);
    if (code != ERR_NONE)
        return code;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(err, ERR_IO, "could not listen on %.200s: %s", text, strerror(errno));
    code = bind_file(fd, &wanted, err);
    if (code != ERR_NONE)
        close(fd);
    else
        *ret_fd = fd;
    return code;
}

// --- the file

void unix_socket_path(int fd, char ret_path[UNIX_SOCKET_PATH_BYTES])
{
    struct sockaddr_un address = {0};
    socklen_t len = sizeof(address);
    ret_path[0] = '\0';
    if (getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.sun_family == AF_UNIX)
        snprintf(ret_path, UNIX_SOCKET_PATH_BYTES, "%.*s", (int)sizeof(address.sun_path), address.sun_path);
}

void unix_socket_file_of(int fd, struct unix_socket_file *ret_file)
{
    struct stat found;
    *ret_file = (struct unix_socket_file){0};
    unix_socket_path(fd, ret_file->path);
    if (ret_file->path[0] == '\0')
        return;
    if (lstat(ret_file->path, &found) != 0) {
        ret_file->path[0] = '\0';
        return;
    }
    ret_file->device = found.st_dev;
    ret_file->inode = found.st_ino;
}

void unix_socket_file_remove(struct unix_socket_file *file)
{
    struct stat found;
    if (file->path[0] != '\0' && lstat(file->path, &found) == 0 && S_ISSOCK(found.st_mode) &&
        found.st_dev == file->device && found.st_ino == file->inode)
        (void)unlink(file->path);
    file->path[0] = '\0';
}
