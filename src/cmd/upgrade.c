// SPDX-License-Identifier: Apache-2.0
// Steps from the start of a new process to its being alone. Nothing is taken from this process before the new
// one has answered: until then, and for LIMIT_LEAVING_MS afterwards, it can go on as if nothing had been.
#include "cmd/upgrade.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"

enum { LOOK_MS = 5 }; // how often it is looked whether all is written

bool upgrade_begin(struct upgrade *upgrade, const struct sockets *sockets, struct log *log)
{
    struct err err = {0};
    struct handed_socket handed[LIMIT_LISTENERS];
    if (getpid() == 1) {
        log_printf(log, "reckoner: no upgrade, as this is process 1 of a container, which would end with it: "
                        "start another container");
        return false;
    }
    for (size_t i = 0; i < sockets->count; i++)
        handed[i] = (struct handed_socket){
            .fd = sockets->fds[i], .text = sockets->texts[i], .is_shared = sockets->listens[i].is_shared};
    if (successor_start(handed, sockets->count, &upgrade->successor, &err) != ERR_NONE) {
        log_printf(log, "reckoner: no upgrade, this process goes on: %s", err.text);
        return false;
    }
    upgrade->state = UPGRADE_STARTED;
    upgrade->started_ns = clock_monotonic_ns();
    log_printf(log, "reckoner: upgrade: process %d is started to replace this one, %d",
        (int)successor_pid(upgrade->successor), (int)getpid());
    return true;
}

int upgrade_fd(const struct upgrade *upgrade)
{
    return upgrade->successor != NULL ? successor_fd(upgrade->successor) : -1;
}

// A loop may be about to give it a connection, which then fails: so it is freed at the end.
static void leave_to_end(struct upgrade *upgrade)
{
    successor_chain(upgrade->successor, upgrade->ended);
    upgrade->ended = upgrade->successor;
    upgrade->successor = NULL;
    upgrade->state = UPGRADE_NONE;
}

static enum upgrade_news fail(
    struct upgrade *upgrade, struct server *server, struct log *log, const char *why)
{
    char how[ENDING_BYTES];
    bool was_ready = upgrade->state != UPGRADE_STARTED;
    int pid = (int)successor_pid(upgrade->successor);
    successor_end(upgrade->successor, how);
    server_stay(server); // not before: it may do something to the sockets as it ends
    log_printf(log, "reckoner: no upgrade, process %d goes on: %s process %d %s%s", (int)getpid(), why, pid,
        how, was_ready ? ", after it was ready" : "");
    leave_to_end(upgrade);
    return UPGRADE_FAILED;
}

// Its end, where this process is about to end as well.
static enum upgrade_news hear_of_end(struct upgrade *upgrade, struct log *log)
{
    log_printf(log, "reckoner: upgrade: the new process %d has ended, and this one, %d, ends as well",
        (int)successor_pid(upgrade->successor), (int)getpid());
    leave_to_end(upgrade);
    return UPGRADE_NO_NEWS;
}

static bool give(void *ctx, int fd, size_t place, const char *peer)
{
    return successor_give(ctx, fd, place, peer);
}

enum upgrade_news upgrade_hear(struct upgrade *upgrade, struct server *server, struct log *log)
{
    switch (successor_hear(upgrade->successor)) {
    case SUCCESSOR_ENDED:
        return upgrade->is_final ? hear_of_end(upgrade, log) : fail(upgrade, server, log, "the new");
    case SUCCESSOR_READY:
        if (upgrade->state != UPGRADE_STARTED)
            return UPGRADE_NO_NEWS;
        upgrade->state = UPGRADE_GIVING;
        upgrade->giving_ns = clock_monotonic_ns();
        server_leave(server, give, upgrade->successor);
        log_printf(log, "reckoner: upgrade: process %d serves, and this one, %d, finishes what it has begun",
            (int)successor_pid(upgrade->successor), (int)getpid());
        return UPGRADE_IS_READY;
    case SUCCESSOR_TO_END:
        return UPGRADE_TO_END;
    case SUCCESSOR_NOTHING:
        break;
    }
    return UPGRADE_NO_NEWS;
}

// Bodies that come slowly are not waited for: their batches meet those of the new process at the store's own
// lock.
static bool has_written_all(const struct upgrade *upgrade, struct server *server, uint64_t now_ns)
{
    bool is_late = now_ns - upgrade->giving_ns >= LIMIT_LAST_WRITES_MS * NS_PER_MS;
    return server_writers_are_idle(server) && (is_late || !server_has_unsafe(server));
}

enum upgrade_news upgrade_look(
    struct upgrade *upgrade, struct server *server, struct log *log, uint64_t limit_ms, uint64_t now_ns)
{
    if (upgrade->state == UPGRADE_STARTED && now_ns - upgrade->started_ns >= limit_ms * NS_PER_MS)
        return fail(upgrade, server, log, "in time nothing was heard, and the new");
    if (upgrade->state == UPGRADE_GIVING && has_written_all(upgrade, server, now_ns)) {
        if (successor_let_write(upgrade->successor)) // else again a little later
            upgrade->state = UPGRADE_GIVEN;
    }
    return UPGRADE_NO_NEWS;
}

uint64_t upgrade_next_ns(const struct upgrade *upgrade, uint64_t limit_ms, uint64_t now_ns)
{
    switch (upgrade->state) {
    case UPGRADE_STARTED:
        return upgrade->started_ns + limit_ms * NS_PER_MS;
    case UPGRADE_GIVING:
        return now_ns + LOOK_MS * NS_PER_MS;
    case UPGRADE_NONE:
    case UPGRADE_GIVEN:
        break;
    }
    return UINT64_MAX;
}

void upgrade_cancel(struct upgrade *upgrade, struct server *server)
{
    char ignored[ENDING_BYTES];
    if (upgrade->state == UPGRADE_NONE)
        return;
    successor_end(upgrade->successor, ignored);
    server_stay(server);
    leave_to_end(upgrade);
}

void upgrade_set_final(struct upgrade *upgrade)
{
    upgrade->is_final = true;
}

void upgrade_end_new(const struct upgrade *upgrade)
{
    kill(successor_pid(upgrade->successor), SIGTERM);
}

void upgrade_fini(struct upgrade *upgrade)
{
    successor_free(upgrade->successor);
    successor_free(upgrade->ended);
}
