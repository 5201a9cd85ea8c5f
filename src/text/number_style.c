// SPDX-License-Identifier: Apache-2.0
// One pass over the text. A sign stands in front; exponents are no style of people's tables, and are left to
// text/number.h. Any thread.
#include "text/number_style.h"

#include "text/number_unit.h"

const struct number_style number_styles[NUMBER_STYLES] = {
    {'.', '\0'}, {',', '\0'}, {'.', ','}, {',', '.'}, {'.', ' '}, {',', ' '}, {'.', '\''}, {',', '\''}};

size_t number_style_separator(char thousands, struct span text)
{
    static const char *const quotes[] = {"'", "\u2019"};
    if (thousands == ' ')
        return number_blank(text);
    for (size_t i = 0; thousands == '\'' && i < ARRAY_LEN(quotes); i++) {
        if (span_starts_with(text, quotes[i]))
            return strlen(quotes[i]);
    }
    return thousands != '\0' && text.len > 0 && text.at[0] == thousands;
}

static unsigned count_digits(struct span text)
{
    unsigned count = 0;
    while (count < text.len && text.at[count] >= '0' && text.at[count] <= '9')
        count++;
    return count;
}

bool number_style_fits(struct span text, struct number_style style, struct number_shape *ret_shape)
{
    struct number_shape shape = {0};
    if (text.len > 0 && (text.at[0] == '-' || text.at[0] == '+'))
        text = span_from(text, 1);
    shape.whole = count_digits(text);
    bool starts_with_zero = shape.whole > 0 && text.at[0] == '0';
    shape.zero_filled = starts_with_zero && shape.whole > 1;
    text = span_from(text, shape.whole);
    for (size_t len; (len = number_style_separator(style.thousands, text)) > 0; shape.whole += 3) {
        bool is_first_fine = shape.has_groups || (shape.whole > 0 && shape.whole <= 3 && !starts_with_zero);
        if (!is_first_fine || count_digits(span_from(text, len)) != 3)
            return false;
        shape.has_groups = true;
        text = span_from(text, len + 3);
    }
    if (text.len > 0 && text.at[0] == style.decimal) {
        shape.has_point = true;
        text = span_from(text, 1);
        shape.scale = count_digits(text);
        text = span_from(text, shape.scale);
    }
    if (text.len > 0 || shape.whole + shape.scale == 0)
        return false;
    *ret_shape = shape;
    return true;
}
