// SPDX-License-Identifier: Apache-2.0
// The folder --var, where stores and large answers lie.
#ifndef RECKONER_CMD_VAR_DIR_H
#define RECKONER_CMD_VAR_DIR_H

#include <stdbool.h>

// Makes the folder for its owner alone, whatever the umask, unless it is there; then it keeps its mode.
// False, after a message, when it cannot be made or written.
bool var_dir_make(const char *path);

#endif
