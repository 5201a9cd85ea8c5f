// SPDX-License-Identifier: Apache-2.0
#include "text/exposition.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "text/exposition_read.h"

enum { ROOM = 65536 };

static void assert_text(const struct buf *out, const char *expected)
{
    assert_int_equal(out->len, strlen(expected));
    assert_memory_equal(out->data, expected, out->len);
}

static void a_family_has_help_and_type(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, ROOM);
    exposition_family(&out, "requests_total", EXPOSITION_COUNTER, "Requests.");
    exposition_count(&out, "requests_total", span_of(""), 18446744073709551615u);
    exposition_family(&out, "age_seconds", EXPOSITION_GAUGE, "An age.");
    exposition_number(&out, "age_seconds", span_of("app=\"a\""), 1795942663.25);
    exposition_number(&out, "age_seconds", span_of("app=\"b\""), INFINITY);
    exposition_number(&out, "age_seconds", span_of("app=\"c\""), (double)NAN);
    assert_text(&out, "# HELP requests_total Requests.\n"
                      "# TYPE requests_total counter\n"
                      "requests_total 18446744073709551615\n"
                      "# HELP age_seconds An age.\n"
                      "# TYPE age_seconds gauge\n"
                      "age_seconds{app=\"a\"} 1795942663.25\n"
                      "age_seconds{app=\"b\"} +Inf\n"
                      "age_seconds{app=\"c\"} NaN\n");
}

static void a_family_of_one_sample_is_written_at_once(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, ROOM);
    exposition_single_count(&out, "places", EXPOSITION_GAUGE, "Places.", 3);
    exposition_single_number(&out, "seconds_total", EXPOSITION_COUNTER, "Seconds.", 0.5);
    assert_text(&out, "# HELP places Places.\n"
                      "# TYPE places gauge\n"
                      "places 3\n"
                      "# HELP seconds_total Seconds.\n"
                      "# TYPE seconds_total counter\n"
                      "seconds_total 0.5\n");
}

static void labels_are_escaped(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, ROOM);
    exposition_label(&labels, "a", span_of("say \"no\""));
    exposition_label(&labels, "b", span_of("back\\slash\nline"));
    assert_text(&labels, "a=\"say \\\"no\\\"\",b=\"back\\\\slash\\nline\"");
}

static void buckets_of_a_histogram_add_up(void **state)
{
    (void)state;
    AUTO(buf_fini) struct buf out;
    buf_init(&out, ROOM);
    struct histogram histogram = {0};
    struct histogram_view view = {0};
    histogram_count(&histogram, 100 * NS_PER_US);
    histogram_count(&histogram, 3 * NS_PER_MS);
    histogram_count(&histogram, 60 * NS_PER_S);
    histogram_read(&histogram, &view);
    exposition_histogram(&out, "s", span_of("a=\"b\""), &view);
    struct span text = buf_span(&out);
    struct exposition_sample sample;
    size_t buckets = 0;
    double before = 0;
    while (exposition_next(&text, &sample) && span_is(sample.name, "s_bucket")) {
        double bound = strtod(exposition_label_of(sample.labels, "le").at, NULL);
        if (buckets < HISTOGRAM_BUCKETS - 1)
            assert_int_equal(lround(bound * 1e9), histogram_bounds_ns[buckets]);
        else
            assert_true(isinf(bound));
        assert_true(sample.value >= before);
        before = sample.value;
        buckets++;
    }
    assert_int_equal(buckets, HISTOGRAM_BUCKETS);
    assert_int_equal((int)before, 3);
    assert_true(span_is(sample.name, "s_sum"));
    assert_true(fabs(sample.value - 60.0031) < 1e-9);
    assert_true(exposition_next(&text, &sample));
    assert_true(span_is(sample.name, "s_count"));
    assert_int_equal((int)sample.value, 3);
    assert_false(exposition_next(&text, &sample));
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct span text =
        span_of("# HELP a b\n\nno sample\na{x=\"1}\\\",\",y=\"z\"} 2.5\nb +Inf\nc{x=\"\"} 1e3\nd{x=\"1\"\n");
    struct exposition_sample sample;
    assert_true(exposition_next(&text, &sample));
    assert_true(span_is(sample.name, "a"));
    assert_true(span_is(exposition_label_of(sample.labels, "x"), "1}\\\","));
    assert_true(span_is(exposition_label_of(sample.labels, "y"), "z"));
    assert_int_equal(exposition_label_of(sample.labels, "w").len, 0);
    assert_true(fabs(sample.value - 2.5) < 1e-9);
    assert_true(exposition_next(&text, &sample));
    assert_true(span_is(sample.name, "b") && isinf(sample.value));
    assert_true(exposition_next(&text, &sample));
    assert_true(span_is(sample.name, "c") && fabs(sample.value - 1000) < 1e-9);
    assert_false(exposition_next(&text, &sample));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_family_has_help_and_type),
        cmocka_unit_test(a_family_of_one_sample_is_written_at_once),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(buckets_of_a_histogram_add_up),
        cmocka_unit_test(what_was_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
