// SPDX-License-Identifier: Apache-2.0
#include "text/multipart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

enum { ROOM = 1024 * 1024 };

#define HEAD(name) "Content-Disposition: form-data; name=\"f\"; filename=\"" name "\"\r\n"

// Feeds a form in parts of that many bytes. `out` gets "NAME|TYPE|" and the bytes of the file.
static enum err_code read_form(
    struct span boundary, struct span in, size_t part, struct buf *out, struct err *err)
{
    struct multipart *multipart;
    enum err_code code = multipart_new(boundary, &multipart, err);
    if (code != ERR_NONE)
        return code;
    while (in.len > 0 && code == ERR_NONE) {
        struct span piece = {.at = in.at, .len = in.len < part ? in.len : part}, bytes;
        enum multipart_event event = MULTIPART_BYTES;
        in = (struct span){.at = in.at + piece.len, .len = in.len - piece.len};
        while (code == ERR_NONE && event != MULTIPART_MORE) {
            code = multipart_next(multipart, &piece, &event, &bytes, err);
            if (code == ERR_NONE && event == MULTIPART_BYTES)
                buf_append(out, bytes.at, bytes.len);
            if (code == ERR_NONE && event == MULTIPART_FILE) {
                struct span name = multipart_file_name(multipart), type = multipart_file_type(multipart);
                buf_printf(
                    out, "%.*s|%.*s|", (int)name.len, name.at, (int)type.len, type.at != NULL ? type.at : "");
            }
        }
        if (code == ERR_NONE)
            assert_int_equal(piece.len, 0);
    }
    if (code == ERR_NONE)
        code = multipart_finish(multipart, err);
    multipart_free(multipart);
    return code;
}

// What comes of a form with the boundary "bb", however it is cut.
static void expect(const char *form, const char *expected)
{
    struct span in = span_of(form);
    for (size_t part = 1; part <= in.len; part++) {
        AUTO(buf_fini) struct buf out;
        struct err err = {0};
        buf_init(&out, ROOM);
        if (read_form(span_of("bb"), in, part, &out, &err) != ERR_NONE)
            fail_msg("%s", err.text);
        if (!span_is(buf_span(&out), expected))
            fail_msg("by %zu: %.*s", part, (int)out.len, out.data);
    }
}

static void expect_failure(const char *form, const char *text)
{
    struct span in = span_of(form);
    for (size_t part = 1; part <= in.len; part++) {
        AUTO(buf_fini) struct buf out;
        struct err err = {0};
        buf_init(&out, ROOM);
        assert_int_equal(read_form(span_of("bb"), in, part, &out, &err), ERR_MALFORMED);
        assert_string_equal(err.text, text);
    }
}

static void the_file_of_a_form_comes_out_however_it_is_cut(void **state)
{
    (void)state;
    expect("--bb\r\n" HEAD("a.csv") "Content-Type: text/csv\r\n\r\nid\r\n1\r\n\r\n--bb--\r\n",
        "a.csv|text/csv|id\r\n1\r\n");
    expect("preamble\r\n--b\r\n--bb  \t\r\n" HEAD("a.csv") "\r\n--b\r\n-\r\r\n--\r\nx\r\n--bb--",
        "a.csv||--b\r\n-\r\r\n--\r\nx");
    expect("--bb\r\n" HEAD("a.csv") "\r\n\r\n--bb--\r\nepilogue\r\n--bb\r\n" HEAD("b.csv") "\r\n", "a.csv||");
    expect(
        "--bb\r\ncontent-type:  text/csv ;x=1 \r\nX-Other: y\r\ncontent-disposition:Form-Data;filename=a.csv;name=f\r\n"
        "Content-Transfer-Encoding: Binary\r\n\r\nid\n\r\n--bb--",
        "a.csv|text/csv ;x=1|id\n");
    expect(
        "--bb\r\nContent-Disposition: form-data; name=\"x;filename=y\"; filename=\"a \\\"b\\\"; c.csv\"; filename*=UTF-8''z\r\n\r\n1\r\n--bb--",
        "a \\\"b\\\"; c.csv||1");
}

