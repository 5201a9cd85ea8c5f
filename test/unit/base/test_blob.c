// SPDX-License-Identifier: Apache-2.0
// Shared bytes.
#include "base/blob.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void a_blob_takes_what_the_buffer_has(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_append_str(&buf, "answer");
    const char *data = buf.data;
    struct blob *blob = blob_take(&buf);
    assert_non_null(blob);
    assert_ptr_equal(blob->data, data);
    assert_int_equal(blob->len, 6);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf.max, 100);
    blob_unref(blob);
    buf_fini(&buf);
}

static void it_lives_until_the_last_reference_is_dropped(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 100);
    buf_append_str(&buf, "answer");
    struct blob *blob = blob_take(&buf);
    assert_non_null(blob);
    assert_ptr_equal(blob_ref(blob), blob);
    blob_unref(blob);
    assert_memory_equal(blob->data, "answer", 6); // the sanitizer would see a freed one
    blob_unref(blob);
    assert_null(blob_ref(NULL));
    blob_unref(NULL);
}

static void a_failed_buffer_gives_none_and_stays(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 3);
    buf_append_str(&buf, "abc");
    buf_append_byte(&buf, 'd');
    assert_null(blob_take(&buf));
    assert_int_equal(buf.len, 3);
}

static void a_lack_of_memory_leaves_the_buffer(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf buf;
    buf_init(&buf, 100);
    buf_append_str(&buf, "abc");
    mem_fail_after(0);
    struct blob *blob = blob_take(&buf);
    mem_fail_after(-1);
    assert_null(blob);
    assert_true(span_is(buf_span(&buf), "abc"));
}

static void an_empty_buffer_makes_an_empty_blob(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    struct blob *blob = blob_take(&buf);
    assert_non_null(blob);
    assert_int_equal(blob->len, 0);
    blob_unref(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_takes_what_the_buffer_has),
        cmocka_unit_test(it_lives_until_the_last_reference_is_dropped),
        cmocka_unit_test(a_failed_buffer_gives_none_and_stays),
        cmocka_unit_test(a_lack_of_memory_leaves_the_buffer),
        cmocka_unit_test(an_empty_buffer_makes_an_empty_blob),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
