// SPDX-License-Identifier: Apache-2.0
// The folder of an app, "rates", that a test writes; each test has a new one. Tests only.
#ifndef RECKONER_TEST_APP_DIR_H
#define RECKONER_TEST_APP_DIR_H

#include <stddef.h>

#include "app/app.h"

#define GET_A "-- @endpoint GET /a\n-- @answer\nSELECT 1 AS one;\n"
#define POST_B                                                                                               \
    "-- @endpoint POST /b\n-- @field x text\n-- @write\nDELETE FROM t;\n-- @answer\nSELECT 1 AS one;\n"

// A test with a folder of its own.
#define APP_DIR_TEST(test) cmocka_unit_test_setup_teardown(test, app_dir_set_up, app_dir_tear_down)

enum {
    APP_DIR_ROOT_CHARS = sizeof("/tmp/reckoner-load-XXXXXX"),
    APP_DIR_CHARS = APP_DIR_ROOT_CHARS + sizeof("/rates"),
};

// While it is not 0, lstat(2) of app.ini fails with it.
extern int app_dir_ini_errno;

// The end of a folder's path of which readdir(3) fails with EIO; NULL: of none.
extern const char *app_dir_unreadable;

extern char app_dir_root[APP_DIR_ROOT_CHARS]; // holds the app's folder
extern char app_dir[APP_DIR_CHARS];           // the app's folder

int app_dir_set_up(void **state);
int app_dir_tear_down(void **state);

// The path of a file in it.
void app_dir_path(const char *name, char out[512]);

void app_dir_write_bytes(const char *name, const void *bytes, size_t len);
void app_dir_write(const char *name, const char *text);
void app_dir_make(const char *name);

// Loads it, and fails the test when its errors, sorted, are others. They are without the folder in front of
// the files' names.
void app_dir_expect_errors(const char *expected);

// Loads a folder, and fails the test on any error. The caller owns a reference.
struct app *app_dir_load(const char *path, const char *store_kind);

#endif
