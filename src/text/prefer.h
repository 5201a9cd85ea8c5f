// SPDX-License-Identifier: Apache-2.0
// The field `Prefer`, in which a client says how it would like to have its request treated (RFC 7240). What
// is not understood, or badly written, is passed over, as section 2 has it: no preference is ever an error.
// Pure functions, any thread.
#ifndef RECKONER_TEXT_PREFER_H
#define RECKONER_TEXT_PREFER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { PREFER_MAX_WAIT_S = 86400 }; // of wait=N; what is longer counts as this

enum prefer_tx {
    PREFER_TX_UNSAID,
    PREFER_TX_COMMIT,
    PREFER_TX_ROLLBACK, // a dry run; the word is PostgREST's
};

enum prefer_return {
    PREFER_RETURN_UNSAID,
    PREFER_RETURN_REPRESENTATION,
    PREFER_RETURN_MINIMAL, // section 4.2
};

enum prefer_handling {
    PREFER_HANDLING_UNSAID,
    PREFER_HANDLING_STRICT,
    PREFER_HANDLING_LENIENT, // section 4.4
};

// What a request prefers; nothing when zeroed.
struct prefer {
    enum prefer_tx tx;
    enum prefer_return returns;
    enum prefer_handling handling;
    bool is_async;   // respond-async, section 4.1
    bool has_wait;   // wait=N, section 4.3
    uint32_t wait_s; // N, 0 to PREFER_MAX_WAIT_S
    unsigned seen;   // the reader's own: a bit for each preference that was there
};

// Reads one field's value; of a request with several, in their order, into one zeroed struct. Of a preference
// that comes more than once only the first one counts, whatever its value is. Names and values are compared
// without regard to case; a value is a token or a quoted string; parameters behind a ";" are passed over.
void prefer_read(struct span value, struct prefer *prefer);

#endif
