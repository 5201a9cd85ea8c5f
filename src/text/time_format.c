// SPDX-License-Identifier: Apache-2.0
// One walk over the pieces of a format, for looking at it and for reading by it. A format was looked at when
// its app was read, so reading takes it as it is. Pure; any thread.
#include "text/time_format.h"

#include "base/ascii.h"
#include "text/digits.h"
#include "text/time_of_day.h"

// What a conversion tells.
enum part {
    PART_DAY,
    PART_MONTH,
    PART_YEAR,
    PART_HOUR,
    PART_HALF,
    PART_MINUTE,
    PART_SECOND,
    PART_FRACTION,
    PART_OFFSET,
    PARTS
};

static const struct {
    char letter;
    enum part part;
    const char *twice; // what is wrong when it comes again
} conversions[] = {
    {'d', PART_DAY, "has %d twice"},
    {'m', PART_MONTH, "has %m twice"},
    {'b', PART_MONTH, "has %b twice"},
    {'B', PART_MONTH, "has %B twice"},
    {'Y', PART_YEAR, "has %Y twice"},
    {'y', PART_YEAR, "has %y twice"},
    {'H', PART_HOUR, "has %H twice"},
    {'I', PART_HOUR, "has %I twice"},
    {'p', PART_HALF, "has %p twice"},
    {'M', PART_MINUTE, "has %M twice"},
    {'S', PART_SECOND, "has %S twice"},
    {'f', PART_FRACTION, "has %f twice"},
    {'z', PART_OFFSET, "has %z twice"},
};

// The next piece of a format: a character, or a conversion, whose letter goes to *ret_conversion, else 0.
static char take_piece(struct span *format, char *ret_conversion)
{
    *ret_conversion = '\0';
    size_t taken = 1;
    char piece = format->at[0];
    if (piece == '%' && format->len > 1) {
        piece = format->at[1];
        *ret_conversion = piece == '%' ? '\0' : piece;
        taken = 2;
    }
    format->at += taken;
    format->len -= taken;
    return piece;
}

bool time_format_has(struct span format, char conversion)
{
    char found;
    while (format.len > 0) {
        (void)take_piece(&format, &found);
        if (found == conversion)
            return true;
    }
    return false;
}

// --- looking at a format

static const char *unknown_conversion(enum time_format_use use)
{
    switch (use) {
    case FORMAT_OF_DATE:
        return "has a conversion that is none of %d, %m, %b, %B, %Y, %y and %%";
    case FORMAT_OF_TIME:
        return "has a conversion that is none of %H, %I, %p, %M, %S, %f and %%";
    case FORMAT_OF_TIMESTAMP:
        break;
    }
    return "has a conversion that is none of %d, %m, %b, %B, %Y, %y, %H, %I, %p, %M, %S, %f, %z and %%";
}

static bool suits(enum part part, enum time_format_use use)
{
    if (use == FORMAT_OF_DATE)
        return part <= PART_YEAR;
    return use == FORMAT_OF_TIMESTAMP || (part > PART_YEAR && part < PART_OFFSET);
}

// What is wrong with the pieces, one by one, or NULL. *ret_seen: the letter of each part.
static const char *piece_problem(struct span format, enum time_format_use use, char ret_seen[PARTS])
{
    static const char *const both[PARTS] = {[PART_MONTH] = "has two of %m, %b and %B",
        [PART_YEAR] = "has both %Y and %y",
        [PART_HOUR] = "has both %H and %I"};
    memset(ret_seen, 0, PARTS);
    while (format.len > 0) {
        bool is_cut = format.len == 1 && format.at[0] == '%';
        char conversion;
        char piece = take_piece(&format, &conversion);
        if (conversion == '\0' && ascii_is_digit(piece))
            return "has a digit, which cannot be told from those of the date";
        if (is_cut)
            return unknown_conversion(use);
        if (conversion == '\0')
            continue;
        size_t i = 0;
        while (i < ARRAY_LEN(conversions) && conversions[i].letter != conversion)
            i++;
        if (i == ARRAY_LEN(conversions) || !suits(conversions[i].part, use))
            return unknown_conversion(use);
        char *seen = &ret_seen[conversions[i].part];
        if (*seen != '\0')
            return *seen == conversion ? conversions[i].twice : both[conversions[i].part];
        *seen = conversion;
    }
    return NULL;
}

