// SPDX-License-Identifier: Apache-2.0
// The table, and nothing else: options.c reads values by it, help.c prints it. Immutable; any thread.
#include "cmd/option.h"

#include "base/attr.h"
#include "cmd/options.h"

enum { MAX_THREADS = 256, MAX_TIMEOUT_S = 3600, MAX_CACHE_MIB = 1024 * 1024, MIN_BODY_BYTES = 1024 };

#define MAX_BODY_BYTES ((size_t)1 << 40) // a TiB

enum {
    KEY = COMMAND_KEY_CREATE | COMMAND_KEY_LIST | COMMAND_KEY_SHOW | COMMAND_KEY_ROTATE | COMMAND_KEY_REVOKE,
    LOADS = COMMAND_EXPLAIN | COMMAND_LOAD | COMMAND_RESET,   // may do a first load
    ON_STORE = LOADS | COMMAND_USAGE,                         // work on a server's store
    ON_FILES = COMMAND_CHECK | COMMAND_TEST | COMMAND_ROUTES, // try an app's files, on a store of their own
    ALL = COMMAND_SERVE | COMMAND_INIT | ON_STORE | ON_FILES | KEY,
};

const struct option_row option_rows[] = {
    {
        .flag = "--listen",
        .variable = "RECKONER_LISTEN",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, listen),
        .standard = "127.0.0.1:8080",
        .help = {{COMMAND_SERVE, "ADDR:PORT",
            "where to listen: PORT alone is of 127.0.0.1, :PORT of all addresses; port 0 takes a free one"}},
    },
    {
        .flag = "--var",
        .variable = "RECKONER_VAR",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, var),
        .standard = "var",
        .help = {{COMMAND_SERVE, "DIR", "what the server writes: DIR/<app>.db, large answers and bodies"},
            {ON_STORE | KEY, "DIR", "where the server keeps DIR/<app>.db"}},
    },
    {
        .flag = "--store",
        .variable = "RECKONER_STORE",
        .type = OPTION_STORE,
        .field = offsetof(struct options, store),
        .help = {{COMMAND_SERVE, "URL",
                     "the store itself: sqlite:PATH, for a single app, or postgresql://…, where each app has a "
                     "schema of its name"},
            {ON_STORE | KEY, "URL", "the store itself: sqlite:PATH or postgresql://…"},
            {ON_FILES, "URL",
                "with postgresql://…: the files for that database, tried in schemas of their own there, which "
                "are removed again; otherwise those for SQLite"}},
    },
    {
        .flag = "--read-store",
        .variable = "RECKONER_READ_STORE",
        .type = OPTION_STORE,
        .field = offsetof(struct options, read_store),
        .help = {{COMMAND_SERVE, "URL",
            "a standby of a postgresql:// store: reads go there as soon as it has seen all that was committed "
            "before them, and to the store otherwise"}},
    },
    {
        .flag = "--data",
        .variable = "RECKONER_DATA",
        .type = OPTION_LIST,
        .field = offsetof(struct options, data),
        .help = {{COMMAND_SERVE, "DIR",
                     "where the first load finds its files, in place of the app's own data/; of several apps "
                     "each looks in DIR/<app>/ first, if there is such a folder"},
            {COMMAND_SERVE, "APP=DIR", "the same for one app; may be given for each"},
            {LOADS, "DIR", "where the first load finds its files, in place of the app's own data/"}},
    },
    {
        .flag = "--csv",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, csv),
        .help = {{COMMAND_LOAD, "WORDS",
            "words of @csv that say how a CSV file is written, over those of the endpoint"}},
    },
    {
        .flag = "--watch",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, watch),
        .help = {{COMMAND_SERVE, NULL, "a file of an app that is edited takes effect at the next request"}},
    },
    {
        .flag = "--reset",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, reset),
        .help = {{COMMAND_SERVE, NULL,
            "begins with empty stores, as 'reckoner reset' makes them, after asking"}},
    },
    {
        .flag = "--yes",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, yes),
        .help = {{COMMAND_RESET | COMMAND_SERVE, NULL, "answers the question of a reset"}},
    },
    {
        .flag = "--loops",
        .variable = "RECKONER_LOOPS",
        .type = OPTION_THREADS,
        .field = offsetof(struct options, loops),
        .min = 1,
        .max = MAX_THREADS,
        .standard = "one a core",
        .help = {{COMMAND_SERVE, "N", "event loops"}},
    },
    {
        .flag = "--workers",
        .variable = "RECKONER_WORKERS",
        .type = OPTION_THREADS,
        .field = offsetof(struct options, workers),
        .min = 1,
        .max = MAX_THREADS,
        .standard = "one a core",
        .help = {{COMMAND_SERVE, "N", "threads that run reads"}},
    },
    {
        .flag = "--max-body",
        .variable = "RECKONER_MAX_BODY",
        .type = OPTION_BYTES,
        .field = offsetof(struct options, max_body_bytes),
        .min = MIN_BODY_BYTES,
        .max = MAX_BODY_BYTES,
        .standard = "1GiB",
        .help = {{COMMAND_SERVE, "BYTES",
            "the largest body of a request; KiB, MiB or GiB may stand behind it"}},
    },
    {
        .flag = "--cache",
        .variable = "RECKONER_CACHE",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, cache_mib),
        .min = 0,
        .max = MAX_CACHE_MIB,
        .standard = "64",
        .help = {{COMMAND_SERVE, "MIB", "memory for answers that are kept; 0: none are"}},
    },
    {
        .flag = "--drain",
        .variable = "RECKONER_DRAIN",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, drain_s),
        .min = 1,
        .max = MAX_TIMEOUT_S,
        .standard = "30",
        .help = {{COMMAND_SERVE, "SECONDS",
            "from SIGTERM to the end; what still runs or waits then is answered with 503"}},
    },
    {
        .flag = "--quiet",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, quiet),
        .help = {{COMMAND_SERVE, NULL, "no access log on standard output"}},
    },
    {
        .flag = "--from",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, from),
        .help = {{COMMAND_INIT, "FILE", "a file of CSV or JSON, for which the app is made"}},
    },
    {
        .flag = "--month",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, month),
        .help = {{COMMAND_USAGE, "YYYY-MM",
            "the month whose usage is printed; this one, unless it or --day is given"}},
    },
    {
        .flag = "--day",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, day),
        .help = {{COMMAND_USAGE, "YYYY-MM-DD", "one day's usage, in place of a month's"}},
    },
    {
        .flag = "--client",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, client),
        .help = {{COMMAND_USAGE, "ID", "of one client alone; - is of requests that nobody is known for"}},
    },
    {
        .flag = "--format",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, format),
        .standard = "text",
        .help = {{COMMAND_USAGE | COMMAND_KEY_LIST, "FORMAT", "text, csv or json"}},
    },
    {
        .flag = "--timeout",
        .type = OPTION_COUNT,
        .field = offsetof(struct options, timeout_s),
        .min = 1,
        .max = MAX_TIMEOUT_S,
        .standard = "30",
        .help = {{COMMAND_TEST, "SECONDS", "how long a request may take"}},
    },
    {
        .flag = "--scope",
        .type = OPTION_LIST,
        .field = offsetof(struct options, scopes),
        .help = {{COMMAND_KEY_CREATE, "SCOPE",
            "'GET /path': the key is for the endpoints that are named so, and no others; or NAME, which opens "
            "endpoints with '@access scope NAME'; may be given several times. Without any it is for all "
            "endpoints that only want a key"}},
    },
    {
        .flag = "--claim",
        .type = OPTION_LIST,
        .field = offsetof(struct options, claims),
        .help = {{COMMAND_KEY_CREATE, "NAME=TEXT",
            "what SQL sees as :NAME where an endpoint has '@claim NAME'; may be given several times"}},
    },
    {
        .flag = "--plan",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, plan),
        .help = {{COMMAND_KEY_CREATE, "NAME", "the [plan NAME] of app.ini that limits it"}},
    },
    {
        .flag = "--label",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, label),
        .help = {{COMMAND_KEY_CREATE, "TEXT", "whose it is, in words for people"}},
    },
    {
        .flag = "--expires",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, expires),
        .help =
            {{COMMAND_KEY_CREATE, "WHEN",
                 "a time from now, 90d or 12h, or a day, 2027-01-31, from which on it is refused; without "
                 "it the key goes on until it is revoked"},
                {COMMAND_KEY_ROTATE, "WHEN",
                    "the same for the new secret; without it that lives as long as the former one was to"}},
    },
    {
        .flag = "--overlap",
        .type = OPTION_TEXT,
        .field = offsetof(struct options, overlap),
        .standard = "7d",
        .help = {{COMMAND_KEY_ROTATE, "TIME", "how long the former secret goes on: 7d, 12h; 0: not at all"}},
    },
    {
        .flag = "--help",
        .type = OPTION_SWITCH,
        .field = offsetof(struct options, help),
        .help = {{ALL, NULL, "print this"}},
    },
};

const size_t option_row_count = ARRAY_LEN(option_rows);

bool option_is_of(const struct option_row *row, enum command command)
{
    for (size_t i = 0; i < OPTION_HELPS; i++) {
        if (row->help[i].commands & command)
            return true;
    }
    return false;
}
