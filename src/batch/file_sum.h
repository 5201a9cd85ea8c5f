// SPDX-License-Identifier: Apache-2.0
// What tells whether a data file is the one that was loaded. Any thread; it reads the file.
#ifndef RECKONER_BATCH_FILE_SUM_H
#define RECKONER_BATCH_FILE_SUM_H

#include <stdbool.h>

enum { FILE_SUM_BYTES = 96 }; // of a sum's text, with its NUL

// Writes size, time of the last change and hash of a file as one text; "" when it cannot be read.
void file_sum(const char *path, char ret_sum[FILE_SUM_BYTES]);

// Whether the file at `path` has other bytes than the one of the sum. Where size and time are the same its
// bytes are not read. False for a file that cannot be read, and for a text that is no sum.
bool file_sum_differs(const char *path, const char *sum);

#endif
