// SPDX-License-Identifier: Apache-2.0
#include "app_dir.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// cmocka needs those above
#include <cmocka.h>

#include "app/app_read.h"

char app_dir_root[APP_DIR_ROOT_CHARS] = "/tmp/reckoner-load-XXXXXX";
char app_dir[APP_DIR_CHARS];

void app_dir_path(const char *name, char out[512])
{
    snprintf(out, 512, "%s/%s", app_dir, name);
}

void app_dir_write_bytes(const char *name, const void *bytes, size_t len)
{
    char path[512];
    app_dir_path(name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

void app_dir_write(const char *name, const char *text)
{
    app_dir_write_bytes(name, text, strlen(text));
}

void app_dir_make(const char *name)
{
    char path[512];
    app_dir_path(name, path);
    assert_int_equal(mkdir(path, 0700), 0);
}

int app_dir_set_up(void **state)
{
    (void)state;
    app_dir_ini_errno = 0;
    app_dir_unreadable = NULL;
    strcpy(app_dir_root + strlen(app_dir_root) - 6, "XXXXXX");
    if (mkdtemp(app_dir_root) == NULL)
        return -1;
    snprintf(app_dir, sizeof(app_dir), "%s/rates", app_dir_root);
    return mkdir(app_dir, 0700);
}

int app_dir_tear_down(void **state)
{
    (void)state;
    char command[600];
    snprintf(command, sizeof(command), "rm -rf %s", app_dir_root);
    return system(command);
}

int app_dir_ini_errno;

// In place of libc's own.
int lstat(const char *path, struct stat *ret_status)
{
    static int (*next)(const char *, struct stat *);
    if (app_dir_ini_errno != 0 && span_ends_with(span_of(path), "/app.ini")) {
        errno = app_dir_ini_errno;
        return -1;
    }
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "lstat64");
    return next(path, ret_status);
}

const char *app_dir_unreadable;

static bool is_unreadable(DIR *dir)
{
    char link[64], path[512];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd(dir));
    ssize_t len = readlink(link, path, sizeof(path));
    return len > 0 && span_ends_with((struct span){.at = path, .len = (size_t)len}, app_dir_unreadable);
}

// In place of libc's own.
struct dirent *readdir(DIR *dir)
{
    static struct dirent *(*next)(DIR *);
    if (app_dir_unreadable != NULL && is_unreadable(dir)) {
        errno = EIO;
        return NULL;
    }
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "readdir64");
    return next(dir);
}

void app_dir_expect_errors(const char *expected)
{
    struct diags diags;
    struct app *app = NULL;
    struct err err = {0};
    char *text = NULL;
    size_t len = 0;
    diags_init(&diags);
    assert_int_equal(app_read(app_dir, "sqlite", &diags, &app, &err), ERR_CONFIG);
    assert_non_null(app); // what has no errors
    app_unref(app);
    char summary[300];
    snprintf(
        summary, sizeof(summary), "%s has %zu error%s", app_dir, diags.count, diags.count == 1 ? "" : "s");
    assert_string_equal(err.text, summary);
    diags_sort(&diags);
    FILE *file = open_memstream(&text, &len);
    assert_non_null(file);
    diags_print(&diags, file);
    fclose(file);
    AUTO(buf_fini) struct buf shown;
    buf_init(&shown, 1 << 20);
    for (const char *at = text; *at != '\0';) {
        if (strncmp(at, app_dir, strlen(app_dir)) == 0) {
            at += strlen(app_dir);
            at += *at == '/';
        } else {
            buf_append_byte(&shown, *at++);
        }
    }
    assert_int_equal(buf_append_byte(&shown, '\0'), ERR_NONE);
    assert_string_equal(shown.data, expected);
    free(text);
    diags_fini(&diags);
}

struct app *app_dir_load(const char *path, const char *store_kind)
{
    struct diags diags;
    struct app *app = NULL;
    struct err err = {0};
    diags_init(&diags);
    enum err_code code = app_read(path, store_kind, &diags, &app, &err);
    diags_print(&diags, stderr);
    assert_int_equal(code, ERR_NONE);
    assert_int_equal(diags_total(&diags), 0);
    diags_fini(&diags);
    return app;
}
