// SPDX-License-Identifier: Apache-2.0
// The words; whether it is so, the store knows. On the main thread.
#include "cmd/recovered.h"

#include <inttypes.h>
#include <stdio.h>

void recovered_tell(struct store *store, const char *shown)
{
    struct store_recovery recovery;
    if (!store_recovered(store, &recovery))
        return;
    fprintf(stderr,
        "reckoner: %s: the last process that wrote to it did not end cleanly: a log of %" PRIu64
        " bytes was there, of which %" PRIu64 " were recovered; all that was acknowledged is in the store\n",
        shown, recovery.log_bytes, recovery.used_bytes);
}