// What is lacking, or NULL.
static const char *missing_part(const char seen[PARTS], enum time_format_use use)
{
    if (use != FORMAT_OF_TIME &&
        (seen[PART_DAY] == '\0' || seen[PART_MONTH] == '\0' || seen[PART_YEAR] == '\0'))
        return use == FORMAT_OF_DATE ? "has to have %d, %m or %b, and %Y or %y"
                                     : "has to have %d, %m or %b, %Y or %y, %H or %I, and %M";
    if (use == FORMAT_OF_DATE)
        return NULL;
    if (seen[PART_HOUR] == '\0' || seen[PART_MINUTE] == '\0')
        return use == FORMAT_OF_TIME ? "has to have %H or %I, and %M"
                                     : "has to have %d, %m or %b, %Y or %y, %H or %I, and %M";
    if (seen[PART_HOUR] == 'I' && seen[PART_HALF] == '\0')
        return "has %I without %p, so that nobody knows which half of the day is meant";
    if (seen[PART_HOUR] == 'H' && seen[PART_HALF] != '\0')
        return "has %p, which goes with %I, not with %H";
    if (seen[PART_FRACTION] != '\0' && seen[PART_SECOND] == '\0')
        return "has %f, which are the decimal places of %S, without %S";
    return NULL;
}

// Whether the format takes a text in the canonical form for something else.
static bool misreads(struct span format, enum time_format_use use)
{
    enum { SECOND = 4 * 3600 + 5 * 60 + 6, MINUTE = SECOND - 6 };
    static const struct {
        const char *text;
        enum time_format_use use;
        int second_of_day;
    } samples[] = {
        {"2001-02-03", FORMAT_OF_DATE, 0},
        {"04:05", FORMAT_OF_TIME, MINUTE},
        {"04:05:06", FORMAT_OF_TIME, SECOND},
        {"2001-02-03T04:05:06Z", FORMAT_OF_TIMESTAMP, SECOND},
        {"2001-02-03T04:05:06", FORMAT_OF_TIMESTAMP, SECOND},
        {"2001-02-03 04:05:06", FORMAT_OF_TIMESTAMP, SECOND},
        {"2001-02-03 04:05", FORMAT_OF_TIMESTAMP, MINUTE},
    };
    struct date day = {0};
    if (use != FORMAT_OF_TIME)
        day = (struct date){.year = 2001, .month = 2, .day = 3};
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct time_parts parts;
        if (samples[i].use == use && time_format_read(span_of(samples[i].text), format, NULL, &parts) &&
            (date_to_days(parts.date) != date_to_days(day) ||
                parts.second_of_day != samples[i].second_of_day))
            return true;
    }
    return false;
}

const char *time_format_problem(struct span format, enum time_format_use use)
{
    static const char *const canonical[] = {
        [FORMAT_OF_DATE] = "cannot be told from YYYY-MM-DD, which is always read, too",
        [FORMAT_OF_TIME] = "cannot be told from hh:mm:ss, which is always read, too",
        [FORMAT_OF_TIMESTAMP] = "cannot be told from YYYY-MM-DDThh:mm:ss, which is always read, too"};
    char seen[PARTS];
    const char *problem = piece_problem(format, use, seen);
    if (problem == NULL)
        problem = missing_part(seen, use);
    if (problem == NULL && misreads(format, use))
        problem = canonical[use];
    return problem;
}

// --- reading by it

// A reading under way.
struct reading {
    struct span text;   // what is left
    struct span format; // likewise
    struct date date;   // as written, perhaps of no day
    int hour, minute, second;
    char half;               // 'a' or 'p'; 0: there is none
    struct time_parts parts; // fraction and offset
};

// Takes a number of `least` to `most` digits off the front of *text; -1 when there is none.
static int take_number(struct span *text, size_t least, size_t most)
{
    size_t digits = 0;
    int number = 0;
    for (; digits < most && digits < text->len && ascii_is_digit(text->at[digits]); digits++)
        number = number * 10 + (text->at[digits] - '0');
    if (digits < least)
        return -1;
    text->at += digits;
    text->len -= digits;
    return number;
}

// Takes a word off the front of *text, if it stands there in whatever case.
static bool take_word(struct span *text, const char *word)
{
    if (!span_starts_with_nocase(*text, word))
        return false;
    size_t len = strlen(word);
    text->at += len;
    text->len -= len;
    return true;
}

static int take_month(struct span *text)
{
    enum { SHORT = 3 };
    static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
        "August", "September", "October", "November", "December"};
    for (int i = 0; i < (int)ARRAY_LEN(months); i++) {
        struct span start = {.at = months[i], .len = SHORT};
        if (take_word(text, months[i]))
            return i + 1;
        if (text->len < SHORT || !span_equal_nocase((struct span){.at = text->at, .len = SHORT}, start))
            continue;
        text->at += SHORT;
        text->len -= SHORT;
        return i + 1;
    }
    return -1;
}

static bool take_half(struct reading *reading)
{
    if (take_word(&reading->text, "a.m.") || take_word(&reading->text, "am"))
        reading->half = 'a';
    else if (take_word(&reading->text, "p.m.") || take_word(&reading->text, "pm"))
        reading->half = 'p';
    return reading->half != '\0';
}

// The decimal places of the second: a point is the format's to have.
static bool take_decimals(struct reading *reading)
{
    char room[1 + 10] = ".";
    size_t digits = 0;
    while (
        digits < reading->text.len && digits < sizeof(room) - 1 && ascii_is_digit(reading->text.at[digits]))
        digits++;
    memcpy(room + 1, reading->text.at, digits);
    struct span fraction = {.at = room, .len = 1 + digits};
    reading->text.at += digits;
    reading->text.len -= digits;
    return time_of_day_take_fraction(&fraction, &reading->parts.us, &reading->parts.fraction_digits);
}

