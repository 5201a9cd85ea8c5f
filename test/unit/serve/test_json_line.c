// SPDX-License-Identifier: Apache-2.0
// Lines in JSON: whatever they say, each is one object and one line.
#include "serve/json_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

// Reads the object that a line is.
static json_t *parsed(const struct buf *line)
{
    json_error_t error;
    assert_null(memchr(line->data, '\n', line->len));
    json_t *object = json_loadb(line->data, line->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (object == NULL)
        fail_msg("%.*s: %s", (int)line->len, line->data, error.text);
    return object;
}

static void a_message_of_any_bytes_is_an_object(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = {'a', (char)byte, '"', (char)byte, 'z'};
        AUTO(buf_fini) struct buf out;
        buf_init(&out, 4096);
        json_line_message(&out, (struct span){.at = text, .len = sizeof(text)});
        json_t *object = parsed(&out);
        const char *message = json_string_value(json_object_get(object, "message"));
        size_t len = json_string_length(json_object_get(object, "message"));
        assert_true(message[0] == 'a' && message[len - 1] == 'z');
        assert_string_equal(json_string_value(json_object_get(object, "kind")), "message");
        assert_int_equal(
            json_string_length(json_object_get(object, "time")), strlen("2026-01-31T12:00:00.123Z"));
        json_decref(object);
    }
}

static void members_follow_each_other(void **state)
{
    (void)state;
    AUTO(json_line_fini) struct json_line line;
    json_line_init(&line, "access");
    json_line_text(&line, "path", span_of("/\"\n"));
    json_line_integer(&line, "rows", UINT64_MAX);
    json_line_seconds(&line, "seconds", 1002003999);
    buf_append_str(json_line_value(&line, "plan"), "[]");
    const char *members = strstr(line.text.data, "\"kind\"");
    assert_non_null(members);
    struct span rest = {.at = members, .len = line.text.len - (size_t)(members - line.text.data)};
    assert_true(span_is(rest, "\"kind\":\"access\",\"path\":\"/\\\"\\n\",\"rows\":18446744073709551615,"
                              "\"seconds\":1.002003,\"plan\":[]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_any_bytes_is_an_object),
        cmocka_unit_test(members_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
