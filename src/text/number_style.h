// SPDX-License-Identifier: Apache-2.0
// Numbers as people write them: with a point or a comma before the fraction, and with something or nothing
// between groups of three digits. Says which styles a text is of; reading them is batch/csv_cells.h's. Pure;
// any thread.
#ifndef RECKONER_TEXT_NUMBER_STYLE_H
#define RECKONER_TEXT_NUMBER_STYLE_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

struct number_style {
    char decimal;   // '.' or ','
    char thousands; // '.', ',', '\'' for either apostrophe, ' ' for any blank, or '\0'
};

// From the plainest on.
enum { NUMBER_STYLES = 8 };
extern const struct number_style number_styles[NUMBER_STYLES];

// What a number is made of.
struct number_shape {
    unsigned whole;   // digits in front of the point
    unsigned scale;   // digits behind it
    bool has_point;   //
    bool has_groups;  // something stands between groups of its digits
    bool zero_filled; // a zero in front of other digits, as postcodes have it: 01234
};

// Bytes of the separator between groups of digits that the text begins with: `thousands`, or what people also
// write for it that looks the same (any blank, a curly apostrophe); 0: none.
size_t number_style_separator(char thousands, struct span text);

// Whether `text`, without blanks around it, is a number of the style.
MUST_CHECK bool number_style_fits(
    struct span text, struct number_style style, struct number_shape *ret_shape);

#endif
