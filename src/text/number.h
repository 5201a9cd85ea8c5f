// SPDX-License-Identifier: Apache-2.0
// Numbers from text and back, the same in every locale. Pure functions, any thread.
#ifndef RECKONER_TEXT_NUMBER_H
#define RECKONER_TEXT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

enum { NUMBER_CHARS = 32 }; // room for any formatted number and its NUL

// Reads an optional minus and decimal digits; nothing else may be there. Leading zeros are fine, and -0 is 0.
// False when it is not that, or does not fit.
MUST_CHECK bool number_parse_integer(struct span text, int64_t *ret_integer);

// Reads a number as JSON writes it (RFC 8259 section 6): no plus, no leading zeros, digits on both sides of
// the point. The nearest double. False when it is not that, or is too large for a finite double; one that is
// too small becomes a subnormal or zero.
MUST_CHECK bool number_parse(struct span text, double *ret_real);

// Reads an integer as people and spreadsheets write it: as number_parse_integer, and also with a plus, and
// with a point and zeros behind it (+5, 5., 5.00). False when it is not that, or does not fit.
MUST_CHECK bool number_read_integer(struct span text, int64_t *ret_integer);

// Reads a number in any such spelling: with a plus, leading zeros, digits on one side of the point alone (+5,
// 00.5, .5, 5.). Otherwise as number_parse.
MUST_CHECK bool number_read(struct span text, double *ret_real);

// Writes an integer and a NUL; returns the length without it.
size_t number_format_integer(int64_t integer, char out[NUMBER_CHARS]);

// Writes a double and a NUL, as JSON; returns the length without it. It is the shortest form that reads back,
// laid out as ECMAScript does except that it always shows that it is real: 1112.0 and 0.000001 from 1e-6 up
// to below 1e21, otherwise 1.5e-7 and 1e+22. What JSON has no number for (infinity, NaN) becomes null.
size_t number_format(double real, char out[NUMBER_CHARS]);

#endif
