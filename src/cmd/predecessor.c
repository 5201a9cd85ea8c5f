// SPDX-License-Identifier: Apache-2.0
// The new process's side of a hand-over. What becomes of sockets and clients is left to sockets.c and
// running.c.
#include "cmd/predecessor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/handover.h"

struct socket_of_old {
    int fd;                    // owned; -1: it is taken
    bool is_shared;            // with systemd
    char text[HANDOVER_BYTES]; //
};

struct predecessor {
    int pair;                                      // owned
    struct socket_of_old sockets[LIMIT_LISTENERS]; //
    size_t socket_count;                           //
    struct handover_message message;               // the last one
};

static bool is_pair(int fd)
{
    int type = 0;
    socklen_t len = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

static enum err_code refuse(struct err *err, const char *what)
{
    err_set(err, ERR_IO, "the process that is to be replaced %s", what);
    err_hint(err, "end it (SIGTERM) and start this one by itself");
    return ERR_IO;
}

static void take_message(struct predecessor *predecessor)
{
    struct handover_message *message = &predecessor->message;
    const char *text = handover_words(message, "socket"), *shared = handover_words(message, "shared");
    if (text == NULL)
        text = shared;
    if (text != NULL && message->fd >= 0 && predecessor->socket_count < LIMIT_LISTENERS) {
        struct socket_of_old *place = &predecessor->sockets[predecessor->socket_count++];
        place->fd = message->fd;
        place->is_shared = shared != NULL;
        snprintf(place->text, sizeof(place->text), "%s", text);
    } else if (message->fd >= 0) {
        close(message->fd);
    }
}

// The version, and all up to "begin".
static enum err_code read_beginning(struct predecessor *predecessor, struct err *err)
{
    struct handover_message *message = &predecessor->message;
    uint64_t until_ns = clock_monotonic_ns() + LIMIT_HANDOVER_MS * NS_PER_MS;
    if (handover_await(predecessor->pair, until_ns, message) != HANDOVER_MESSAGE)
        return refuse(err, "says nothing");
    if (strcmp(message->text, HANDOVER_VERSION) != 0)
        return refuse(err, "hands over in another way, as it is of another version");
    do {
        if (handover_await(predecessor->pair, until_ns, message) != HANDOVER_MESSAGE)
            return refuse(err, "has ended, or does not go on");
        take_message(predecessor);
    } while (handover_words(message, "begin") == NULL);
    return ERR_NONE;
}

enum err_code predecessor_find(struct predecessor **ret_predecessor, struct err *err)
{
    const char *number = getenv(HANDOVER_VARIABLE);
    *ret_predecessor = NULL;
    if (number == NULL)
        return ERR_NONE;
    bool is_known = strcmp(number, "3") == 0 && is_pair(HANDOVER_FD);
    unsetenv(HANDOVER_VARIABLE);
    if (!is_known) {
        err_set(err, ERR_IO, "%s is set, but no process hands over", HANDOVER_VARIABLE);
        err_hint(err, "it is for a server that replaces itself at SIGUSR2: unset it");
        return ERR_IO;
    }
    struct predecessor *predecessor = mem_zalloc(1, sizeof(*predecessor));
    if (predecessor == NULL)
        return err_no_memory(err);
    predecessor->pair = HANDOVER_FD;
    (void)fcntl(HANDOVER_FD, F_SETFD, FD_CLOEXEC);
    enum err_code code = read_beginning(predecessor, err);
    if (code != ERR_NONE) {
        predecessor_free(predecessor);
        return code;
    }
    *ret_predecessor = predecessor;
    return ERR_NONE;
}

int predecessor_take_socket(struct predecessor *predecessor, const char *text)
{
    for (size_t i = 0; predecessor != NULL && i < predecessor->socket_count; i++) {
        struct socket_of_old *place = &predecessor->sockets[i];
        if (place->fd >= 0 && !place->is_shared && strcmp(place->text, text) == 0) {
            int fd = place->fd;
            place->fd = -1;
            return fd;
        }
    }
    return -1;
}

int predecessor_take_shared(struct predecessor *predecessor, const char **ret_text)
{
    for (size_t i = 0; predecessor != NULL && i < predecessor->socket_count; i++) {
        struct socket_of_old *place = &predecessor->sockets[i];
        if (place->fd >= 0 && place->is_shared) {
            int fd = place->fd;
            place->fd = -1;
            *ret_text = place->text;
            return fd;
        }
    }
    return -1;
}

const char *predecessor_socket_text(const struct predecessor *predecessor, size_t place)
{
    return place < predecessor->socket_count ? predecessor->sockets[place].text : NULL;
}

enum err_code predecessor_tell_ready(struct predecessor *predecessor, struct err *err)
{
    return handover_send(predecessor->pair, -1, err, "ready");
}

void predecessor_tell_end(struct predecessor *predecessor)
{
    struct err ignored = {0}; // it has ended
    (void)!handover_send(predecessor->pair, -1, &ignored, "end");
}

int predecessor_fd(const struct predecessor *predecessor)
{
    return predecessor->pair;
}

// "N PEER", as the words behind "connection".
static bool read_client(const struct handover_message *message, struct given_client *ret_client)
{
    const char *words = handover_words(message, "connection");
    if (words == NULL || message->fd < 0)
        return false;
    char *end;
    unsigned long place = strtoul(words, &end, 10);
    if (end == words || *end != ' ')
        return false;
    *ret_client = (struct given_client){.fd = message->fd, .place = place, .peer = end + 1};
    return true;
}

enum predecessor_event predecessor_hear(struct predecessor *predecessor, struct given_client *ret_client)
{
    struct handover_message *message = &predecessor->message;
    for (;;) {
        enum handover_event event = handover_receive(predecessor->pair, message);
        if (event != HANDOVER_MESSAGE)
            return event == HANDOVER_ENDED ? PREDECESSOR_ENDED : PREDECESSOR_NOTHING;
        if (read_client(message, ret_client))
            return PREDECESSOR_CLIENT;
        if (message->fd >= 0)
            close(message->fd);
        if (handover_words(message, "writer") != NULL)
            return PREDECESSOR_WRITER;
    }
}

void predecessor_shut(struct predecessor *predecessor)
{
    (void)shutdown(predecessor->pair, SHUT_RD); // unix(7): the other one's send(2) gives EPIPE from here on
}

void predecessor_free(struct predecessor *predecessor)
{
    if (predecessor == NULL)
        return;
    for (size_t i = 0; i < predecessor->socket_count; i++) {
        if (predecessor->sockets[i].fd >= 0)
            close(predecessor->sockets[i].fd);
    }
    close(predecessor->pair);
    mem_free(predecessor);
}