static void a_form_that_is_not_of_one_file_is_refused(void **state)
{
    (void)state;
    expect_failure("--bb\r\n" HEAD("a.csv") "\r\n1\r\n--bb\r\n" HEAD("b.csv") "\r\n2\r\n--bb--",
        "the form has more than one file: send each in a request of its own");
    expect_failure("--bb\r\nContent-Disposition: form-data; name=\"tag\"\r\n\r\nx\r\n--bb--",
        "the form has a field \"tag\" beside its file: send one file and nothing else; parameters go into the query");
    expect_failure("--bb\r\nContent-Disposition: form-data\r\n\r\nx\r\n--bb--",
        "the form has a field \"\" beside its file: send one file and nothing else; parameters go into the query");
    expect_failure("--bb\r\n" HEAD("") "\r\n\r\n--bb--", "the form has no file: choose one");
    expect_failure("--bb--\r\n", "the form has no file");
    expect_failure("--bb\r\nContent-Type: text/csv\r\n\r\nid\r\n--bb--",
        "a part of the form has no Content-Disposition: form-data");
    expect_failure("--bb\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\nid\r\n--bb--",
        "a part of the form has no Content-Disposition: form-data");
    expect_failure("--bb\r\n" HEAD("a.csv") "Content-Transfer-Encoding: base64\r\n\r\naWQ=\r\n--bb--",
        "the file comes in a Content-Transfer-Encoding: send its bytes as they are");
    expect_failure(
        "--bbb\r\n" HEAD("a.csv") "\r\n1\r\n--bb--", "a boundary of the form has something behind it");
    expect_failure(
        "id,name\r\n1,a\r\n", "the form has no part: the boundary that its Content-Type names does not come");
}

static void a_form_that_is_cut_off_is_told_wherever_that_is(void **state)
{
    (void)state;
    const char *form = "--bb\r\n" HEAD("a.csv") "\r\n1,2\r\n--bb--";
    for (size_t len = 0; len < strlen(form); len++) {
        AUTO(buf_fini) struct buf out;
        struct err err = {0};
        buf_init(&out, ROOM);
        assert_int_equal(
            read_form(span_of("bb"), (struct span){.at = form, .len = len}, 7, &out, &err), ERR_MALFORMED);
        assert_string_equal(
            err.text, len < 4 ? "the form has no part: the boundary that its Content-Type names does not come"
                              : "the form is cut off: its last boundary is missing");
    }
}

static void the_head_of_a_part_is_bounded(void **state)
{
    (void)state;
    static char form[2 * LIMIT_PART_HEAD_BYTES];
    AUTO(buf_fini) struct buf out;
    struct err err = {0};
    char text[80];
    memset(form, 'x', sizeof(form) - 1);
    memcpy(form, "--bb\r\n", 6);
    snprintf(
        text, sizeof(text), "the head of a part of the form is larger than %d bytes", LIMIT_PART_HEAD_BYTES);
    buf_init(&out, ROOM);
    assert_int_equal(read_form(span_of("bb"), span_of(form), 1000, &out, &err), ERR_TOO_LARGE);
    assert_string_equal(err.text, text);
}

static void a_boundary_is_read_out_of_the_type(void **state)
{
    (void)state;
    static const char *const types[][2] = {
        {"multipart/form-data; boundary=----WebKitFormBoundaryAbc123", "----WebKitFormBoundaryAbc123"},
        {"multipart/form-data;BOUNDARY=\"a b:c\";charset=x", "a b:c"},
        {"multipart/form-data; charset=utf-8 ; boundary= x ", "x"},
        {"multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789",
            "0123456789012345678901234567890123456789012345678901234567890123456789"},
        {"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
            NULL},
        {"multipart/form-data", NULL},
        {"multipart/form-data; boundary=", NULL},
        {"multipart/form-data; boundary=\"\"", NULL},
        {"multipart/form-data; boundary=\"a \"", NULL},
        {"multipart/form-data; boundary=a@b", NULL},
        {"multipart/form-data; xboundary=a", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct span boundary = {0};
        assert_int_equal(multipart_boundary(span_of(types[i][0]), &boundary), types[i][1] != NULL);
        if (types[i][1] != NULL)
            assert_true(span_is(boundary, types[i][1]));
    }
}

static void missing_memory_is_told(void **state)
{
    (void)state;
    enum err_code code = ERR_NO_MEMORY;
    for (long n = 0; code == ERR_NO_MEMORY; n++) {
        AUTO(buf_fini) struct buf out;
        buf_init(&out, ROOM);
        buf_reserve(&out, 1000);
        mem_fail_after(n);
        code = read_form(span_of("bb"), span_of("--bb\r\n" HEAD("a.csv") "\r\n1\r\n--bb--"), 50, &out, NULL);
        mem_fail_after(-1);
        assert_true(n < 20);
    }
    assert_int_equal(code, ERR_NONE);
    multipart_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_of_a_form_comes_out_however_it_is_cut),
        cmocka_unit_test(a_form_that_is_not_of_one_file_is_refused),
        cmocka_unit_test(a_form_that_is_cut_off_is_told_wherever_that_is),
        cmocka_unit_test(the_head_of_a_part_is_bounded),
        cmocka_unit_test(a_boundary_is_read_out_of_the_type),
        cmocka_unit_test(missing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
