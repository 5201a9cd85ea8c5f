// SPDX-License-Identifier: Apache-2.0
// Values of options in files of their own: secrets, so that they stand in no flag, variable or file that
// others read; and the credentials that systemd hands to a service. Any thread.
#ifndef RECKONER_CMD_SECRET_FILE_H
#define RECKONER_CMD_SECRET_FILE_H

#include "base/arena.h"
#include "base/err.h"

// The path that a text means: "credential:NAME" is the file NAME of $CREDENTIALS_DIRECTORY (systemd.exec(5),
// LoadCredential=), a relative path one in `dir`, if that is not NULL. `name` is what messages call the
// option. ERR_CONFIG, ERR_NO_MEMORY.
MUST_CHECK enum err_code secret_file_path(const char *name, const char *text, const char *dir,
    struct arena *arena, const char **ret_path, struct err *err);

// Reads a file that holds one value and nothing else; line breaks at its end do not count. No message shows
// the value. ERR_CONFIG, ERR_NO_MEMORY.
MUST_CHECK enum err_code secret_file_read(
    const char *name, const char *path, struct arena *arena, const char **ret_value, struct err *err);

// Whether the text is a credential's.
bool secret_is_credential(const char *text);

#endif
