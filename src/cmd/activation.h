// SPDX-License-Identifier: Apache-2.0
// The sockets that systemd holds for a service, and starts it for (sd_listen_fds(3)). On the main thread.
#ifndef RECKONER_CMD_ACTIVATION_H
#define RECKONER_CMD_ACTIVATION_H

#include "base/err.h"
#include "cmd/sockets.h"

// Adds those that were handed to this process, or to the one that it replaces, if any; one called "admin"
// (FileDescriptorName=) is the admin's. ERR_CONFIG for one that is not for a listener.
MUST_CHECK enum err_code activation_take(struct sockets *sockets, struct err *err);

#endif