bool time_format_take_offset(struct span *rest, int32_t *ret_offset_s)
{
    if (take_word(rest, "Z")) {
        *ret_offset_s = 0;
        return true;
    }
    if (rest->len < 3 || (rest->at[0] != '+' && rest->at[0] != '-'))
        return false;
    int hours = digits_read(rest->at + 1, 2), minutes = 0;
    size_t taken = 3;
    if (rest->len >= 6 && rest->at[3] == ':') {
        minutes = digits_read(rest->at + 4, 2);
        taken = 6;
    } else if (rest->len >= 5 && ascii_is_digit(rest->at[3])) {
        minutes = digits_read(rest->at + 3, 2);
        taken = 5;
    }
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *ret_offset_s = (hours * 3600 + minutes * 60) * (rest->at[0] == '-' ? -1 : 1);
    rest->at += taken;
    rest->len -= taken;
    return true;
}

// Takes what a conversion stands for off the front of the text; false when something else is there.
static bool take_conversion(struct reading *reading, char conversion, size_t least)
{
    struct span *text = &reading->text;
    switch (conversion) {
    case 'd':
        return (reading->date.day = take_number(text, least, 2)) >= 0;
    case 'm':
        return (reading->date.month = take_number(text, least, 2)) >= 0;
    case 'b':
    case 'B':
        return (reading->date.month = take_month(text)) >= 0;
    case 'Y':
        return (reading->date.year = take_number(text, 4, 4)) >= 0;
    case 'y':
        return (reading->date.year = take_number(text, 2, 2)) >= 0;
    case 'H':
    case 'I':
        return (reading->hour = take_number(text, least, 2)) >= (conversion == 'I');
    case 'p':
        return take_half(reading);
    case 'M':
        return (reading->minute = take_number(text, least, 2)) >= 0;
    case 'S':
        return (reading->second = take_number(text, least, 2)) >= 0;
    case 'f':
        return take_decimals(reading);
    default:
        reading->parts.has_offset = true;
        return time_format_take_offset(text, &reading->parts.offset_s);
    }
}

// Takes what the format's next piece stands for.
static bool take_part(struct reading *reading)
{
    char conversion, following = '\0';
    char piece = take_piece(&reading->format, &conversion);
    struct span ahead = reading->format;
    if (ahead.len > 0)
        (void)take_piece(&ahead, &following);
    bool has_piece = reading->text.len > 0 && reading->text.at[0] == piece;
    if (conversion == '\0' && following == 'f' && !has_piece) { // as in a second without decimal places
        (void)take_piece(&reading->format, &conversion);
        return true;
    }
    if (conversion != '\0')
        return take_conversion(reading, conversion, following != '\0' && following != 'p' ? 2 : 1);
    if (!has_piece)
        return false;
    reading->text.at++;
    reading->text.len--;
    return true;
}

// The year that two digits mean, for a month and day.
static int whole_year(struct date date, const struct date *today)
{
    if (today == NULL)
        return date.year + (date.year >= 69 ? 1900 : 2000);
    int year = today->year - today->year % 100 + date.year;
    bool is_future = year > today->year ||
                     (year == today->year && (date.month > today->month ||
                                                 (date.month == today->month && date.day > today->day)));
    return is_future ? year - 100 : year;
}

// The parts, if they are a day and a time; a leap second may be one.
static bool settle(struct reading *reading, bool has_day)
{
    if (has_day && !date_exists(reading->date))
        return false;
    if (reading->half != '\0') {
        if (reading->hour > 12)
            return false;
        reading->hour = reading->hour % 12 + (reading->half == 'p' ? 12 : 0);
    }
    if (reading->hour > 23 || reading->minute > 59 || reading->second > 60)
        return false;
    reading->parts.date = reading->date;
    reading->parts.is_leap = reading->second == 60;
    reading->parts.second_of_day = reading->hour * 3600 + reading->minute * 60 + reading->second;
    return true;
}

bool time_format_read(
    struct span text, struct span format, const struct date *today, struct time_parts *ret_parts)
{
    struct reading reading = {.text = text, .format = format};
    bool fits = true;
    while (reading.format.len > 0 && fits)
        fits = take_part(&reading);
    if (!fits || reading.text.len > 0)
        return false;
    if (time_format_has(format, 'y'))
        reading.date.year = whole_year(reading.date, today);
    if (!settle(&reading, time_format_has(format, 'd')))
        return false;
    *ret_parts = reading.parts;
    return true;
}

bool date_parse_format(struct span text, struct span format, const struct date *today, struct date *ret_date)
{
    struct time_parts parts;
    if (!time_format_read(text, format, today, &parts))
        return date_parse(text, ret_date);
    *ret_date = parts.date;
    return true;
}
