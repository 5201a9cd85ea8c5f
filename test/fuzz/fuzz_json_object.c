// SPDX-License-Identifier: Apache-2.0
// An object that is read is JSON, and JSON that is an object is read. Written anew from its members, and from
// the items of its lists, it has the same normal form. json_rows.c reads the same members, however the bytes
// are cut. How many items are kept of a list changes nothing else. The input's first byte is that number, and
// how many bytes are fed at a time.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "text/json_normal.h"
#include "text/json_object.h"
#include "text/json_rows.h"
#include "text/json_write.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NORMAL_BYTES = 1024 * 1024, ARENA_BYTES = 16 * 1024 * 1024 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_in(struct span part, struct span text)
{
    return part.at >= text.at && part.at + part.len <= text.at + text.len;
}

static void write_item(const struct json_item *item, struct buf *out)
{
    if (item->kind == JSON_STRING)
        require(json_write_string(out, item->text) == ERR_NONE);
    else
        require(json_normal_write(item->text, out));
}

static void write_items(const struct json_entry *entry, struct buf *out)
{
    buf_append_str(out, entry->is_list ? "[" : "");
    for (const struct json_item *item = entry->first; item != NULL; item = item->next) {
        buf_append_str(out, item != entry->first ? "," : "");
        write_item(item, out);
    }
    buf_append_str(out, entry->is_list ? "]" : "");
}

// The object of its members as they are written, or of their items.
static void write_entries(const struct json_entry *first, bool by_items, struct buf *out)
{
    buf_append_byte(out, '{');
    for (const struct json_entry *entry = first; entry != NULL; entry = entry->next) {
        require(utf8_valid(entry->name));
        buf_append_str(out, entry != first ? "," : "");
        require(json_write_string(out, entry->name) == ERR_NONE);
        buf_append_byte(out, ':');
        if (by_items)
            write_items(entry, out);
        else
            require(json_normal_write(entry->json, out));
    }
    buf_append_byte(out, '}');
}

static size_t count_items(const struct json_entry *entry)
{
    size_t count = 0;
    for (const struct json_item *item = entry->first; item != NULL; item = item->next)
        count++;
    return count;
}

// Two readings of one text, of which the second one keeps at most so many items.
static void compare(const struct json_entry *all, const struct json_entry *some, size_t max_items)
{
    for (; all != NULL && some != NULL; all = all->next, some = some->next) {
        size_t count = count_items(all);
        require(span_equal(all->name, some->name) && all->is_list == some->is_list);
        require(all->json.at == some->json.at && all->json.len == some->json.len);
        require(count_items(some) == (all->is_list && count > max_items ? max_items : count));
        require(all->is_list || count == 1);
    }
    require(all == NULL && some == NULL);
}

static bool on_row(void *ctx, int64_t line, const struct json_member *members, size_t count)
{
    const struct json_entry **entry = ctx;
    require(line == 1);
    for (size_t i = 0; i < count; i++, *entry = (*entry)->next) {
        require(*entry != NULL && span_equal(members[i].name, (*entry)->name));
        const struct json_item *item = (*entry)->first;
        bool is_nested = (*entry)->is_list || item->kind == JSON_NESTED;
        require(members[i].kind == (is_nested ? JSON_NESTED : item->kind));
        struct buf normal;
        buf_init(&normal, NORMAL_BYTES);
        if (is_nested)
            require(
                json_normal_write((*entry)->json, &normal) && span_equal(buf_span(&normal), members[i].text));
        else if (item->kind != JSON_NULL)
            require(span_equal(item->text, members[i].text));
        buf_fini(&normal);
    }
    require(*entry == NULL);
    return true;
}

static bool on_not_object(void *ctx, int64_t line)
{
    (void)ctx;
    (void)line;
    abort();
}

static void compare_with_rows(struct span text, size_t step, const struct json_entry *first)
{
    const struct json_entry *entry = first;
    struct json_rows_handler handler = {
        .ctx = &entry, .keeps_nested = true, .on_row = on_row, .on_not_object = on_not_object};
    struct json_rows *rows;
    struct err err = {0};
    enum err_code code = ERR_NONE;
    require(json_rows_new(&handler, false, &rows, &err) == ERR_NONE);
    for (size_t at = 0; at < text.len && code == ERR_NONE; at += step) {
        size_t len = text.len - at < step ? text.len - at : step;
        code = json_rows_feed(rows, (struct span){.at = text.at + at, .len = len}, &err);
    }
    if (code == ERR_NONE)
        code = json_rows_finish(rows, &err);
    require(code == ERR_NONE || code == ERR_TOO_LARGE); // of more members than a row may have
    require(code == ERR_NONE || text.len > LIMIT_FIELDS);
    json_rows_free(rows);
}

static size_t depth_at_most(struct span text)
{
    size_t opened = 0;
    for (size_t i = 0; i < text.len; i++)
        opened += text.at[i] == '{' || text.at[i] == '[';
    return opened;
}

static void check_read(struct span text, const struct json_entry *first, struct span normal, bool is_json)
{
    struct buf anew;
    for (const struct json_entry *entry = first; entry != NULL; entry = entry->next)
        require(is_in(entry->json, text));
    if (!is_json) { // as a whole it is deeper than its values
        require(depth_at_most(text) > LIMIT_JSON_DEPTH);
        return;
    }
    for (int by_items = 0; by_items < 2; by_items++) {
        buf_init(&anew, NORMAL_BYTES);
        write_entries(first, by_items != 0, &anew);
        require(span_equal(buf_span(&anew), normal));
        buf_fini(&anew);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct span text = {.at = (const char *)data + 1, .len = size - 1};
    struct json_entry *first, *some;
    struct arena arena;
    struct buf normal;
    struct err err = {0}, same = {0};
    arena_init(&arena, ARENA_BYTES);
    buf_init(&normal, NORMAL_BYTES);
    bool is_json = json_normal_write(text, &normal);
    enum err_code code = json_object_read(text, SIZE_MAX, &arena, &first, &err);
    require(code == json_object_read(text, data[0] % 4, &arena, &some, &same));
    require(code == err.code && code == same.code && strcmp(err.text, same.text) == 0);
    require(err.line == same.line && err.column == same.column);
    require(err.line <= text.len + 1 && err.column <= text.len + 1);
    if (code == ERR_NONE) {
        compare(first, some, data[0] % 4);
        check_read(text, first, buf_span(&normal), is_json);
        if (is_json) {
            compare_with_rows(text, SIZE_MAX / 2, first);
            compare_with_rows(text, 1 + data[0], first);
        }
    } else {
        require(code == ERR_MALFORMED && err.line > 0 && err.column > 0);
        require(!is_json || normal.data[0] != '{');
    }
    arena_fini(&arena);
    buf_fini(&normal);
    return 0;
}
