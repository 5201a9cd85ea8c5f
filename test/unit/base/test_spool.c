// SPDX-License-Identifier: Apache-2.0
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

enum { STEP = 10000 };

static const uint64_t ROOM = 100 * 1000 * 1000;
static bool no_tmpfile; // open says that the file system has no O_TMPFILE

// In the place of libc's.
int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, int) : 0;
    va_end(args);
    if (no_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

struct fixture {
    char dir[40];
    struct temp_space space;
    struct spool spool;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    strcpy(f->dir, "/tmp/test_spool_XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->space = (struct temp_space){.dir = f->dir, .what = "answer", .whats = "answers", .max_bytes = ROOM};
    spool_init(&f->spool, &f->space, ROOM);
    *state = f;
    return 0;
}

// Each test leaves the folder empty and the space unused.
static int tear_down(void **state)
{
    struct fixture *f = *state;
    no_tmpfile = false;
    spool_fini(&f->spool);
    assert_int_equal(f->space.used_bytes, 0);
    assert_int_equal(rmdir(f->dir), 0);
    free(f);
    return 0;
}

// The bytes from `from` on are told by their place.
static char byte_at(uint64_t place)
{
    return (char)('a' + place * 7 % 26);
}

static enum err_code add(struct spool *spool, uint64_t bytes, struct err *err)
{
    enum err_code code = ERR_NONE;
    uint64_t end = spool_bytes(spool) + bytes;
    while (code == ERR_NONE && spool_bytes(spool) < end) {
        uint64_t start = spool_bytes(spool);
        for (uint64_t i = start; i < end && i < start + STEP; i++)
            buf_append_byte(&spool->buf, byte_at(i));
        code = spool_flow(spool, err);
    }
    return code;
}

static void must_add(struct spool *spool, uint64_t bytes)
{
    struct err err = {0};
    if (add(spool, bytes, &err) != ERR_NONE)
        fail_msg("%s", err.text);
}

static void must_end(struct spool *spool)
{
    struct err err = {0};
    if (spool_end(spool, &err) != ERR_NONE)
        fail_msg("%s", err.text);
}

static void expect_file(int fd, uint64_t bytes)
{
    assert_int_equal(lseek(fd, 0, SEEK_END), bytes);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    char part[4096];
    uint64_t at = 0;
    ssize_t len;
    while ((len = read(fd, part, sizeof(part))) > 0) {
        for (ssize_t i = 0; i < len; i++) {
            if (part[i] != byte_at(at++))
                fail_msg("byte %llu is wrong", (unsigned long long)at - 1);
        }
    }
    assert_int_equal(at, bytes);
}

// --- in memory

static void few_bytes_stay_in_memory(void **state)
{
    struct fixture *f = *state;
    must_add(&f->spool, LIMIT_SPOOL_BYTES);
    must_end(&f->spool);
    assert_false(temp_file_is_open(&f->spool.file));
    assert_int_equal(f->spool.buf.len, LIMIT_SPOOL_BYTES);
    assert_int_equal(spool_bytes(&f->spool), LIMIT_SPOOL_BYTES);
    assert_int_equal(f->spool.buf.data[11], byte_at(11));
    assert_int_equal(f->space.used_bytes, 0);
}

static void without_a_space_or_a_folder_all_stays_in_memory(void **state)
{
    (void)state;
    struct temp_space space = {.max_bytes = ROOM};
    struct temp_space *spaces[] = {NULL, &space};
    for (size_t i = 0; i < 2; i++) {
        struct spool spool;
        spool_init(&spool, spaces[i], ROOM);
        must_add(&spool, 4 * LIMIT_SPOOL_BYTES);
        must_end(&spool);
        assert_false(temp_file_is_open(&spool.file));
        assert_int_equal(spool.buf.len, 4 * LIMIT_SPOOL_BYTES);
        spool_fini(&spool);
    }
}

static void a_spool_that_was_never_used_can_be_ended_and_freed(void **state)
{
    struct fixture *f = *state;
    struct spool zeroed = {0};
    int flags = fcntl(0, F_GETFD);
    must_end(&f->spool);
    assert_int_equal(spool_bytes(&f->spool), 0);
    spool_fini(&zeroed); // its fd of 0 is not closed
    assert_int_equal(fcntl(0, F_GETFD), flags);
    spool_fini(&zeroed);
    spool_fini(NULL);
}

// --- in a file

static void many_bytes_go_to_a_file_in_their_order(void **state)
{
    struct fixture *f = *state;
    must_add(&f->spool, 1000003);
    assert_true(temp_file_is_open(&f->spool.file));
    assert_true(f->spool.buf.len <= LIMIT_SPOOL_BYTES);
    assert_int_equal(spool_bytes(&f->spool), 1000003);
    must_end(&f->spool);
    assert_int_equal(f->spool.buf.len, 0);
    assert_null(f->spool.buf.data); // the memory is given back
    assert_int_equal(f->space.used_bytes, 1000003);
    expect_file(f->spool.file.fd, 1000003);
    assert_true((fcntl(f->spool.file.fd, F_GETFD) & FD_CLOEXEC) != 0);
    must_end(&f->spool); // again, which changes nothing
    expect_file(f->spool.file.fd, 1000003);
}

static void its_digest_is_that_of_all_bytes_at_once(void **state)
{
    struct fixture *f = *state;
    char *bytes = malloc(4 * LIMIT_SPOOL_BYTES);
    assert_non_null(bytes);
    for (size_t i = 0; i < 4 * LIMIT_SPOOL_BYTES; i++)
        bytes[i] = byte_at(i);
    const uint64_t sizes[] = {0, 1, LIMIT_SPOOL_BYTES, LIMIT_SPOOL_BYTES + 1, 4 * LIMIT_SPOOL_BYTES};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        must_add(&f->spool, sizes[i]);
        must_end(&f->spool);
        struct digest of_spool = spool_digest(&f->spool);
        struct digest expected = digest_of((struct span){.at = bytes, .len = sizes[i]});
        assert_memory_equal(of_spool.bytes, expected.bytes, sizeof(expected.bytes));
        spool_reset(&f->spool);
    }
    free(bytes);
}

static void the_file_has_no_name(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        no_tmpfile = i == 1; // then it had one for a moment
        must_add(&f->spool, 1000003);
        must_end(&f->spool);
        expect_file(f->spool.file.fd, 1000003);
        assert_int_equal(rmdir(f->dir), 0); // it is empty
        assert_true((fcntl(f->spool.file.fd, F_GETFD) & FD_CLOEXEC) != 0);
        spool_reset(&f->spool);
        assert_int_equal(mkdir(f->dir, 0700), 0);
    }
}

