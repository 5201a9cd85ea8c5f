// SPDX-License-Identifier: Apache-2.0
// What the end of a batch means to somebody who would try it again by himself, without a client that could
// tell.
#ifndef RECKONER_BATCH_VERDICT_H
#define RECKONER_BATCH_VERDICT_H

#include "base/err.h"

enum verdict {
    VERDICT_DONE,
    VERDICT_LOST,   // somebody else has it; told by whoever binds it to the batch, and by no code
    VERDICT_BAD,    // its bytes or rows do not pass, and never will
    VERDICT_PASSES, // nothing of it was its own: a store that is locked, full or away, the server's end
    VERDICT_FAILED, // it may be its own: a time limit, a failure of the database
};

// Of the code with which it ended, never VERDICT_LOST. Pure; any thread.
enum verdict verdict_of(enum err_code code);

#endif
