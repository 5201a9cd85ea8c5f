// SPDX-License-Identifier: Apache-2.0
// Work that needs a temporary folder, done by a child process, so that the folder is removed whatever becomes
// of the work: an end, a crash, a signal. Called on the main thread while it is the only one.
#ifndef RECKONER_CMD_TEMP_RUN_H
#define RECKONER_CMD_TEMP_RUN_H

// Makes a new folder in TMPDIR or /tmp, runs work(ctx, folder) in a child, waits for it, and removes the
// folder with all that is in it. Returns what `work` returned (an exit_code); EXIT_FAILED, after a message,
// when the child crashed or could not be started. SIGINT, SIGTERM and SIGHUP end the child, and then this
// process too.
int temp_run(int (*work)(void *ctx, const char *dir), void *ctx);

#endif
