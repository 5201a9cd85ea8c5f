// SPDX-License-Identifier: Apache-2.0
// Sockets to listen on, from texts that people write, before any server has them. On the main thread, as the
// mask of new files is the process's.
#ifndef RECKONER_HTTP_SOCKET_H
#define RECKONER_HTTP_SOCKET_H

#include "base/err.h"

enum { SOCKET_NAME_BYTES = 128 }; // of a socket's address as text, with its NUL

// Binds a socket where `text` says: as address_read has it, or "unix:PATH", with words behind it as in
// unix_socket.h. Nobody can connect before socket_listen. The caller closes it. ERR_CONFIG for text that is
// no address, a path too long, a user or group that does not exist; ERR_IO when it is taken or not allowed.
MUST_CHECK enum err_code socket_bind(const char *text, int *ret_fd, struct err *err);

// Clients can connect from here on, and wait until they are accepted. Fine on one that listens already.
// ERR_IO.
MUST_CHECK enum err_code socket_listen(int fd, struct err *err);

// "127.0.0.1:8080", "[::1]:8080", with the real port; "unix:/run/reckoner.sock".
void socket_name(int fd, char ret_name[SOCKET_NAME_BYTES]);

#endif
