// SPDX-License-Identifier: Apache-2.0
// A file of a watched folder that is held open: so it stays the same one whatever becomes of its name. The
// receiver's thread.
#ifndef RECKONER_INBOX_HELD_FILE_H
#define RECKONER_INBOX_HELD_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"

// By what a file is known again.
struct file_stamp {
    uint64_t device;
    uint64_t inode;
    int64_t bytes;
    int64_t written_ns; // since 1970: when its bytes changed last (mtime),
    int64_t changed_ns; // and anything of it, its name included (ctime)
    bool is_regular;    // no folder, link, fifo, socket or device
};

struct file_stamp file_stamp_of(const struct stat *status);

// Whether it is the same file with the same bytes, as far as a stamp can tell; under any name.
static inline bool file_stamp_has_same_bytes(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
           a->written_ns == b->written_ns;
}

// Whether nothing at all has changed.
static inline bool file_stamp_equal(const struct file_stamp *a, const struct file_stamp *b)
{
    return file_stamp_has_same_bytes(a, b) && a->changed_ns == b->changed_ns;
}

// What the system tells of others who have the file open for writing.
enum file_writers {
    FILE_WRITERS_NONE,
    FILE_WRITERS_SOME,
    FILE_WRITERS_UNKNOWN, // it does not tell us, of this file or on this file system
};

struct held_file {
    int folder;              // borrowed; its folder
    int fd;                  // owned; -1: it is not open
    const char *name;        // borrowed; in that folder
    struct file_stamp stamp; // as it was opened
};

// Opens the file of that name in the folder, for reading. It never waits, follows no link, and tells by the
// stamp whether it is a file at all. False, with errno, when it cannot.
MUST_CHECK bool held_file_open(struct held_file *file, int folder, const char *name);

// The same of the file at a path, through links: one that the operator names himself.
MUST_CHECK bool held_file_open_followed(struct held_file *file, const char *path);

// Closes, and lets go of the lock. One that is not open, with fd -1, is fine.
void held_file_fini(struct held_file *file);

// Keeps others who ask likewise from the file, until it is closed; false when one of them has it. Where the
// file system has no locks it is true: it is courtesy only.
MUST_CHECK bool held_file_lock(const struct held_file *file);

enum file_writers held_file_writers(const struct held_file *file);

// Whether it has still the bytes that it was opened with.
bool held_file_is_same(const struct held_file *file);

// Whether its name still means this file.
bool held_file_is_there(const struct held_file *file);

#endif
