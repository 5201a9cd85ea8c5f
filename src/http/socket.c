// SPDX-License-Identifier: Apache-2.0
// Binds what address.h reads and leaves files of Unix sockets to unix_socket.c. What is bound is bound before
// a server is made, so that an address that is taken ends the start at once; it listens only when somebody is
// there to accept.
#include "http/socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/address.h"
#include "http/unix_socket.h"

static bool bind_to(int fd, const union address *address)
{
    int on = 1, off = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); // else a restart waits for old connections
    bool is_v4 = address->any.sa_family == AF_INET;
    if (!is_v4)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    socklen_t len = is_v4 ? sizeof(address->v4) : sizeof(address->v6);
    return bind(fd, &address->any, len) == 0;
}

static void hint_at(int reason, struct err *err)
{
    if (reason == EADDRINUSE)
        err_hint(err, "another server has it: stop that one, or take another port");
    else if (reason == EACCES)
        err_hint(err, "ports below 1024 are for root: take another one, or grant CAP_NET_BIND_SERVICE");
    else if (reason == EADDRNOTAVAIL)
        err_hint(err, "it is none of this machine's; \":PORT\" listens on all that it has");
}

static enum err_code fail_to_listen(const char *address, int reason, struct err *err)
{
    err_set(err, ERR_IO, "could not listen on %s: %s", address, strerror(reason));
    hint_at(reason, err);
    return ERR_IO;
}

static enum err_code bind_address(const char *text, int *ret_fd, struct err *err)
{
    union address wanted = {0};
    enum err_code code = address_read(text, &wanted, err);
    if (code != ERR_NONE)
        return code;
    int fd = socket(wanted.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind_to(fd, &wanted)) {
        *ret_fd = fd;
        return ERR_NONE;
    }
    int reason = errno;
    if (fd >= 0)
        close(fd);
    return fail_to_listen(text, reason, err);
}

enum err_code socket_bind(const char *text, int *ret_fd, struct err *err)
{
    return unix_socket_is(text) ? unix_socket_bind(text, ret_fd, err) : bind_address(text, ret_fd, err);
}

enum err_code socket_listen(int fd, struct err *err)
{
    char name[SOCKET_NAME_BYTES];
    int on = 1, listens = 0;
    socklen_t len = sizeof(listens);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens == 0 &&
        listen(fd, SOMAXCONN) != 0) {
        int reason = errno;
        socket_name(fd, name);
        return fail_to_listen(name, reason, err);
    }
    // Answers are written whole; tcp(7): accepted sockets inherit it. A Unix socket does not know it.
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return ERR_NONE;
}

void socket_name(int fd, char ret_name[SOCKET_NAME_BYTES])
{
    union address bound = {0};
    char text[ADDRESS_BYTES], path[UNIX_SOCKET_PATH_BYTES];
    socklen_t len = sizeof(bound);
    if (getsockname(fd, &bound.any, &len) != 0) {
        snprintf(ret_name, SOCKET_NAME_BYTES, "descriptor %d", fd);
    } else if (bound.any.sa_family == AF_UNIX) {
        unix_socket_path(fd, path);
        snprintf(ret_name, SOCKET_NAME_BYTES, "unix:%s", path);
    } else {
        address_write(&bound, text);
        snprintf(ret_name, SOCKET_NAME_BYTES, "%s", text);
    }
}
