// SPDX-License-Identifier: Apache-2.0
// A workspace's first load (batch/first_load.h), with what people are told about it; and what --data says.
#ifndef RECKONER_CMD_FIRST_LOAD_H
#define RECKONER_CMD_FIRST_LOAD_H

#include <stdbool.h>

#include "cmd/workspace.h"

enum { DATA_DIR_BYTES = 4096 };

// Loads what the app's [load] names and its store does not have yet, from the folder that --data names for it
// (data_dir_of), or from the app's own data/. Tells what is wrong with the data; with `tells_all` also each
// file that went in, with its warnings. False when nothing was loaded.
bool workspace_first_load(struct workspace *workspace, const struct options *options, bool tells_all);

// Where --data has the files of an app: the DIR of its APP=DIR; or else of the last plain DIR, for one of
// several apps in DIR/<app>/ if there is such a folder. NULL: nowhere, it has its own. The text is in
// `ret_dir` or in the options.
const char *data_dir_of(const struct options *options, const struct app *app, char ret_dir[DATA_DIR_BYTES]);

#endif