static void a_spool_can_be_used_again_after_a_reset(void **state)
{
    struct fixture *f = *state;
    must_add(&f->spool, 1000000);
    spool_reset(&f->spool);
    assert_int_equal(spool_bytes(&f->spool), 0);
    assert_false(temp_file_is_open(&f->spool.file));
    assert_int_equal(f->space.used_bytes, 0);
    must_add(&f->spool, 600000);
    must_end(&f->spool);
    expect_file(f->spool.file.fd, 600000);
}

static void a_file_that_was_taken_counts_until_it_is_given_back(void **state)
{
    struct fixture *f = *state;
    must_add(&f->spool, 600000);
    must_end(&f->spool);
    int fd = spool_take_file(&f->spool);
    spool_fini(&f->spool);
    expect_file(fd, 600000);
    close(fd);
    assert_int_equal(f->space.used_bytes, 600000);
    temp_space_free(&f->space, 600000);
}

// --- bounds

static void a_spool_has_a_maximum_in_memory_and_in_its_file(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    f->spool.max_bytes = 1000;
    must_add(&f->spool, 1000);
    assert_int_equal(add(&f->spool, 1, &err), ERR_STORE);
    assert_string_equal(err.text, "the answer is larger than 1000 bytes");
    spool_reset(&f->spool);
    err = (struct err){0};
    f->spool.max_bytes = 600000;
    must_add(&f->spool, 600000);
    assert_int_equal(add(&f->spool, 1, &err), ERR_STORE);
    assert_string_equal(err.text, "the answer is larger than 600000 bytes");
    assert_int_equal(spool_end(&f->spool, NULL), ERR_STORE);
}

static void one_row_has_a_maximum_of_its_own(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    f->spool.buf.max = 100; // as if it were LIMIT_ANSWER_BYTES
    assert_int_equal(add(&f->spool, 101, &err), ERR_STORE);
    assert_string_equal(err.text, "a row of the answer is larger than 100 bytes");
    struct spool small;
    spool_init(&small, NULL, ROOM);
    small.buf.max = 100;
    err = (struct err){0};
    assert_int_equal(add(&small, 101, &err), ERR_STORE);
    assert_string_equal(err.text, "the answer is larger than 100 bytes");
    spool_fini(&small);
}

