// SPDX-License-Identifier: Apache-2.0
// A new file is written beside the old one and takes its name: who reads meanwhile finds one or the other.
#include "cmd/pid_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum err_code fail(const char *path, int reason, struct err *err)
{
    err_set(err, ERR_IO, "could not write the file %s: %s", path, strerror(reason));
    err_hint(err, "--pid-file names a file in a folder that this user may write to");
    return ERR_IO;
}

enum err_code pid_file_write(const char *path, struct err *err)
{
    char beside[4096];
    if (path == NULL)
        return ERR_NONE;
    if ((size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside))
        return fail(path, ENAMETOOLONG, err);
    FILE *file = fopen(beside, "we");
    if (file == NULL)
        return fail(path, errno, err);
    bool is_written = fprintf(file, "%d\n", (int)getpid()) > 0;
    is_written = fclose(file) == 0 && is_written;
    if (is_written && rename(beside, path) == 0)
        return ERR_NONE;
    int reason = errno;
    (void)unlink(beside);
    return fail(path, reason, err);
}

void pid_file_remove(const char *path)
{
    int pid = 0;
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    if (file == NULL)
        return;
    bool is_own =
        fscanf(file, "%d", &pid) == 1 && pid == (int)getpid(); // NOLINT(cert-err34-c): it is compared
    fclose(file);
    if (is_own)
        (void)unlink(path);
}
