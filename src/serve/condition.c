// SPDX-License-Identifier: Apache-2.0
// Joins the fields of a name to one list, and compares. What a list holds is etag.c's; which answer a request
// has, and what the client is told, is request_head.c's and reply.c's. No state.
#include "serve/condition.h"

#include <string.h>

#include "serve/etag.h"

// Appends a field's value to a list that has room for it (RFC 9110 section 5.3).
static void join(char *list, size_t *len, struct span value)
{
    if (*len > 0)
        list[(*len)++] = ',';
    if (value.len > 0)
        memcpy(list + *len, value.at, value.len);
    *len += value.len;
}

// All fields of that name as one list of entity tags; at NULL when there is none.
static enum err_code read_list(const struct http_request *head, const char *name, struct arena *arena,
    struct span *ret_list, struct err *err)
{
    size_t bytes = 0, len = 0;
    for (size_t i = 0; i < head->field_count; i++)
        bytes += span_is_nocase(head->fields[i].name, name) ? head->fields[i].value.len + 1 : 0;
    if (bytes == 0)
        return ERR_NONE;
    char *list = arena_alloc(arena, bytes);
    if (list == NULL)
        return err_no_memory(err);
    for (size_t i = 0; i < head->field_count; i++) {
        if (span_is_nocase(head->fields[i].name, name))
            join(list, &len, head->fields[i].value);
    }
    *ret_list = (struct span){.at = list, .len = len};
    if (!etag_list_is_valid(*ret_list))
        return err_set(
            err, ERR_MALFORMED, "%s is neither * nor a list of entity tags, such as \"a\", W/\"b\"", name);
    return ERR_NONE;
}

// Whether any field may be one of these: hardly any request has one.
static bool has_condition(const struct http_request *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        struct span name = head->fields[i].name;
        if (name.len > 3 && name.at[2] == '-' && span_starts_with_nocase(name, "if"))
            return true;
    }
    return false;
}

enum err_code condition_read(
    const struct http_request *head, struct arena *arena, struct condition *ret_condition, struct err *err)
{
    if (!has_condition(head))
        return ERR_NONE;
    struct condition condition = {.unmodified_since = http_field(head, "If-Unmodified-Since") != NULL};
    enum err_code code = read_list(head, "If-Match", arena, &condition.match, err);
    if (code == ERR_NONE)
        code = read_list(head, "If-None-Match", arena, &condition.none_match, err);
    if (code == ERR_NONE)
        *ret_condition = condition;
    return code;
}

int condition_status(const struct condition *condition, struct span etag)
{
    if (condition->match.at != NULL && !etag_is_listed(condition->match, etag, ETAG_STRONG))
        return 412;
    if (condition->none_match.at != NULL && etag_is_listed(condition->none_match, etag, ETAG_WEAK))
        return 304;
    return 0;
}

const char *condition_of_write(const struct condition *condition)
{
    if (condition->match.at != NULL)
        return "If-Match";
    if (condition->none_match.at != NULL)
        return "If-None-Match";
    return condition->unmodified_since ? "If-Unmodified-Since" : NULL;
}
