// SPDX-License-Identifier: Apache-2.0
// The log: what is written, what is dropped, and that the end writes all.
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

// Reads all that comes out of a pipe until its other end is closed.
static void read_all(int fd, struct buf *out)
{
    for (;;) {
        assert_int_equal(buf_reserve(out, 65536), ERR_NONE);
        ssize_t got = read(fd, out->data + out->len, 65536);
        assert_true(got >= 0);
        if (got == 0)
            return;
        out->len += (size_t)got;
    }
}

static void lines_come_out_in_order_and_all_at_the_end(void **state)
{
    (void)state;
    int ends[2];
    struct log *log;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_new(ends[1], &log, NULL), ERR_NONE);
    log_line(log, span_of("first"));
    log_printf(log, "second %d", 2);
    log_line(log, (struct span){0});
    log_line(log, span_of("last"));
    log_free(log);
    close(ends[1]);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1024 * 1024);
    read_all(ends[0], &out);
    close(ends[0]);
    assert_true(span_is(buf_span(&out), "first\nsecond 2\n\nlast\n"));
}

static void a_formatted_line_is_cut(void **state)
{
    (void)state;
    int ends[2];
    struct log *log;
    char text[3000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_new(ends[1], &log, NULL), ERR_NONE);
    log_printf(log, "%s", text);
    log_free(log);
    close(ends[1]);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1024 * 1024);
    read_all(ends[0], &out);
    close(ends[0]);
    assert_int_equal(out.len, 1024);
    assert_int_equal(out.data[1023], '\n');
}

static void what_a_client_sent_cannot_begin_a_line(void **state)
{
    (void)state;
    int ends[2];
    struct log *log;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_new(ends[1], &log, NULL), ERR_NONE);
    log_printf(log, "a row has %s", "x\r\nreckoner: all is well\x1b[2J\x7f \xc3\xa9");
    log_free(log);
    close(ends[1]);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1024 * 1024);
    read_all(ends[0], &out);
    close(ends[0]);
    assert_true(span_is(buf_span(&out), "a row has x??reckoner: all is well?[2J? \xc3\xa9\n"));
}

static void in_brackets(struct buf *out, struct span message)
{
    buf_append_byte(out, '[');
    buf_append(out, message.at, message.len);
    buf_append_byte(out, ']');
}

static void messages_take_the_form_that_is_set_and_lines_do_not(void **state)
{
    (void)state;
    int ends[2];
    struct log *log;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_new(ends[1], &log, NULL), ERR_NONE);
    assert_false(log_has_form(log));
    log_set_form(log, in_brackets);
    assert_true(log_has_form(log));
    log_printf(log, "a\tb %d", 1);
    log_line(log, span_of("a line"));
    log_set_form(log, NULL);
    log_printf(log, "a\tb %d", 2);
    log_free(log);
    close(ends[1]);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1024 * 1024);
    read_all(ends[0], &out);
    close(ends[0]);
    assert_true(span_is(buf_span(&out), "[a\tb 1]\na line\na?b 2\n"));
}

// Counts the lines that say `text`, and adds up the numbers of "log: N lines dropped".
static void count_lines(
    const struct buf *out, const char *text, unsigned long *ret_lines, unsigned long *ret_dropped)
{
    const char *at = out->data, *end = out->data + out->len;
    *ret_lines = *ret_dropped = 0;
    while (at < end) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(feed);
        struct span line = {.at = at, .len = (size_t)(feed - at)};
        unsigned long dropped;
        if (span_is(line, text)) {
            ++*ret_lines;
        } else {
            assert_int_equal(sscanf(at, "log: %lu lines dropped\n", &dropped), 1);
            *ret_dropped += dropped;
        }
        at = feed + 1;
    }
}

// A thread that reads a pipe to its end.
struct reader {
    int fd;         // borrowed
    struct buf out; // what came
};

static void *run_reader(void *arg)
{
    struct reader *reader = arg;
    read_all(reader->fd, &reader->out);
    return NULL;
}

static void lines_past_the_buffer_are_dropped_and_counted(void **state)
{
    (void)state;
    enum { LINES = 5000 };
    int ends[2];
    struct log *log;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0); // a full one must be waited for, not given up
    assert_int_equal(log_new(ends[1], &log, NULL), ERR_NONE);
    for (int i = 0; i < LINES; i++) // 5 MB: nobody reads, so the buffers of the log and the pipe fill up
        log_line(log, span_of(text));
    struct reader reader = {.fd = ends[0]};
    buf_init(&reader.out, 16 * 1024 * 1024);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_reader, &reader), 0);
    log_free(log);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    unsigned long lines, dropped;
    count_lines(&reader.out, text, &lines, &dropped);
    assert_int_equal(lines + dropped, LINES);
    assert_true(lines >= LIMIT_LOG_BYTES / 1001);
    assert_true(dropped > 0);
    buf_fini(&reader.out);
}

