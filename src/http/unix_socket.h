// SPDX-License-Identifier: Apache-2.0
// The files of Unix sockets: made with an owner and a mode, and removed, but never those of somebody else. On
// the main thread.
#ifndef RECKONER_HTTP_UNIX_SOCKET_H
#define RECKONER_HTTP_UNIX_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/err.h"

enum { UNIX_SOCKET_PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) + 1 }; // with a NUL behind it

// Whether the text or the name of a socket begins with "unix:".
bool unix_socket_is(const char *text);

// Binds "unix:PATH[,mode=0660][,user=NAME][,group=NAME]"; without `mode` the file has 0660, its owner and
// group are those of the process. A socket on which nobody answers is what a server left that was killed: its
// file is replaced. ERR_CONFIG for words that are none, a path too long, an unknown user or group; ERR_IO
// when somebody answers there, the file is no socket, or it cannot be made.
MUST_CHECK enum err_code unix_socket_bind(const char *text, int *ret_fd, struct err *err);

// The path that a Unix socket is bound to.
void unix_socket_path(int fd, char ret_path[UNIX_SOCKET_PATH_BYTES]);

// A socket's file, as it was when it was looked at.
struct unix_socket_file {
    char path[UNIX_SOCKET_PATH_BYTES]; // "" when there is none
    dev_t device;                      // with `inode` it tells the file from a successor of that name
    ino_t inode;                       //
};

// The file that belongs to `fd` now; none of a socket of another kind.
void unix_socket_file_of(int fd, struct unix_socket_file *ret_file);

// Removes it, if it is still the same. Who connects afterwards finds nobody; who has connected can be
// accepted.
void unix_socket_file_remove(struct unix_socket_file *file);

#endif
