// SPDX-License-Identifier: Apache-2.0
// `reckoner init --from FILE`. On the main thread.
#ifndef RECKONER_CMD_INIT_FROM_H
#define RECKONER_CMD_INIT_FROM_H

// Writes an app that loads the CSV file into `dir`, or into a folder of the file's name when it is NULL;
// tries it, and tells what was found. Returns an exit code.
int init_from(const char *file, const char *dir);

#endif
