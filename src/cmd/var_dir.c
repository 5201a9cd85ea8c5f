// SPDX-License-Identifier: Apache-2.0
// Makes the folder --var, or says what is wrong with the one that is there. What lies in it is others'. On
// the main thread.
#include "cmd/var_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(const char *path, int cause)
{
    if (cause == EACCES)
        fprintf(stderr,
            "reckoner: %s: permission denied: user %u may not make it; name another folder with --var\n",
            path, (unsigned)geteuid());
    else
        fprintf(stderr, "reckoner: %s: could not be made: %s; name another folder with --var\n", path,
            strerror(cause));
    return false;
}

// The name of a folder is its parent's, and on disk when that is synced.
static int sync_parent(const char *path)
{
    char text[PATH_MAX];
    if ((size_t)snprintf(text, sizeof(text), "%s", path) >= sizeof(text))
        return ENAMETOOLONG;
    int fd = open(dirname(text), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : errno; // one that may be written but not read cannot be synced
    int cause = fsync(fd) == 0 || errno == EINVAL ? 0 : errno; // EINVAL: fsync(2), not on this file system
    close(fd);
    return cause;
}

static bool check_old(const char *path)
{
    struct stat there;
    const char *wrong = NULL;
    if (stat(path, &there) != 0)
        wrong = errno == ENOENT ? "is a link to a folder that is not there" : strerror(errno);
    else if (!S_ISDIR(there.st_mode))
        wrong = "is not a folder";
    if (wrong != NULL) {
        fprintf(stderr, "reckoner: %s: %s; name another folder with --var\n", path, wrong);
        return false;
    }
    if (access(path, W_OK | X_OK) == 0)
        return true;
    fprintf(stderr,
        "reckoner: %s: %s: user %u has to be able to write to it; or name another folder with --var\n", path,
        errno == EACCES ? "permission denied" : strerror(errno), (unsigned)geteuid());
    return false;
}

bool var_dir_make(const char *path)
{
    if (mkdir(path, S_IRWXU) != 0)
        return errno == EEXIST ? check_old(path) : fail(path, errno);
    if (chmod(path, S_IRWXU) != 0) // the umask may have taken some away
        return fail(path, errno);
    int cause = sync_parent(path);
    return cause == 0 || fail(path, cause);
}
