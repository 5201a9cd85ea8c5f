// SPDX-License-Identifier: Apache-2.0
// Which cells a dialect spells in its own way, and how. Leaves to app/rule.c what passes: a number of the
// dialect becomes one with a point, and a word for true becomes true; a date is left to the rule's format.
// One thread at a time.
#include "batch/csv_cells.h"

#include "base/ascii.h"
#include "text/number_style.h"
#include "text/number_unit.h"

enum { GROUP_DIGITS = 3 };

static bool is_null(const struct csv_dialect *dialect, const struct rule *rule, const struct csv_cell *cell)
{
    if (cell->is_quoted && rule->type == TYPE_TEXT)
        return false;
    for (size_t i = 0; i < dialect->null_count; i++) {
        if (span_equal(cell->text, dialect->nulls[i]))
            return true;
    }
    return false;
}

static void spell_boolean(const struct csv_dialect *dialect, struct csv_cell *cell)
{
    for (size_t i = 0; i < dialect->boolean_count; i++) {
        if (span_equal_nocase(cell->text, dialect->trues[i]))
            cell->text = span_of("true");
        else if (span_equal_nocase(cell->text, dialect->falses[i]))
            cell->text = span_of("false");
        else
            continue;
        return;
    }
}

// --- numbers

static size_t count_digits(struct span text)
{
    size_t count = 0;
    while (count < text.len && ascii_is_digit(text.at[count]))
        count++;
    return count;
}

// Copies the whole part of a number without what groups its digits, and moves *text and *out behind it;
// false for groups that are not of three digits, the first one of one to three and not 0: 0.123 is no 123.
static bool copy_whole(char thousands, struct span *text, char **out)
{
    size_t digits = count_digits(*text), groups = 0, separator;
    do {
        memcpy(*out, text->at, digits);
        *out += digits;
        *text = span_from(*text, digits);
        groups++;
        separator = number_style_separator(thousands, *text);
        if (separator == 0)
            return groups == 1 || digits == GROUP_DIGITS;
        bool is_first =
            groups == 1 && digits > 0 && digits <= GROUP_DIGITS && (*out)[-(ptrdiff_t)digits] != '0';
        if (!is_first && (groups == 1 || digits != GROUP_DIGITS))
            return false;
        *text = span_from(*text, separator);
        digits = count_digits(*text);
    } while (true);
}

// "-€ 1.234,5" to "-1234.5": a sign may stand on either side of a unit in front. What stands behind the
// digits is copied as it is, for the rule to judge; but not what would mean something else there.
static enum csv_spelling spell_number(
    const struct csv_dialect *dialect, struct arena *arena, struct csv_cell *cell)
{
    struct span text = span_trim(cell->text);
    char *copy = arena_alloc(arena, text.len + 1), *out = copy;
    if (copy == NULL)
        return CSV_NO_ROOM;
    struct number_parts parts = number_unit_split(text, dialect->units, dialect->unit_count);
    text = parts.digits;
    if (text.len == 0) // a unit alone is not nothing
        return CSV_UNSPELT;
    if (parts.sign != '\0')
        *out++ = parts.sign;
    if (!copy_whole(dialect->thousands, &text, &out))
        return CSV_UNSPELT;
    if (text.len > 0 && text.at[0] == dialect->decimal) {
        *out++ = '.';
        text = span_from(text, 1);
    }
    if (text.len > 0 && memchr(text.at, '.', text.len) != NULL)
        return CSV_UNSPELT;
    if (text.len > 0)
        memcpy(out, text.at, text.len);
    cell->text = (struct span){.at = copy, .len = (size_t)(out - copy) + text.len};
    return CSV_SPELT;
}

enum csv_spelling csv_cell_spell(
    const struct csv_dialect *dialect, const struct rule *rule, struct arena *arena, struct csv_cell *cell)
{
    if (is_null(dialect, rule, cell)) {
        *cell = (struct csv_cell){.text = {.at = cell->text.at}};
        return CSV_SPELT;
    }
    if (rule->is_list || cell->text.len == 0)
        return CSV_SPELT;
    bool is_plain = dialect->decimal == '.' && dialect->thousands == '\0' && dialect->unit_count == 0;
    switch (rule->type) {
    case TYPE_INTEGER:
    case TYPE_NUMBER:
    case TYPE_DECIMAL:
        return is_plain ? CSV_SPELT : spell_number(dialect, arena, cell);
    case TYPE_BOOLEAN:
        spell_boolean(dialect, cell);
        break;
    default: // spelt in one way, but for formats, which are the rule's
        break;
    }
    return CSV_SPELT;
}
