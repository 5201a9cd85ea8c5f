// SPDX-License-Identifier: Apache-2.0
// What systemd says of the sockets in the environment is taken away, so that a program that this one starts
// does not take them for its own.
#include "cmd/activation.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include "http/socket.h"

static enum err_code fail(int fd, const char *name, const char *why, struct err *err)
{
    err_set(err, ERR_CONFIG, "systemd hands over descriptor %d (%s), which %s", fd, name, why);
    err_hint(err, "in the .socket unit, say ListenStream=, and not Accept=yes");
    return ERR_CONFIG;
}

// `text` is a number, as names need not differ, and the name behind it.
static enum err_code add(struct sockets *sockets, int fd, const char *text, struct err *err)
{
    const char *name = strchrnul(text, ' ');
    name += *name == ' ';
    if (sd_is_socket(fd, AF_UNSPEC, 0, -1) <= 0)
        return fail(fd, name, "is no socket", err);
    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, -1) <= 0)
        return fail(fd, name, "is no socket for streams", err);
    if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
        return fail(fd, name, "does not listen", err);
    if (sd_is_socket(fd, AF_INET, 0, -1) <= 0 && sd_is_socket(fd, AF_INET6, 0, -1) <= 0 &&
        sd_is_socket(fd, AF_UNIX, 0, -1) <= 0)
        return fail(fd, name, "is neither of the internet nor a Unix socket", err);
    if (sockets->count == LIMIT_LISTENERS)
        return err_set(err, ERR_CONFIG, "systemd hands over more than %d sockets", LIMIT_LISTENERS);
    size_t i = sockets->count++;
    sockets->listens[i] =
        (struct http_listen){.fd = fd, .is_shared = true, .is_admin = strcmp(name, "admin") == 0};
    sockets->wants_tls[i] = strcmp(name, "https") == 0;
    sockets->fds[i] = fd;
    snprintf(sockets->texts[i], SOCKET_TEXT_BYTES, "%s", text);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return ERR_NONE;
}

enum err_code activation_take(struct sockets *sockets, struct err *err)
{
    char **names = NULL;
    int count = sd_listen_fds_with_names(1, &names);
    if (count < 0)
        return err_set(err, ERR_CONFIG,
            "LISTEN_FDS and LISTEN_FDNAMES, as systemd sets them, are not right: %s", strerror(-count));
    enum err_code code = ERR_NONE;
    char text[SOCKET_TEXT_BYTES];
    for (int i = 0; code == ERR_NONE && i < count; i++) {
        snprintf(text, sizeof(text), "%d %s", i, names[i]);
        code = add(sockets, SD_LISTEN_FDS_START + i, text, err);
    }
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    const char *inherited;
    int fd;
    while (code == ERR_NONE && (fd = predecessor_take_shared(sockets->predecessor, &inherited)) >= 0)
        code = add(sockets, fd, inherited, err);
    return code;
}
