// SPDX-License-Identifier: Apache-2.0
// What the new process does with what the one before says (predecessor.h). That writers wait is a courtesy,
// so that no batch fails at a lock: two processes may write, as the store's own lock guards it. So the wait
// is bounded.
#include "cmd/takeover.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static void release(struct takeover *takeover)
{
    for (size_t i = 0; i < takeover->service_count; i++)
        writer_release(takeover->services[i].writer);
    takeover->release_ns = UINT64_MAX;
}

static void forget(struct takeover *takeover)
{
    predecessor_free(takeover->predecessor);
    takeover->predecessor = NULL;
    sockets_own(takeover->sockets);
    release(takeover);
}

void takeover_begin(struct takeover *takeover, uint64_t wait_ms)
{
    struct err err = {0};
    takeover->release_ns = UINT64_MAX;
    if (takeover->predecessor == NULL) {
        sockets_own(takeover->sockets);
        return;
    }
    takeover->release_ns = clock_monotonic_ns() + wait_ms * NS_PER_MS;
    if (predecessor_tell_ready(takeover->predecessor, &err) != ERR_NONE)
        forget(takeover); // it has ended meanwhile
}

int takeover_fd(const struct takeover *takeover)
{
    bool is_heard = takeover->predecessor != NULL && !takeover->is_shut;
    return is_heard ? predecessor_fd(takeover->predecessor) : -1;
}

// The listener is known by its name, as the configuration may have another order now, or not have it.
static void adopt(struct takeover *takeover, const struct given_client *client)
{
    const struct sockets *sockets = takeover->sockets;
    const char *text = predecessor_socket_text(takeover->predecessor, client->place);
    for (size_t i = 0; text != NULL && i < sockets->count; i++) {
        if (strcmp(sockets->texts[i], text) == 0) {
            server_adopt(takeover->server, client->fd, i, client->peer);
            return;
        }
    }
    close(client->fd);
}

// Its next word, by which it has heard that this process serves.
static enum predecessor_event hear(struct takeover *takeover, struct given_client *ret_client)
{
    enum predecessor_event event = predecessor_hear(takeover->predecessor, ret_client);
    if (event == PREDECESSOR_CLIENT || event == PREDECESSOR_WRITER)
        sockets_own(takeover->sockets);
    return event;
}

void takeover_hear(struct takeover *takeover)
{
    enum { AT_ONCE = 256 }; // messages, before signals are looked at
    struct given_client client;
    for (int i = 0; i < AT_ONCE && takeover->predecessor != NULL; i++) {
        switch (hear(takeover, &client)) {
        case PREDECESSOR_CLIENT:
            adopt(takeover, &client);
            break;
        case PREDECESSOR_WRITER:
            release(takeover);
            break;
        case PREDECESSOR_ENDED:
            forget(takeover);
            break;
        case PREDECESSOR_NOTHING:
            return;
        }
    }
}

void takeover_end(struct takeover *takeover)
{
    if (takeover->predecessor != NULL)
        predecessor_tell_end(takeover->predecessor);
}

// The way to it stays open: were it closed, the one before would take this process for one that has failed.
void takeover_shut(struct takeover *takeover)
{
    struct given_client client;
    enum predecessor_event event;
    if (takeover->predecessor == NULL)
        return;
    predecessor_shut(takeover->predecessor);
    while ((event = hear(takeover, &client)) != PREDECESSOR_ENDED) {
        if (event == PREDECESSOR_CLIENT)
            adopt(takeover, &client);
    }
    takeover->is_shut = true;
    release(takeover);
}

void takeover_look(struct takeover *takeover, uint64_t now_ns)
{
    if (now_ns < takeover->release_ns)
        return;
    log_printf(takeover->log,
        "reckoner: the process before says nothing of its last batch: this one, %d, writes from here on",
        (int)getpid());
    release(takeover);
}

void takeover_fini(struct takeover *takeover)
{
    predecessor_free(takeover->predecessor);
}
