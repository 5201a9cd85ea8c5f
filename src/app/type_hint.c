// SPDX-License-Identifier: Apache-2.0
// What databases and languages call types, and which of ours they are. Any thread.
#include "app/type_hint.h"

#include "app/rule_line.h"
#include "base/attr.h"
#include "text/nearest.h"
#include "text/value.h"

#define MEANT(type) "did you mean " type "?"

static const struct {
    const char *name; // what others call a type, in small letters
    const char *advice;
} foreign_types[] = {
    {"int", MEANT("integer")},
    {"int2", MEANT("integer")},
    {"int4", MEANT("integer")},
    {"int8", MEANT("integer")},
    {"int32", MEANT("integer")},
    {"int64", MEANT("integer")},
    {"bigint", MEANT("integer")},
    {"smallint", MEANT("integer")},
    {"long", MEANT("integer")},
    {"serial", MEANT("integer")},
    {"string", MEANT("text")},
    {"str", MEANT("text")},
    {"char", MEANT("text maxlength N")},
    {"varchar", MEANT("text maxlength N")},
    {"character", MEANT("text maxlength N")},
    {"nvarchar", MEANT("text maxlength N")},
    {"citext", MEANT("text")},
    {"guid", MEANT("uuid")},
    {"uniqueidentifier", MEANT("uuid")},
    {"email", MEANT("text")},
    {"url", MEANT("text")},
    {"jsonb", MEANT("json")},
    {"object", MEANT("json")},
    {"enum", MEANT("text in (a, b)")},
    {"bool", MEANT("boolean")},
    {"bit", MEANT("boolean")},
    {"float", MEANT("number")},
    {"float4", MEANT("number")},
    {"float8", MEANT("number")},
    {"double", MEANT("number")},
    {"real", MEANT("number")},
    {"dec", MEANT("decimal(12,2)")},
    {"numeric", MEANT("decimal(12,2)")},
    {"money", MEANT("decimal(12,2)")},
    {"currency", MEANT("decimal(12,2)")},
    {"num", MEANT("number")},
    {"datetime", MEANT("timestamp")},
    {"timestamptz", MEANT("timestamp")},
    {"instant", MEANT("timestamp")},
    {"day", MEANT("date")},
    {"list", MEANT("text list")},
    {"array", MEANT("text list")},
    {"text[]", MEANT("text list")},
    {"integer[]", MEANT("integer list")},
    {"int[]", MEANT("integer list")},
};

const char *type_hint(struct span word)
{
    static const char *const advice[] = {[TYPE_TEXT] = MEANT("text"),
        [TYPE_INTEGER] = MEANT("integer"),
        [TYPE_NUMBER] = MEANT("number"),
        [TYPE_BOOLEAN] = MEANT("boolean"),
        [TYPE_DATE] = MEANT("date"),
        [TYPE_TIMESTAMP] = MEANT("timestamp"),
        [TYPE_TIME] = MEANT("time"),
        [TYPE_UUID] = MEANT("uuid"),
        [TYPE_JSON] = MEANT("json"),
        [TYPE_DECIMAL] = MEANT("decimal(12,2)")};
    const char *parenthesis = memchr(word.at, '(', word.len);
    if (parenthesis != NULL)
        word.len = (size_t)(parenthesis - word.at);
    while (word.len > 0 && strchr(",:;.", word.at[word.len - 1]) != NULL)
        word.len--;
    for (size_t i = 0; i < ARRAY_LEN(foreign_types); i++) {
        if (span_is_nocase(word, foreign_types[i].name))
            return foreign_types[i].advice;
    }
    const char *names[ARRAY_LEN(advice)];
    for (size_t i = 0; i < ARRAY_LEN(advice); i++)
        names[i] = value_type_name((enum value_type)i);
    const char *nearest = nearest_of(word, names, ARRAY_LEN(names));
    enum value_type type;
    bool is_near =
        nearest != NULL && 2 * nearest_edits(word, span_of(nearest)) < strlen(nearest); // title: no time
    if (is_near && value_type_from_name(span_of(nearest), &type))
        return advice[type];
    nearest = nearest_in(word, foreign_types, ARRAY_LEN(foreign_types), sizeof(foreign_types[0]));
    if (nearest != NULL && nearest_edits(word, span_of(nearest)) == 1)
        return type_hint(span_of(nearest));
    return rule_word_is(word) ? "put a type in front of it" : NULL;
}
