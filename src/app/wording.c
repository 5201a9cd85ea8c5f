// SPDX-License-Identifier: Apache-2.0
// Finds the quotes in a message and takes out what is in them. A value may hold quotes itself, and messages
// quote without escapes: so all between the first and the last quote was sent, or all of it goes. No state.
#include "app/wording.h"

#include <string.h>

static const char HIDDEN[] = "\xe2\x80\xa6"; // an ellipsis

static void hide_between(char *text, char quote, bool (*was_sent)(void *ctx, struct span quoted), void *ctx)
{
    char *first = strchr(text, quote), *last = strrchr(text, quote);
    if (first == NULL)
        return;
    if (first == last) // the message was cut, or an apostrophe
        last = quote == '"' ? text + strlen(text) : first;
    if (first == last)
        return;
    struct span between = {.at = first + 1, .len = (size_t)(last - first - 1)};
    if (was_sent(ctx, between))
        return;
    size_t room = between.len, hidden = strlen(HIDDEN);
    if (room < hidden) { // as short as that it is no secret, but neither was it sent
        memset(first + 1, '.', room);
        return;
    }
    memcpy(first + 1, HIDDEN, hidden);
    memmove(first + 1 + hidden, last, strlen(last) + 1);
}

void wording_hide(char *text, bool (*was_sent)(void *ctx, struct span quoted), void *ctx)
{
    hide_between(text, '"', was_sent, ctx);
    hide_between(text, '\'', was_sent, ctx);
}
