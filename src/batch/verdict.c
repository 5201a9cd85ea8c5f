// SPDX-License-Identifier: Apache-2.0
// Each code is named, so that a new one is not taken for a verdict on what was sent.
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
    case ERR_MALFORMED:
    case ERR_INVALID:
    case ERR_UNKNOWN:
    case ERR_MEDIA_TYPE:
    case ERR_TOO_LARGE:
    case ERR_CONFLICT:
    case ERR_CONSTRAINT:
    case ERR_VALUE:
        break;
    }
    return VERDICT_BAD;
}
