// SPDX-License-Identifier: Apache-2.0
// One code point at a time. The words that no name may be are those that PostgreSQL reserves (its manual,
// appendix C), those that SQLite cannot take for names (its list of keywords, without those that it lets
// through), and the names that endpoints give a meaning. Any thread.
#include "text/sql_name.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "text/utf8.h"

enum { LATIN_FIRST = 0xC0, LATIN_A = 0x100, LATIN_A_LAST = 0x17F };

// U+00C0 to U+00FF.
static const char *const latin[64] = {"a", "a", "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i", "i",
    "i", "i", "d", "n", "o", "o", "o", "o", "oe", "_", "o", "u", "u", "u", "ue", "y", "th", "ss", "a", "a",
    "a", "a", "ae", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i", "d", "n", "o", "o", "o", "o",
    "oe", "_", "o", "u", "u", "u", "ue", "y", "th", "y"};

// U+0100 to U+017F, a letter each.
static const char latin_a[] = "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllllllln"
                              "nnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static const char *const words[] = {"abort", "add", "all", "alter", "analyse", "analyze", "and", "any",
    "array", "as", "asc", "asymmetric", "authorization", "autoincrement", "batch", "begin", "between",
    "binary", "both", "by", "calendar", "case", "cast", "check", "collate", "collation", "column", "commit",
    "concurrently", "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "cursor", "default", "deferrable",
    "deferred", "delete", "desc", "distinct", "do", "drop", "else", "end", "escape", "except", "exists",
    "explain", "false", "fetch", "for", "foreign", "format", "freeze", "from", "full", "glob", "grant",
    "group", "having", "ilike", "in", "index", "indexed", "initially", "inner", "insert", "intersect", "into",
    "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "line", "list", "localtime",
    "localtimestamp", "match", "natural", "not", "nothing", "notnull", "null", "offset", "on", "only", "or",
    "order", "outer", "over", "overlaps", "placing", "primary", "raise", "references", "regexp", "returning",
    "right", "rollback", "row", "rowid", "select", "session_user", "set", "similar", "some", "symmetric",
    "system_user", "table", "tablesample", "then", "to", "trailing", "transaction", "true", "union", "unique",
    "update", "user", "using", "values", "variadic", "verbose", "when", "where", "window", "with", "without"};

static int compare(const void *name, const void *word)
{
    return strcmp(name, *(const char *const *)word);
}

static bool is_word(const char *name)
{
    return bsearch(name, words, ARRAY_LEN(words), sizeof(words[0]), compare) != NULL;
}

// A code point of two bytes; 0 for others, which are of no Latin letter here.
static uint32_t code_point_of(struct span sequence)
{
    if (sequence.len != 2)
        return 0;
    return ((uint32_t)(unsigned char)sequence.at[0] & 0x1fu) << 6 |
           ((uint32_t)(unsigned char)sequence.at[1] & 0x3fu);
}

// What stands for the sequence: letters and digits, or "_".
static struct span letters_of(struct span sequence, char *ret_ascii)
{
    static const char blank[] = "_";
    if (sequence.len == 1) {
        *ret_ascii = ascii_lower(sequence.at[0]);
        bool is_kept = ascii_is_letter(*ret_ascii) || ascii_is_digit(*ret_ascii);
        return is_kept ? (struct span){.at = ret_ascii, .len = 1} : span_of(blank);
    }
    uint32_t code_point = code_point_of(sequence);
    if (code_point >= LATIN_A && code_point <= LATIN_A_LAST)
        return (struct span){.at = &latin_a[code_point - LATIN_A], .len = 1};
    return span_of(
        code_point >= LATIN_FIRST && code_point < LATIN_A ? latin[code_point - LATIN_FIRST] : blank);
}

bool sql_name_make(struct span name, char ret_name[SQL_NAME_CHARS])
{
    char made[SQL_NAME_CHARS + 2] = "", ascii; // room for what is put in front or behind
    size_t len = 0, max = SQL_NAME_CHARS - 3;
    bool has_gap = false;
    while (name.len > 0) {
        size_t bytes = utf8_sequence(name);
        struct span sequence = {.at = name.at, .len = bytes > 0 ? bytes : 1};
        struct span letters = bytes > 0 ? letters_of(sequence, &ascii) : span_of("_");
        name.at += sequence.len;
        name.len -= sequence.len;
        if (span_is(letters, "_")) {
            has_gap = len > 0;
            continue;
        }
        if (len + has_gap + letters.len > max)
            break;
        if (len == 0 && ascii_is_digit(letters.at[0]))
            made[len++] = 'c';
        if (has_gap)
            made[len++] = '_';
        has_gap = false;
        memcpy(made + len, letters.at, letters.len);
        len += letters.len;
    }
    if (len == 0)
        return false;
    made[len] = '\0';
    bool is_taken = is_word(made) || strncmp(made, "sqlite_", 7) == 0 || strncmp(made, "reckoner_", 9) == 0;
    snprintf(ret_name, SQL_NAME_CHARS, is_taken ? "%s_" : "%s", made);
    return true;
}

void sql_name_number(char name[SQL_NAME_CHARS], size_t number)
{
    char end[24];
    int end_len = snprintf(end, sizeof(end), "_%zu", number);
    size_t len = strlen(name), room = (size_t)(SQL_NAME_CHARS - 1 - end_len);
    len = len < room ? len : room;
    snprintf(name + len, SQL_NAME_CHARS - len, "%s", end);
}