static void all_files_together_have_a_maximum(void **state)
{
    struct fixture *f = *state;
    struct spool other;
    struct err err = {0};
    f->space.max_bytes = 1000000;
    spool_init(&other, &f->space, ROOM);
    must_add(&f->spool, 600000);
    assert_int_equal(add(&other, 600000, &err), ERR_BUSY);
    assert_string_equal(
        err.text, "large answers take up all of the 1000000 bytes that they may have on disk");
    spool_fini(&other);
    spool_reset(&f->spool);
    spool_init(&other, &f->space, ROOM);
    must_add(&other, 600000); // there is room again
    spool_fini(&other);
}

// --- failures

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    f->space.dir = "/tmp/no/such/folder";
    assert_int_equal(add(&f->spool, 600000, &err), ERR_IO);
    assert_string_equal(err.text, "the temporary file of a large answer failed");
    assert_string_equal(err.hint, "/tmp/no/such/folder: No such file or directory");
    no_tmpfile = true;
    spool_reset(&f->spool);
    err = (struct err){0};
    assert_int_equal(add(&f->spool, 600000, &err), ERR_IO);
    assert_string_equal(err.text, "the temporary file of a large answer failed");
    assert_string_equal(err.hint, "/tmp/no/such/folder: No such file or directory");
}

static void without_a_descriptor_it_may_work_later(void **state)
{
    struct fixture *f = *state;
    struct err err = {0};
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum err_code code = add(&f->spool, 600000, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(code, ERR_BUSY);
    assert_string_equal(err.text, "a large answer needs a temporary file, and too many files are open");
    assert_int_equal(f->space.used_bytes, 0);
    spool_reset(&f->spool);
    must_add(&f->spool, 600000);
}

// Every write that may fail does so once: at a limit in its front, middle and end.
static void a_write_that_fails_is_a_full_disk(void **state)
{
    struct fixture *f = *state;
    struct rlimit before, limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t most = 0; most <= 1000000; most += 100000) {
        struct err err = {0};
        limit = (struct rlimit){.rlim_cur = most, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        enum err_code code = add(&f->spool, 1000000, &err);
        if (code == ERR_NONE)
            code = spool_end(&f->spool, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(code, most < 1000000 ? ERR_DISK_FULL : ERR_NONE);
        if (code == ERR_DISK_FULL) {
            char expected[200];
            snprintf(expected, sizeof(expected), "%s: File too large", f->dir);
            assert_string_equal(err.text, "there is no room for a large answer");
            assert_string_equal(err.hint, expected);
        }
        spool_reset(&f->spool);
        assert_int_equal(f->space.used_bytes, 0);
    }
    must_add(&f->spool, 1000000);
    signal(SIGXFSZ, SIG_DFL);
}

static void without_memory_it_says_so(void **state)
{
    struct fixture *f = *state;
    int failures = 0;
    enum err_code code;
    for (long n = 0;; n++) {
        struct err err = {0};
        spool_fini(&f->spool);
        spool_init(&f->spool, &f->space, ROOM);
        mem_fail_after(n);
        code = add(&f->spool, 600000, &err);
        if (code == ERR_NONE)
            code = spool_end(&f->spool, &err);
        mem_fail_after(-1);
        if (code == ERR_NONE)
            break;
        assert_int_equal(code, ERR_NO_MEMORY);
        assert_string_equal(err.text, "out of memory");
        failures++;
    }
    assert_true(failures > 5);
    expect_file(f->spool.file.fd, 600000);
}

int main(void)
{
#define SPOOL_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(few_bytes_stay_in_memory),
        SPOOL_TEST(without_a_space_or_a_folder_all_stays_in_memory),
        SPOOL_TEST(a_spool_that_was_never_used_can_be_ended_and_freed),
        SPOOL_TEST(many_bytes_go_to_a_file_in_their_order),
        SPOOL_TEST(its_digest_is_that_of_all_bytes_at_once),
        SPOOL_TEST(the_file_has_no_name),
        SPOOL_TEST(a_spool_can_be_used_again_after_a_reset),
        SPOOL_TEST(a_file_that_was_taken_counts_until_it_is_given_back),
        SPOOL_TEST(a_spool_has_a_maximum_in_memory_and_in_its_file),
        SPOOL_TEST(one_row_has_a_maximum_of_its_own),
        SPOOL_TEST(all_files_together_have_a_maximum),
        SPOOL_TEST(a_folder_that_is_not_there_is_an_error),
        SPOOL_TEST(without_a_descriptor_it_may_work_later),
        SPOOL_TEST(a_write_that_fails_is_a_full_disk),
        SPOOL_TEST(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
