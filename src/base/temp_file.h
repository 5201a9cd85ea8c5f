// SPDX-License-Identifier: Apache-2.0
// A temporary file without a name, which vanishes with its last descriptor. What all files of one kind may
// hold together is bounded by the space that they share. A file is one thread's at a time; a space is any
// thread's.
#ifndef RECKONER_BASE_TEMP_FILE_H
#define RECKONER_BASE_TEMP_FILE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

// Where such files are, and how much they hold. Outlives them.
struct temp_space {
    const char *dir;              // borrowed; an existing folder. NULL: there are no files
    const char *what;             // of which each file has a large one, for messages: "answer"
    const char *whats;            // the same of several
    uint64_t max_bytes;           // of all files together
    _Atomic(uint64_t) used_bytes; // by files that are open
};

// Zeroed, it is one that was never opened.
struct temp_file {
    struct temp_space *space; // borrowed; NULL: not open
    int fd;                   // owned while there is a space
    uint64_t bytes;           // in it
};

// Opens an empty file in a space that has a folder. ERR_BUSY where too many files are open,
// ERR_NO_MEMORY, ERR_IO.
MUST_CHECK enum err_code temp_file_open(struct temp_file *file, struct temp_space *space, struct err *err);

static inline bool temp_file_is_open(const struct temp_file *file)
{
    return file->space != NULL;
}

// Writes bytes behind what the file has. ERR_BUSY when the space is used up, ERR_DISK_FULL, ERR_IO; only
// temp_file_close is of use then.
MUST_CHECK enum err_code temp_file_append(
    struct temp_file *file, const void *bytes, size_t len, struct err *err);

// Reads exactly `len` bytes from `offset` on. ERR_IO, also when the file has fewer; ERR_IO or ERR_DISK_FULL
// from then on when the kernel could not write what the file has, and may have dropped it.
MUST_CHECK enum err_code temp_file_read(
    const struct temp_file *file, uint64_t offset, void *bytes, size_t len, struct err *err);

// Closes it, and gives its bytes back to the space. One that is not open and NULL are fine.
void temp_file_close(struct temp_file *file);

// Gives the descriptor away. The file's bytes still count in the space, until temp_space_free.
MUST_CHECK int temp_file_take(struct temp_file *file);

// The file of so many bytes that temp_file_take gave has been closed.
void temp_space_free(struct temp_space *space, uint64_t bytes);

#endif
