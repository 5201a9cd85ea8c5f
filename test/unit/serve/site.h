// SPDX-License-Identifier: Apache-2.0
// A folder with apps made file by file, their services, and a server on them; and a client that asks it over
// a socket. What fails ends the test. Tests only.
#ifndef RECKONER_TEST_SITE_H
#define RECKONER_TEST_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "serve/server.h"

enum { SITE_APPS = 2, SITE_PATH_BYTES = 256 };

struct site {
    char dir[SITE_PATH_BYTES];                 // made anew, with var/ in it and a folder for each app
    char app_dirs[SITE_APPS][SITE_PATH_BYTES]; // "<dir>/one" and "<dir>/two"
    struct service services[SITE_APPS];        // started by site_start
    size_t count;                              // of apps that have files
    struct log *log;                           // writes <dir>/log
    int log_fd;                                //
    struct server *server;                     // NULL until site_serve
};

// Makes the folders; no app has a file yet.
void site_init(struct site *site);

// Ends all and removes the folder.
void site_fini(struct site *site);

// Writes a file of an app in one go, as an editor does that renames: "get_a.sql". Folders in the name have to
// be there.
void site_write(struct site *site, size_t app, const char *name, const char *text);
void site_remove(struct site *site, size_t app, const char *name);
void site_mkdir(struct site *site, size_t app, const char *name);

// A socket for a server, on a free port.
struct http_listen site_listen(void);

// Opens the services of the apps that have files.
void site_open(struct site *site);

// The same, and starts a server on them, which answers.
void site_serve(struct site *site, bool watch);

// Waits until a line of the log has `text` in it; fails after a long while.
void site_wait_for_log(struct site *site, const char *text);

// How often the log has `text` in it.
size_t site_count_in_log(struct site *site, const char *text);

// An answer, taken apart.
struct answer {
    int status;    // 0: the connection ended without one
    char *bytes;   // owned: head and body
    size_t len;    //
    char *headers; // in bytes: each line with its CRLF, ended by NUL
    char *body;    // in bytes, ended by NUL
    size_t body_len;
};

void answer_fini(struct answer *answer);

// Sends a request and reads its answer, on a connection of its own. `headers`: lines, each ended by CRLF;
// `body`: NULL for none. On any thread.
struct answer site_ask(
    const struct site *site, const char *method, const char *target, const char *headers, const char *body);

// GET of `target` has this status and body. On any thread.
void site_expect(const struct site *site, const char *target, int status, const char *body);

#endif
