// SPDX-License-Identifier: Apache-2.0
#include "cases.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka needs those above
#include <cmocka.h>

enum { MAX_CASE_BYTES = 1024 * 1024 };

bool cases_next_step(struct span *input, size_t step, struct span *ret_part)
{
    if (input->len == 0)
        return false;
    size_t len = input->len < step ? input->len : step;
    *ret_part = (struct span){.at = input->at, .len = len};
    input->at += len;
    input->len -= len;
    return true;
}

static void read_file(const char *folder, const char *name, const char *file, struct buf *out)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s/%s", folder, name, file);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        fail_msg("cannot open %s", path);
    assert_int_equal(buf_reserve(out, MAX_CASE_BYTES), ERR_NONE);
    out->len = fread(out->data, 1, MAX_CASE_BYTES, stream);
    fclose(stream);
}

static void run_case(const char *folder, const char *name, case_dump *dump)
{
    static const size_t steps[] = {SIZE_MAX, 1, 2, 3, 7};
    struct buf input, expected;
    buf_init(&input, MAX_CASE_BYTES);
    buf_init(&expected, MAX_CASE_BYTES + 1);
    read_file(folder, name, "input", &input);
    read_file(folder, name, "expected", &expected);
    buf_append_byte(&expected, '\0');
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct buf outcome;
        buf_init(&outcome, MAX_CASE_BYTES);
        dump(name, buf_span(&input), steps[i], &outcome);
        buf_append_byte(&outcome, '\0');
        assert_int_equal(buf_status(&outcome), ERR_NONE);
        if (strcmp(outcome.data, expected.data) != 0)
            fail_msg("case %s/%s, %zu bytes at a time:\n%s", folder, name, steps[i], outcome.data);
        buf_fini(&outcome);
    }
    buf_fini(&input);
    buf_fini(&expected);
}

void cases_run(const char *parser, case_dump *dump)
{
    const char *root = getenv("TEST_CASES");
    char folder[512];
    assert_non_null(root);
    snprintf(folder, sizeof(folder), "%s/%s", root, parser);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    int count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        run_case(folder, entry->d_name, dump);
        count++;
    }
    closedir(dir);
    print_message("%d cases of %s\n", count, parser);
    assert_true(count > 0);
}
