// SPDX-License-Identifier: Apache-2.0
// The commands: one file each, called by main with the words behind the command's name. All on the main
// thread.
#ifndef RECKONER_CMD_CMD_H
#define RECKONER_CMD_CMD_H

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1, // the work could not be done: an app with errors, rows that do not pass, a port in use
    EXIT_USAGE = 2,  // the command line is wrong
};

// argv[0] is the command's name. Each prints its own messages and returns an exit_code.
int cmd_serve(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_routes(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_key(int argc, char **argv);
int cmd_job(int argc, char **argv);
int cmd_hook(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_usage(int argc, char **argv);
int cmd_health(int argc, char **argv);
int cmd_complete(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
