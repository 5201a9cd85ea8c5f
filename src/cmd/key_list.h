// SPDX-License-Identifier: Apache-2.0
// The commands below `reckoner key` that change nothing. argv[0] is "key list" or "key show"; each prints its
// own messages and returns an exit_code. On the main thread.
#ifndef RECKONER_CMD_KEY_LIST_H
#define RECKONER_CMD_KEY_LIST_H

int key_list_run(int argc, char **argv);
int key_show_run(int argc, char **argv);

#endif
