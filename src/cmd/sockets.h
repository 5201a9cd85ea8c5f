// SPDX-License-Identifier: Apache-2.0
// The sockets that a server listens on, from before anything else is opened until it ends. On the main
// thread.
#ifndef RECKONER_CMD_SOCKETS_H
#define RECKONER_CMD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"
#include "cmd/options.h"
#include "cmd/predecessor.h"
#include "http/listen.h"
#include "http/unix_socket.h"
#include "serve/server.h"

enum { SOCKET_TEXT_BYTES = 512 }; // of one address, which a host's name or a path is the longest part of

struct sockets {
    struct http_listen listens[LIMIT_LISTENERS];    // for a server, which puts -1 where it has taken one
    char texts[LIMIT_LISTENERS][SOCKET_TEXT_BYTES]; // what options call them
    int fds[LIMIT_LISTENERS];                       // the same descriptors; also of those that are taken
    struct unix_socket_file files[LIMIT_LISTENERS]; // that this process removes
    bool is_lent[LIMIT_LISTENERS];                  // its file is the predecessor's, which may go on
    struct predecessor *predecessor;                // borrowed; whose sockets are taken over; NULL: nobody's
    bool wants_tls[LIMIT_LISTENERS];                //
    size_t count;                                   //
};

// Takes over what `predecessor` gives, takes those that systemd holds, and binds what the options name; to
// the latter nobody can connect yet. Where systemd has some for the apps, --listen is passed over, where it
// has some for the admin, --admin-listen, and where some are for TLS, --tls-listen. False after a message,
// with the exit code.
bool sockets_open(struct sockets *ret_sockets, const struct options *options, struct predecessor *predecessor,
    int *ret_exit);

// Whether some are to speak TLS: those of --tls-listen, and what systemd calls "https".
bool sockets_want_tls(const struct sockets *sockets);

// Those speak it, as all of them have it. `tls` is borrowed by whoever takes the sockets.
void sockets_use_tls(struct sockets *sockets, struct tls *tls);

// Binds one, with the words that stand behind it (",proxy"). ERR_CONFIG, ERR_IO.
MUST_CHECK enum err_code sockets_add(
    struct sockets *sockets, const char *text, bool is_admin, struct err *err);

// Says on stderr where a server listens: the last line is that of its first address, which says that all is
// ready.
void sockets_tell(const struct sockets *sockets, const struct server *server, size_t endpoints);

// This process serves in place of its predecessor: the files of all sockets are its own from here on.
void sockets_own(struct sockets *sockets);

// Another process goes on with them: files stay. Before the next one.
void sockets_leave(struct sockets *sockets);

// Removes the files of Unix sockets, so that nobody finds the server any more. Before it is stopped.
void sockets_hide(struct sockets *sockets);

// Closes what no server has taken, and hides. Fine when it is zeroed, or closed already.
void sockets_fini(struct sockets *sockets);

#endif
