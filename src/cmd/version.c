// SPDX-License-Identifier: Apache-2.0
// `reckoner version`: this program's version, and those of the libraries that behaviour depends on most. On
// the main thread.
#include <sqlite3.h>
#include <stdio.h>
#include <uv.h>

#include "cmd/cmd.h"

int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf(
        "reckoner %s (SQLite %s, libuv %s)\n", RECKONER_VERSION, sqlite3_libversion(), uv_version_string());
    return EXIT_OK;
}
