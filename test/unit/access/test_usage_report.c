// SPDX-License-Identifier: Apache-2.0
#include "access/usage_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { DAY = 20424 }; // 2025-12-02

static void add(struct usage_table *table, const char *client, const char *path)
{
    const struct usage_key key = {
        .day = DAY, .client = span_of(client), .method = HTTP_GET, .path = span_of(path)};
    const struct usage_counts counts = {
        .requests = 1, .cached = 2, .failed = 3, .rows = 4, .bytes = 5, .batch_rows = 6};
    assert_int_equal(usage_table_add(table, &key, &counts), ERR_NONE);
}

static void expect(enum answer_format format, const char *expected)
{
    struct usage_report report;
    struct usage_table first, none, second;
    struct buf out;
    buf_init(&out, 4096);
    usage_table_init(&first, 10);
    usage_table_init(&none, 10);
    usage_table_init(&second, 10);
    add(&first, "", "/a,b");
    add(&first, "k_\"a", "/a");
    add(&second, "k_b", "/things/{id}");
    usage_report_start(&report, format, usage_month_of(DAY), &out);
    usage_report_add(&report, "one", &first);
    usage_report_add(&report, "none", &none);
    usage_report_add(&report, "two", &second);
    usage_report_end(&report);
    buf_append_byte(&out, '\0');
    assert_int_equal(buf_status(&out), ERR_NONE);
    assert_string_equal(out.data, expected);
    assert_int_equal(report.rows, 3);
    buf_fini(&out);
    usage_table_fini(&first);
    usage_table_fini(&second);
}

#define COUNTS "\"requests\":1,\"cached\":2,\"failed\":3,\"rows\":4,\"bytes\":5,\"batch_rows\":6}"
#define FIRST  "{\"app\":\"one\",\"day\":\"2025-12-02\",\"client\":\"\",\"endpoint\":\"GET /a,b\"," COUNTS
#define SECOND                                                                                               \
    "{\"app\":\"one\",\"day\":\"2025-12-02\",\"client\":\"k_\\\"a\",\"endpoint\":\"GET /a\"," COUNTS
#define THIRD                                                                                                \
    "{\"app\":\"two\",\"day\":\"2025-12-02\",\"client\":\"k_b\",\"endpoint\":\"GET /things/{id}\"," COUNTS

static void json_has_the_days_the_rows_and_their_total(void **state)
{
    (void)state;
    expect(FORMAT_JSON,
        "{\"from\":\"2025-12-01\",\"to\":\"2025-12-31\",\"usage\":[" FIRST "," SECOND "," THIRD
        "],\"total\":{\"requests\":3,\"cached\":6,\"failed\":9,\"rows\":12,\"bytes\":15,"
        "\"batch_rows\":18}}\n");
}

static void ndjson_is_a_row_a_line(void **state)
{
    (void)state;
    expect(FORMAT_NDJSON, FIRST "\n" SECOND "\n" THIRD "\n");
}

static void csv_has_a_header_and_quotes_where_they_are_needed(void **state)
{
    (void)state;
    expect(FORMAT_CSV, "app,day,client,endpoint,requests,cached,failed,rows,bytes,batch_rows\r\n"
                       "one,2025-12-02,\"\",\"GET /a,b\",1,2,3,4,5,6\r\n"
                       "one,2025-12-02,\"k_\"\"a\",GET /a,1,2,3,4,5,6\r\n"
                       "two,2025-12-02,k_b,GET /things/{id},1,2,3,4,5,6\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_the_days_the_rows_and_their_total),
        cmocka_unit_test(ndjson_is_a_row_a_line),
        cmocka_unit_test(csv_has_a_header_and_quotes_where_they_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
