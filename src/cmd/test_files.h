// SPDX-License-Identifier: Apache-2.0
// The files tests/*.http of an app, one after another. Reading them is http_tests.h's. The main thread.
#ifndef RECKONER_CMD_TEST_FILES_H
#define RECKONER_CMD_TEST_FILES_H

// Calls on_file for each, by name. Without the folder there is none. 0, or the errno of why it cannot be
// read.
int test_files_each(const char *app_dir, void (*on_file)(void *ctx, const char *path), void *ctx);

#endif