static void wait_for_dropped(struct log *log, uint64_t count)
{
    for (int i = 0; log_dropped(log) < count && i < 30000; i++)
        usleep(1000);
    assert_int_equal(log_dropped(log), count);
}

static void lines_that_a_full_disk_refuses_are_counted_and_told_of_when_there_is_room(void **state)
{
    (void)state;
    int ends[2], full = open("/dev/full", O_WRONLY);
    struct log *log;
    assert_true(full >= 0);
    assert_int_equal(log_new(full, &log, NULL), ERR_NONE);
    log_line(log, span_of("a line that is lost"));
    wait_for_dropped(log, 1);
    log_line(log, span_of("another one"));
    wait_for_dropped(log, 2);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[1], full), full);
    log_line(log, span_of("there is room"));
    log_free(log);
    close(ends[1]);
    close(full);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1024 * 1024);
    read_all(ends[0], &out);
    close(ends[0]);
    assert_true(span_is(buf_span(&out), "there is room\nlog: 2 lines dropped\n"));
}

// What of a file goes beyond the limit is refused as on a full disk, and a write that reaches it is cut.
static void a_line_that_is_cut_is_ended_before_the_next_one(void **state)
{
    (void)state;
    struct rlimit before, small;
    struct log *log;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 10;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(log_new(fileno(file), &log, NULL), ERR_NONE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    log_line(log, span_of("a line that is cut"));
    wait_for_dropped(log, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    log_line(log, span_of("there is room"));
    log_free(log);
    char text[128] = "";
    rewind(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    assert_string_equal(text, "a line tha\nthere is room\nlog: 1 lines dropped\n");
}

static void a_reader_that_is_gone_does_not_hold_up_the_end(void **state)
{
    (void)state;
    int ends[2];
    struct log *log;
    assert_int_equal(pipe(ends), 0);
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    close(ends[0]);
    assert_int_equal(log_new(ends[1], &log, NULL), ERR_NONE);
    log_line(log, span_of("nobody reads this"));
    log_free(log);
    close(ends[1]);
}

static void no_log_is_fine(void **state)
{
    (void)state;
    log_line(NULL, span_of("x"));
    log_printf(NULL, "x");
    assert_false(log_has_form(NULL));
    log_free(NULL);
}

static void a_lack_of_memory_is_told(void **state)
{
    (void)state;
    struct log *log = NULL;
    struct err err = {0};
    mem_fail_after(0);
    enum err_code code = log_new(2, &log, &err);
    mem_fail_after(-1);
    assert_int_equal(code, ERR_NO_MEMORY);
    assert_null(log);
}

static void in_too_many_words(struct buf *out, struct span message)
{
    for (int i = 0; i < 100000; i++)
        buf_append(out, message.at, message.len);
}

static void a_message_whose_form_does_not_fit_is_dropped_and_counted(void **state)
{
    (void)state;
    int ends[2];
    struct log *log;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(log_new(ends[1], &log, NULL), ERR_NONE);
    log_set_form(log, in_too_many_words);
    log_printf(log, "a message");
    log_set_form(log, NULL);
    assert_int_equal(log_dropped(log), 1);
    log_free(log);
    close(ends[1]);
    AUTO(buf_fini) struct buf out;
    buf_init(&out, 1024 * 1024);
    read_all(ends[0], &out);
    close(ends[0]);
    assert_true(span_is(buf_span(&out), "log: 1 lines dropped\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_out_in_order_and_all_at_the_end),
        cmocka_unit_test(a_formatted_line_is_cut),
        cmocka_unit_test(what_a_client_sent_cannot_begin_a_line),
        cmocka_unit_test(messages_take_the_form_that_is_set_and_lines_do_not),
        cmocka_unit_test(a_message_whose_form_does_not_fit_is_dropped_and_counted),
        cmocka_unit_test(lines_past_the_buffer_are_dropped_and_counted),
        cmocka_unit_test(lines_that_a_full_disk_refuses_are_counted_and_told_of_when_there_is_room),
        cmocka_unit_test(a_line_that_is_cut_is_ended_before_the_next_one),
        cmocka_unit_test(a_reader_that_is_gone_does_not_hold_up_the_end),
        cmocka_unit_test(no_log_is_fine),
        cmocka_unit_test(a_lack_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
