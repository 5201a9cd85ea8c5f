// SPDX-License-Identifier: Apache-2.0
// Names stay as they are; the values of labels keep their escapes, so that two that are equal are equal byte
// by byte.
#include "text/exposition_read.h"

#include <stdio.h>
#include <stdlib.h>

enum { NUMBER_CHARS = 64 };

// The length of the labels at the start of `rest`, up to their closing brace; rest.len when there is none.
static size_t labels_len(struct span rest)
{
    bool is_quoted = false;
    for (size_t i = 0; i < rest.len; i++) {
        if (is_quoted && rest.at[i] == '\\')
            i++;
        else if (rest.at[i] == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && rest.at[i] == '}')
            return i;
    }
    return rest.len;
}

static bool read_value(struct span text, double *ret_value)
{
    char number[NUMBER_CHARS];
    if (text.len == 0 || text.len >= sizeof(number))
        return false;
    snprintf(number, sizeof(number), "%.*s", (int)text.len, text.at);
    char *end;
    *ret_value = strtod(number, &end);  // takes +Inf and NaN as well
    return *end == '\0' || *end == ' '; // a moment may stand behind it
}

static bool read_line(struct span line, struct exposition_sample *ret_sample)
{
    struct exposition_sample sample = {.name = {.at = line.at}};
    while (sample.name.len < line.len && line.at[sample.name.len] != '{' && line.at[sample.name.len] != ' ')
        sample.name.len++;
    struct span rest = span_from(line, sample.name.len);
    if (sample.name.len == 0 || line.at[0] == '#' || rest.len == 0)
        return false;
    if (rest.at[0] == '{') {
        sample.labels = span_from(rest, 1);
        sample.labels.len = labels_len(sample.labels);
        if (sample.labels.len + 1 >= rest.len)
            return false;
        rest = span_from(rest, sample.labels.len + 2);
    }
    if (!read_value(span_trim(rest), &sample.value))
        return false;
    *ret_sample = sample;
    return true;
}

bool exposition_next(struct span *text, struct exposition_sample *ret_sample)
{
    while (text->len > 0) {
        if (read_line(span_line(text), ret_sample))
            return true;
    }
    return false;
}

struct span exposition_label_of(struct span labels, const char *name)
{
    while (labels.len > 0) {
        struct span label = span_split(&labels, '=');
        if (labels.len == 0)
            break;
        struct span value = span_from(labels, 1); // without its first quote
        size_t len = 0;
        while (len < value.len && value.at[len] != '"')
            len += value.at[len] == '\\' ? 2 : 1;
        if (len > value.len)
            break;
        labels = span_from(value, len);
        value.len = len;
        if (span_is(label, name))
            return value;
        labels = span_from(labels, labels.len > 2 ? 2 : labels.len); // the last quote, and a comma
    }
    return span_of("");
}
