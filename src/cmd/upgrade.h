// SPDX-License-Identifier: Apache-2.0
// An upgrade as the process that is replaced goes through it. When which step is due is running.c's. On the
// main thread.
//
//     NONE ─ begin ─► STARTED ─ it is ready ─► GIVING ─ nothing is left to write, and it is told so ─► GIVEN
//      ▲                 │                        │                                                      │
//      └──── it ended, or said nothing in time ───┴─────────────── it ended ─────────────────────────────┘
//
// Once this process is to end as well, nothing that becomes of the new one brings the server back.
#ifndef RECKONER_CMD_UPGRADE_H
#define RECKONER_CMD_UPGRADE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "cmd/sockets.h"
#include "cmd/successor.h"
#include "serve/server.h"

enum upgrade_state { UPGRADE_NONE, UPGRADE_STARTED, UPGRADE_GIVING, UPGRADE_GIVEN };

struct upgrade {
    enum upgrade_state state;    //
    struct successor *successor; // owned; NULL in NONE
    struct successor *ended;     // owned; those before, which a loop may still be trying to give something
    uint64_t started_ns;         // when it was started; monotonic
    uint64_t giving_ns;          // when it was ready
    bool is_final;               // this process ends, too: the server is told nothing any more
};

// Starts the new process. False after a line in the log, and nothing has changed then.
bool upgrade_begin(struct upgrade *upgrade, const struct sockets *sockets, struct log *log);

// Readable when the new process has said something; -1 in NONE.
int upgrade_fd(const struct upgrade *upgrade);

// What has happened to the new process.
enum upgrade_news {
    UPGRADE_NO_NEWS,
    UPGRADE_IS_READY, // it serves: GIVING, and the server gives its connections away
    UPGRADE_TO_END,   // it was told to end, and this process is to end, too
    UPGRADE_FAILED,   // it has ended: NONE, as the log says, and the server goes on as before
};
enum upgrade_news upgrade_hear(struct upgrade *upgrade, struct server *server, struct log *log);

// Ends a new process that has said nothing for `limit_ms`: UPGRADE_FAILED. In GIVING it is told when nothing
// is left to be written here.
enum upgrade_news upgrade_look(
    struct upgrade *upgrade, struct server *server, struct log *log, uint64_t limit_ms, uint64_t now_ns);

// When that is due next; UINT64_MAX: never.
uint64_t upgrade_next_ns(const struct upgrade *upgrade, uint64_t limit_ms, uint64_t now_ns);

// Ends the new process, as this one is to end and nothing is to be in its place. Fine in NONE.
void upgrade_cancel(struct upgrade *upgrade, struct server *server);

// This process ends, whatever becomes of the new one. In GIVING or GIVEN; before server_stop, as that frees
// what a server that stays would use.
void upgrade_set_final(struct upgrade *upgrade);

// Has the new process, which has clients already, end as well, and does not wait for that.
void upgrade_end_new(const struct upgrade *upgrade);

// The new process, if there is one, goes on alone. When the server is freed.
void upgrade_fini(struct upgrade *upgrade);

#endif
