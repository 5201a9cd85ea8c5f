// SPDX-License-Identifier: Apache-2.0
// libuv's threads for files, which all loops of the process share.
#ifndef RECKONER_NET_FILE_THREADS_H
#define RECKONER_NET_FILE_THREADS_H

#include "base/err.h"

// Starts them, where libuv would do so at the first file and abort the process when it cannot. Call it before
// a loop runs; a second call does nothing. ERR_IO when the system allows no more threads.
MUST_CHECK enum err_code file_threads_start(struct err *err);

#endif
