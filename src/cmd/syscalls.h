// SPDX-License-Identifier: Apache-2.0
// Calls of the system that no server needs, and that whoever breaks into one would like to have. On the main
// thread, before there are others.
#ifndef RECKONER_CMD_SYSCALLS_H
#define RECKONER_CMD_SYSCALLS_H

#include "base/err.h"

// Has the kernel answer them with EPERM, in this process and all that it starts (seccomp(2)). ERR_IO.
MUST_CHECK enum err_code syscalls_refuse(struct err *err);

#endif
