// SPDX-License-Identifier: Apache-2.0
// Decimals as scaled integers: 12.30 at scale 2 is 1230. No double is involved, but for decimal_from_real.
// Pure; any thread.
#ifndef RECKONER_TEXT_DECIMAL_H
#define RECKONER_TEXT_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/span.h"
#include "text/number.h"

enum { DECIMAL_MAX_DIGITS = 18 }; // of a decimal: as many as always fit into 64 bits

enum decimal_result {
    DECIMAL_OK,
    DECIMAL_NO_NUMBER, // it is none
    DECIMAL_TOO_LONG,  // it has more digits than there is room for, in front of the point or behind it
};

// Reads a number in any spelling that number_read takes, exponents too: at most `precision` digits, `scale`
// of them behind the point. Zeros at the end of the decimal places are no digits: 12.300 fits where 12.30
// does. 1 ≤ precision ≤ DECIMAL_MAX_DIGITS, scale ≤ precision.
MUST_CHECK enum decimal_result decimal_parse(
    struct span text, unsigned precision, unsigned scale, int64_t *ret_scaled);

// Writes it with `scale` decimal places, at most DECIMAL_MAX_DIGITS, and a NUL: "12.30", "-0.05", "7" at
// scale 0. Returns the length without it.
size_t decimal_format(int64_t scaled, unsigned scale, char out[NUMBER_CHARS]);

// Brings it from one scale to another one, both at most DECIMAL_MAX_DIGITS; what lies between two numbers is
// rounded, halves away from zero. False when it does not fit.
MUST_CHECK bool decimal_rescale(int64_t scaled, unsigned from, unsigned to, int64_t *ret_scaled);

// The integer that is nearest to the real's first 15 digits, halves away from zero: 304.49999999999994, which
// is what 1050 * 0.29 gives, is 305. A whole real is itself. False when it does not fit, or is not finite.
MUST_CHECK bool decimal_from_real(double real, int64_t *ret_integer);

// Appends a number of any length, an optional minus and digits with or without a point, with `scale` decimal
// places; rounded as above.
void decimal_write_rounded(struct span digits, unsigned scale, struct buf *out);

#endif
