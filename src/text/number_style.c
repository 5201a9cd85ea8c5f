// SPDX-License-Identifier: Apache-2.0
// One pass over the text. A sign stands in front; exponents are no style of people's tables, and are left to
// text/number.h. Any thread.
#include "text/number_style.h"

const struct number_style number_styles[NUMBER_STYLES] = {
    {'.', '\0'}, {',', '\0'}, {'.', ','}, {',', '.'}, {'.', ' '}, {',', ' '}, {'.', '\''}, {',', '\''}};

// Bytes of the separator of groups that the text starts with; 0: none. A blank may be a no-break one, of
// ordinary width or narrow.
static size_t separator(struct span text, char thousands)
{
    if (thousands == '\0' || text.len == 0)
        return 0;
    if (text.at[0] == thousands)
        return 1;
    if (thousands == ' ' && span_starts_with(text, "\xC2\xA0"))
        return 2;
    return thousands == ' ' && span_starts_with(text, "\xE2\x80\xAF") ? 3 : 0;
}

static struct span behind(struct span text, size_t len)
{
    return (struct span){.at = text.at + len, .len = text.len - len};
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
        text = behind(text, 1);
    shape.whole = count_digits(text);
    bool starts_with_zero = shape.whole > 0 && text.at[0] == '0';
    shape.zero_filled = starts_with_zero && shape.whole > 1;
    text = behind(text, shape.whole);
    for (size_t len; (len = separator(text, style.thousands)) > 0; shape.whole += 3) {
        bool is_first_fine = shape.has_groups || (shape.whole > 0 && shape.whole <= 3 && !starts_with_zero);
        if (!is_first_fine || count_digits(behind(text, len)) != 3)
            return false;
        shape.has_groups = true;
        text = behind(text, len + 3);
    }
    if (text.len > 0 && text.at[0] == style.decimal) {
        shape.has_point = true;
        text = behind(text, 1);
        shape.scale = count_digits(text);
        text = behind(text, shape.scale);
    }
    if (text.len > 0 || shape.whole + shape.scale == 0)
        return false;
    *ret_shape = shape;
    return true;
}
