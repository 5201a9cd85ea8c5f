// SPDX-License-Identifier: Apache-2.0
// Whether anything in a folder has changed, without reading it: by names, sizes, inodes and times. Any thread
// that may wait for the disk.
#ifndef RECKONER_SERVE_FOLDER_STAMP_H
#define RECKONER_SERVE_FOLDER_STAMP_H

#include <stdint.h>

// A number of the folder and all below it; another one after a change. 0 is not known: the folder cannot be
// read, or something in it changed at `since_ms` of the wall clock or later, or so shortly before that a
// further change could have the same time.
uint64_t folder_stamp(const char *dir, int64_t since_ms);

#endif
