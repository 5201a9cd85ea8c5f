// SPDX-License-Identifier: Apache-2.0
// Whatever is not named is a verdict on what was sent.
#include "batch/verdict.h"

enum verdict verdict_of(enum err_code code)
{
    switch (code) {
    case ERR_NONE:
        return VERDICT_DONE;
    case ERR_BUSY:
    case ERR_DISK_FULL:
    case ERR_NO_MEMORY:
    case ERR_BEHIND:
        return VERDICT_PASSES;
    case ERR_ABORTED:
    case ERR_AGAIN:
    case ERR_STALE:
    case ERR_TIMEOUT:
    case ERR_CONFIG:
    case ERR_IO:
    case ERR_STORE:
        return VERDICT_FAILED;
    default:
        return VERDICT_BAD;
    }
}
