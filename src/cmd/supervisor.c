// SPDX-License-Identifier: Apache-2.0
// Words of the protocol and the times at which they are sent; when a state changes is running.c's to know. A
// message that does not arrive is nobody's fault here, so nothing is made of it.
#include "cmd/supervisor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    SIGNS = 4,               // of life are given in the time of the watchdog, so that one may be late
    STATUS_MS = 10000,       // between two lines of status
    BEHIND_DRAIN_MS = 30000, // a store that is silent may hold up the end for so long
    US_PER_MS = 1000,
    PID_BYTES = 16,
};

// The variable names the process that is to be watched, which an heir was not when it was set.
static void name_heir(void)
{
    char pid[PID_BYTES];
    if (getenv("WATCHDOG_PID") == NULL)
        return;
    snprintf(pid, sizeof(pid), "%d", getpid());
    setenv("WATCHDOG_PID", pid, 1);
}

void supervisor_init(struct supervisor *supervisor, bool is_heir)
{
    uint64_t watchdog_us = 0;
    *supervisor = (struct supervisor){0};
    if (is_heir)
        name_heir();
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        supervisor->watchdog_ns = watchdog_us * NS_PER_US;
}

void supervisor_ready(struct supervisor *supervisor, bool is_heir, uint64_t now_ns)
{
    if (is_heir)
        (void)sd_notifyf(0, "MAINPID=%d\nREADY=1", getpid());
    else
        (void)sd_notify(0, "READY=1");
    supervisor->sign_at_ns = supervisor->status_at_ns = now_ns;
}

void supervisor_reloading(void)
{
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, (uint64_t)(clock_monotonic_ns() / NS_PER_US));
}

void supervisor_reloaded(void)
{
    (void)sd_notify(0, "READY=1");
}

void supervisor_stopping(uint64_t end_ms)
{
    (void)sd_notifyf(
        0, "STOPPING=1\nSTATUS=ending\nEXTEND_TIMEOUT_USEC=%" PRIu64, (end_ms + BEHIND_DRAIN_MS) * US_PER_MS);
}

uint64_t supervisor_next_ns(const struct supervisor *supervisor)
{
    bool has_sign = supervisor->watchdog_ns > 0 && supervisor->sign_at_ns < supervisor->status_at_ns;
    return has_sign ? supervisor->sign_at_ns : supervisor->status_at_ns;
}

static void tell_status(struct supervisor *supervisor, const struct server *server)
{
    char status[sizeof(supervisor->status)];
    struct server_activity activity = server_activity(server);
    snprintf(status, sizeof(status), "serving: %" PRIu64 " requests, %zu connections, %zu reads waiting%s",
        server_requests(server), activity.open, activity.queued, activity.has_work ? ", writing" : "");
    if (strcmp(status, supervisor->status) == 0)
        return;
    memcpy(supervisor->status, status, sizeof(status));
    (void)sd_notifyf(0, "STATUS=%s", status);
}

void supervisor_look(struct supervisor *supervisor, struct server *server, uint64_t now_ns)
{
    if (supervisor->watchdog_ns > 0 && now_ns >= supervisor->sign_at_ns) {
        if (server_beat(server))
            (void)sd_notify(0, "WATCHDOG=1");
        supervisor->sign_at_ns = now_ns + supervisor->watchdog_ns / SIGNS;
    }
    if (now_ns >= supervisor->status_at_ns) {
        tell_status(supervisor, server);
        supervisor->status_at_ns = now_ns + STATUS_MS * NS_PER_MS;
    }
}
