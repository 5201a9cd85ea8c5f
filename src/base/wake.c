// SPDX-License-Identifier: Apache-2.0
// An eventfd that never blocks: calls add up in it, and one wake_clear takes them all. What a call is about
// is told elsewhere, under a lock of the caller's or in an atomic. Threads: as wake.h says.
#include "base/wake.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err_code wake_init(struct wake *wake, struct err *err)
{
    wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake->fd < 0)
        return err_set(err, ERR_IO, "could not make an eventfd: %s", strerror(errno));
    return ERR_NONE;
}

void wake_fini(struct wake *wake)
{
    if (wake->fd >= 0)
        close(wake->fd);
    wake->fd = -1;
}

void wake_call(const struct wake *wake)
{
    uint64_t one = 1;
    while (write(wake->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

void wake_clear(const struct wake *wake)
{
    uint64_t calls;
    while (read(wake->fd, &calls, sizeof(calls)) < 0 && errno == EINTR)
        ;
}
