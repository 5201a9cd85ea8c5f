// SPDX-License-Identifier: Apache-2.0
// Reading a part of a file whole, where pread(2) may give less at a time.
#ifndef RECKONER_BASE_READ_AT_H
#define RECKONER_BASE_READ_AT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

// Reads `len` bytes from `offset` on and returns their number, which is smaller only where the file ends; -1
// with errno. Blocks on the disk; any thread.
MUST_CHECK ssize_t read_at(int fd, void *bytes, size_t len, uint64_t offset);

#endif
