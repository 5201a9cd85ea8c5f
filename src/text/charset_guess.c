// SPDX-License-Identifier: Apache-2.0
// Counts bytes, and follows UTF-8's sequences; what the counts mean is decided when somebody asks. Of 8-bit
// encodings three are told apart: DOS's by letters that are nothing in the others, Latin-9 by its euro sign,
// and else Windows's, which has all that Latin-1 has. Encodings of other languages (windows-1250, -1251) have
// the same bytes for other letters: who has such a file declares it.
#include "text/charset_guess.h"

#include <string.h>

#include "text/utf8.h"

static void follow_utf8(struct charset_guess *guess, unsigned char byte)
{
    if (guess->more > 0) {
        guess->is_not_utf8 = byte < guess->low || byte > guess->high;
        guess->more--;
        guess->low = 0x80;
        guess->high = 0xbf;
    } else if (byte >= 0x80) {
        struct utf8_lead lead = utf8_lead_of(byte);
        guess->more = lead.more;
        guess->low = lead.low;
        guess->high = lead.high;
        guess->is_not_utf8 = lead.more == 0;
    }
}

void charset_guess_feed(struct charset_guess *guess, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];
        if (guess->bytes < CHARSET_START_BYTES)
            guess->start[guess->bytes] = byte;
        if (byte == 0)
            guess->zeros[guess->bytes % 2]++;
        guess->bytes++;
        guess->seen[byte]++;
        if (!guess->is_not_utf8 && (byte >= 0x80 || guess->more > 0))
            follow_utf8(guess, byte);
    }
}

static uint64_t count_range(const struct charset_guess *guess, unsigned from, unsigned to)
{
    uint64_t count = 0;
    for (unsigned byte = from; byte <= to; byte++)
        count += guess->seen[byte];
    return count;
}

// Control bytes that texts do not have: all but tab, LF, VT, FF, CR and DOS's end of a file.
static uint64_t count_controls(const struct charset_guess *guess)
{
    return count_range(guess, 0x01, 0x08) + count_range(guess, 0x0e, 0x1f) - guess->seen[0x1a] +
           guess->seen[0x7f];
}

static bool starts_with(const struct charset_guess *guess, const char *start, size_t len)
{
    return guess->bytes >= len && memcmp(guess->start, start, len) == 0;
}

// DOS's ä, ö, ü, Ä, Ö, Ü and é lie where the others have quotes, dashes or nothing, and it has no letters
// from 0xc0 on but ß.
static bool is_dos(const struct charset_guess *guess)
{
    static const unsigned char letters[] = {0x81, 0x82, 0x84, 0x8e, 0x94, 0x99, 0x9a};
    uint64_t dos = 0;
    for (size_t i = 0; i < sizeof(letters); i++)
        dos += guess->seen[letters[i]];
    return dos > count_range(guess, 0xc0, 0xff) - guess->seen[0xe1] && guess->seen[0x80] == 0 &&
           guess->seen[0x92] == 0 && guess->seen[0x93] == 0 && guess->seen[0x96] == 0;
}

static const char *guess_8_bit(const struct charset_guess *guess)
{
    if (is_dos(guess))
        return "CP850";
    // The euro sign of Latin-9 is the currency sign of the others, which nobody writes.
    if (guess->seen[0xa4] > 0 && count_range(guess, 0x80, 0x9f) == 0)
        return "ISO-8859-15";
    // Bytes that windows-1252 lacks.
    bool has_others =
        guess->seen[0x81] + guess->seen[0x8d] + guess->seen[0x8f] + guess->seen[0x90] + guess->seen[0x9d] > 0;
    return has_others ? "ISO-8859-1" : "windows-1252";
}

const char *charset_guess_name(const struct charset_guess *guess, bool is_whole)
{
    if (starts_with(guess, "\xff\xfe\0\0", 4))
        return "UTF-32";
    if (starts_with(guess, "\xff\xfe", 2) || starts_with(guess, "\xfe\xff", 2))
        return "UTF-16";
    if (starts_with(guess, "\0\0\xfe\xff", 4))
        return "UTF-32";
    bool is_binary = count_controls(guess) > guess->bytes / 1000;
    uint64_t pairs = guess->bytes / 2;
    // Most characters of any table are ASCII: digits, delimiters, line ends.
    if (!is_binary && guess->zeros[1] > pairs / 3 && guess->zeros[0] < pairs / 20 + 1)
        return "UTF-16LE";
    if (!is_binary && guess->zeros[0] > pairs / 3 && guess->zeros[1] < pairs / 20 + 1)
        return "UTF-16BE";
    if (guess->seen[0] > 0 || is_binary)
        return NULL;
    return guess->is_not_utf8 || (is_whole && guess->more > 0) ? guess_8_bit(guess) : "UTF-8";
}
