// SPDX-License-Identifier: Apache-2.0
// Preference-Applied names a dry run in each response to a request that was read as one, since nothing of it
// is written whatever it has ended with; the way of handling bad rows likewise; a form of the answer only
// where there is one. Reads have no preferences.
#include "serve/preference.h"

#include <stdio.h>

#include "app/plan.h"

void preference_read(struct request *request, const struct http_request *head)
{
    struct prefer prefer = {0};
    for (size_t i = 0; i < head->field_count; i++) {
        if (span_is_nocase(head->fields[i].name, "prefer"))
            prefer_read(head->fields[i].value, &prefer);
    }
    bool has_place = request->endpoint->is_lenient && request->format == FORMAT_JSON; // for the errors
    if (prefer.handling == PREFER_HANDLING_LENIENT && !has_place)
        prefer.handling = PREFER_HANDLING_UNSAID;
    request->prefer = prefer;
    request->has_preferences = true;
}

bool preference_is_minimal(const struct request *request)
{
    const struct batch *batch = &request->batch;
    return request->prefer.returns == PREFER_RETURN_MINIMAL &&
           (!batch->is_lenient || batch->report.total == 0);
}

// Adds a preference to a list.
static size_t add(char *list, size_t len, const char *applied)
{
    int added = snprintf(list + len, PREFERENCE_CHARS - len, "%s%s", len > 0 ? ", " : "", applied);
    return len + (size_t)added;
}

void preference_write(const struct request *request, struct header_lines *lines)
{
    if (!request->has_preferences)
        return;
    const struct prefer *prefer = &request->prefer;
    const struct response *response = &request->response;
    bool is_done = response->status >= 200 && response->status <= 299;
    bool has_body = response->body != NULL || response->file != NULL;
    char list[PREFERENCE_CHARS];
    size_t len = 0;
    if (prefer->tx == PREFER_TX_ROLLBACK)
        len = add(list, len, "tx=rollback");
    else if (prefer->tx == PREFER_TX_COMMIT && is_done)
        len = add(list, len, "tx=commit");
    if (prefer->handling == PREFER_HANDLING_LENIENT)
        len = add(list, len, "handling=lenient");
    else if (prefer->handling == PREFER_HANDLING_STRICT)
        len = add(list, len, "handling=strict");
    if (request->is_minimal)
        len = add(list, len, "return=minimal");
    else if (prefer->returns == PREFER_RETURN_REPRESENTATION && is_done && has_body)
        len = add(list, len, "return=representation");
    if (request->is_deferred)
        len = add(list, len, "respond-async");
    if (request->is_deferred && prefer->wait_s > 0) {
        char wait[32];
        snprintf(wait, sizeof(wait), "wait=%u", prefer->wait_s);
        len = add(list, len, wait);
    }
    if (len > 0) {
        HEADER_LINES_ADD(lines, "Preference-Applied: ");
        header_lines_add(lines, list, len);
        HEADER_LINES_ADD(lines, "\r\n");
    }
    HEADER_LINES_ADD(lines, "Vary: Prefer\r\n");
}
