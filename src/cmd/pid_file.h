// SPDX-License-Identifier: Apache-2.0
// The file that names the process that serves, for scripts and for supervisors that go by it: at an upgrade
// it names another one. On the main thread.
#ifndef RECKONER_CMD_PID_FILE_H
#define RECKONER_CMD_PID_FILE_H

#include "base/err.h"

// Writes the number of this process, as a whole or not at all, in place of what the file says. A NULL path is
// fine. ERR_IO.
MUST_CHECK enum err_code pid_file_write(const char *path, struct err *err);

// Removes it, if it still names this process. A NULL path is fine.
void pid_file_remove(const char *path);

#endif
