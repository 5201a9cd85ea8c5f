// SPDX-License-Identifier: Apache-2.0
// Which options may have such files is the table's (option.h). Any thread.
#include "cmd/secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/text_file.h"

#define CREDENTIAL "credential:"

enum { SECRET_BYTES = 16384 }; // of a file that holds one value: a url, a password

bool secret_is_credential(const char *text)
{
    return strncmp(text, CREDENTIAL, strlen(CREDENTIAL)) == 0;
}

// "DIR/FILE", or the file alone where it is absolute or there is no folder.
static enum err_code join(
    const char *dir, const char *file, struct arena *arena, const char **ret_path, struct err *err)
{
    size_t dir_len = dir != NULL && file[0] != '/' ? strlen(dir) : 0;
    const char *slash = dir_len > 0 && dir[dir_len - 1] != '/' ? "/" : "";
    size_t size = dir_len + strlen(file) + sizeof("/");
    char *path = arena_alloc(arena, size);
    if (path == NULL)
        return err_no_memory(err);
    snprintf(path, size, "%s%s%s", dir_len > 0 ? dir : "", slash, file);
    *ret_path = path;
    return ERR_NONE;
}

enum err_code secret_file_path(const char *name, const char *text, const char *dir, struct arena *arena,
    const char **ret_path, struct err *err)
{
    if (!secret_is_credential(text))
        return join(dir, text, arena, ret_path, err);
    const char *credential = text + strlen(CREDENTIAL), *folder = getenv("CREDENTIALS_DIRECTORY");
    if (credential[0] == '\0' || credential[0] == '.' || strchr(credential, '/') != NULL)
        return err_set(err, ERR_CONFIG, "%s: %s names no credential: write credential:NAME", name, text);
    if (folder == NULL || folder[0] == '\0')
        return err_set(err, ERR_CONFIG,
            "%s: %s is a file of $CREDENTIALS_DIRECTORY, which is not set: LoadCredential=%s:PATH in the unit of "
            "systemd sets it",
            name, text, credential);
    return join(folder, credential, arena, ret_path, err);
}

enum err_code secret_file_read(
    const char *name, const char *path, struct arena *arena, const char **ret_value, struct err *err)
{
    struct span text;
    bool is_open;
    enum err_code code = text_file_read(path, SECRET_BYTES, arena, &text, &is_open, err);
    if (code != ERR_NONE) {
        err_prefix(err, "%s", name);
        return code;
    }
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    if (text.len == 0)
        return err_set(err, ERR_CONFIG, "%s: %s: is empty; it has to hold the value", name, path);
    if (memchr(text.at, '\n', text.len) != NULL)
        return err_set(
            err, ERR_CONFIG, "%s: %s: has several lines; it has to hold the value alone", name, path);
    *ret_value = arena_strndup(arena, text.at, text.len);
    return *ret_value != NULL ? ERR_NONE : err_no_memory(err);
}
