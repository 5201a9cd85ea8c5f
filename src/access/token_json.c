// SPDX-License-Identifier: Apache-2.0
// Pure; any thread.
#include "access/token_json.h"

#include "base/limits.h"

static bool begins_object(struct span text)
{
    size_t at = 0;
    while (at < text.len && strchr(" \t\r\n", text.at[at]) != NULL && text.at[at] != '\0')
        at++;
    return at < text.len && text.at[at] == '{';
}

static enum err_code check_names(const struct json_entry *first, struct err *err)
{
    size_t count = 0;
    for (const struct json_entry *entry = first; entry != NULL; entry = entry->next) {
        if (++count > LIMIT_TOKEN_MEMBERS)
            return err_set(err, ERR_MALFORMED, "more than %d members", LIMIT_TOKEN_MEMBERS);
        if (token_json_find(entry->next, entry->name) != NULL)
            return err_set(err, ERR_MALFORMED, "a second member %.*s", (int)entry->name.len, entry->name.at);
    }
    return ERR_NONE;
}

enum err_code token_json_read(
    struct span text, size_t max_items, struct arena *arena, struct json_entry **ret_first, struct err *err)
{
    struct json_entry *first = NULL;
    if (!begins_object(text))
        return err_set(err, ERR_MALFORMED, "it is no JSON object");
    enum err_code code = json_object_read(text, max_items, arena, &first, err);
    if (code == ERR_NONE)
        code = check_names(first, err);
    if (code == ERR_NONE)
        *ret_first = first;
    return code;
}

const struct json_entry *token_json_find(const struct json_entry *first, struct span name)
{
    const struct json_entry *entry = first;
    while (entry != NULL && !span_equal(entry->name, name))
        entry = entry->next;
    return entry;
}

struct span token_json_text(const struct json_entry *first, const char *name)
{
    const struct json_entry *entry = token_json_find(first, span_of(name));
    bool is_text = entry != NULL && !entry->is_list && entry->first->kind == JSON_STRING;
    return is_text ? entry->first->text : (struct span){0};
}
