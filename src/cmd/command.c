// SPDX-License-Identifier: Apache-2.0
// The table, and nothing else. Immutable; any thread.
#include "cmd/command.h"

#include "base/attr.h"
#include "cmd/option.h"

const struct command_row command_rows[] = {
    {"serve", NULL, COMMAND_SERVE, "answer HTTP requests for one or more apps"},
    {"init", NULL, COMMAND_INIT, "make a new app that runs"},
    {"check", NULL, COMMAND_CHECK, "report every error in the files of apps"},
    {"test", NULL, COMMAND_TEST, "run the tests of apps"},
    {"explain", NULL, COMMAND_EXPLAIN, "show what a request runs, and what is slow about it"},
    {"routes", NULL, COMMAND_ROUTES, "list the endpoints of apps"},
    {"load", NULL, COMMAND_LOAD, "put one file into a store, as one batch"},
    {"key", NULL, 0, "make, list, rotate and revoke the keys that let clients in"},
    {"key", "create", COMMAND_KEY_CREATE, "make a key and print it"},
    {"key", "list", COMMAND_KEY_LIST, "list the keys of apps"},
    {"key", "show", COMMAND_KEY_SHOW, "print what is known of a key"},
    {"key", "rotate", COMMAND_KEY_ROTATE, "give a key a new secret"},
    {"key", "revoke", COMMAND_KEY_REVOKE, "end a key"},
    {"job", NULL, 0, "look at batches that were accepted for later, and move them by hand"},
    {"job", "list", COMMAND_JOB_LIST, "list the jobs of an app"},
    {"job", "show", COMMAND_JOB_SHOW, "print what is known of a job"},
    {"job", "retry", COMMAND_JOB_RETRY, "have a job tried again that was refused or has failed"},
    {"job", "cancel", COMMAND_JOB_CANCEL, "cancel a job that waits"},
    {"hook", NULL, 0, "look at what others are to be told of batches, and move it by hand"},
    {"hook", "list", COMMAND_HOOK_LIST, "list the hooks of an app that are not delivered"},
    {"hook", "retry", COMMAND_HOOK_RETRY, "have a hook sent now, or all"},
    {"hook", "drop", COMMAND_HOOK_DROP, "take a hook away, or all"},
    {"reset", NULL, COMMAND_RESET, "take away what is in an app's store and make it anew"},
    {"backup", NULL, COMMAND_BACKUP, "write all of an app's store to a file, while a server runs"},
    {"restore", NULL, COMMAND_RESTORE, "make a backup the store of an app"},
    {"verify", NULL, COMMAND_VERIFY, "check whether a store or a backup is whole"},
    {"config", NULL, COMMAND_CONFIG | COMMAND_SERVE, "print what a server goes by, and what says so"},
    {"usage", NULL, COMMAND_USAGE, "print what clients have used"},
    {"health", NULL, COMMAND_HEALTH, "ask a server on this machine whether it is ready"},
    {"complete", NULL, 0, "print what may follow the words typed so far: for completion in shells"},
    {"top", NULL, COMMAND_TOP, "show what a running server does, each second anew"},
    {"version", NULL, 0, "print the version"},
};

const size_t command_row_count = ARRAY_LEN(command_rows);
