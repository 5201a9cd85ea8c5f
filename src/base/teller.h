// SPDX-License-Identifier: Apache-2.0
// Whoever is told of something in words: mostly the log, of which the folders below serve/ know no more.
#ifndef RECKONER_BASE_TELLER_H
#define RECKONER_BASE_TELLER_H

#include "base/attr.h"

struct teller {
    void (*tell)(void *ctx, const char *text); // takes a line, without its end; NULL: nobody is told
    void *ctx;                                 // handed to it
};

// Tells a formatted line, cut at 1 KiB as one of the log is. On the caller's thread.
void teller_say(const struct teller *teller, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
