// SPDX-License-Identifier: Apache-2.0
// The configuration file, and files with secrets, as options_load takes them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/attr.h"
#include "cmd/help.h"
#include "cmd/option.h"
#include "cmd/options.h"

enum { TEXT_BYTES = 8192, MAX_ARGS = 16 };

static const struct usage SERVE = {.command = COMMAND_SERVE,
    .forms = "serve",
    .about = "",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = "at least one app",
    .takes_apps_of_file = true};

static char dir[] = "/tmp/test_config_XXXXXX";
static struct options options;
static struct err err;
static char warned[TEXT_BYTES];

static int begin(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/test_config_XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_rows[i].variable != NULL)
            unsetenv(option_rows[i].variable);
    }
    unsetenv("RECKONER_STORE_FILE");
    unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static int end(void **state)
{
    (void)state;
    char command[64];
    options_fini(&options);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

static void write_file(const char *name, const char *text, size_t len)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    fclose(file);
}

static void write_text(const char *name, const char *text)
{
    write_file(name, text, strlen(text));
}

static void note_warning(void *ctx, const char *text)
{
    (void)ctx;
    strcat(warned, text);
    strcat(warned, "\n");
}

// Reads "serve --loops 2", split at blanks.
static bool load(const char *line)
{
    static char words[TEXT_BYTES];
    static char *argv[MAX_ARGS + 1];
    int argc = 0;
    snprintf(words, sizeof(words), "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    options_fini(&options);
    err = (struct err){0};
    warned[0] = '\0';
    return options_load(argc, argv, &SERVE, note_warning, NULL, &options, &err) == ERR_NONE;
}

static bool load_text(const char *text)
{
    write_text("r.ini", text);
    return load("serve --config r.ini");
}

static const struct option_origin *origin_of(const char *flag)
{
    size_t i = 0;
    while (strcmp(option_rows[i].flag, flag) != 0)
        i++;
    return &options.origins[i];
}

static void a_file_sets_options_and_names_apps(void **state)
{
    (void)state;
    assert_true(load_text("[server]\nlisten = 127.0.0.1:1\nlisten = :2\nworkers = 3\nwatch = yes\n"
                          "[store]\nvar = /srv/var\n[app rates]\npath = apps/rates/\ndata = d\n"
                          "[app people]\npath = /apps/people\n"));
    assert_int_equal(options.listen.count, 2);
    assert_string_equal(options.listen.texts[0], "127.0.0.1:1");
    assert_string_equal(options.listen.texts[1], ":2");
    assert_int_equal(options.workers, 3);
    assert_true(options.watch);
    assert_false(options.quiet);
    assert_string_equal(options.var, "/srv/var");
    assert_int_equal(options.word_count, 2);
    assert_string_equal(options.words[0], "apps/rates/");
    assert_string_equal(options.words[1], "/apps/people");
    assert_int_equal(options.data.count, 1);
    assert_string_equal(options.data.texts[0], "rates=d");
    assert_int_equal(origin_of("--workers")->source, SOURCE_FILE);
    assert_int_equal(origin_of("--workers")->line, 4);
    assert_int_equal(origin_of("--drain")->source, SOURCE_DEFAULT);
    assert_string_equal(warned, "");
}

static void apps_with_data_have_an_end(void **state)
{
    (void)state;
    char text[(MAX_OPTION_TEXTS + 1) * 40];
    size_t len = 0;
    for (int i = 0; i < MAX_OPTION_TEXTS; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "[app a%d]\npath = a%d\ndata = d\n", i, i);
    assert_true(load_text(text));
    assert_int_equal(options.data.count, MAX_OPTION_TEXTS);
    snprintf(text + len, sizeof(text) - len, "[app more]\npath = more\ndata = d\n");
    assert_false(load_text(text));
    assert_string_equal(err.text, "r.ini: more than 64 apps with data");
}

static void variables_and_flags_go_over_the_file(void **state)
{
    (void)state;
    write_text("r.ini", "[server]\nloops = 2\nworkers = 3\nlisten = :1\n[app a]\npath = a\ndata = d\n");
    setenv("RECKONER_WORKERS", "5", 1);
    setenv("RECKONER_CONFIG", "r.ini", 1);
    assert_true(load("serve --listen :9 --data e b"));
    assert_int_equal(options.loops, 2);
    assert_int_equal(options.workers, 5);
    assert_int_equal(options.listen.count, 1);
    assert_string_equal(options.listen.texts[0], ":9");
    assert_int_equal(options.data.count, 1);
    assert_string_equal(options.data.texts[0], "e");
    assert_int_equal(options.word_count, 1);
    assert_string_equal(options.words[0], "b");
    assert_int_equal(origin_of("--workers")->source, SOURCE_VARIABLE);
    assert_int_equal(origin_of("--listen")->source, SOURCE_FLAG);
}

static void paths_are_relative_to_the_folder_of_the_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir("etc", 0700), 0);
    write_text("etc/r.ini", "[store]\nvar = v\nurl = sqlite:a.db\n[app a]\npath = ../a\n");
    assert_true(load("serve --config etc/r.ini"));
    assert_string_equal(options.var, "etc/v");
    assert_string_equal(options.store, "sqlite:etc/a.db");
    assert_string_equal(options.words[0], "etc/../a");
}

static void the_name_of_an_app_stands_for_its_folder(void **state)
{
    (void)state;
    write_text("r.ini", "[app rates]\npath = apps/rates\n[app b]\npath = x/b\n");
    assert_int_equal(mkdir("b", 0700), 0);
    assert_true(load("serve --config r.ini rates b c"));
    assert_string_equal(options.words[0], "apps/rates");
    assert_string_equal(options.words[1], "b"); // which is a folder here
    assert_string_equal(options.words[2], "c");
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[server]\n\nlisen = :1\n", "r.ini:3: [server] has no key lisen; did you mean listen?"},
        {"[server]\nvar = v\n", "r.ini:2: [server] has no key var; it belongs into [store]"},
        {"[server]\nnothing = v\n",
            "r.ini:2: [server] has no key nothing; 'reckoner config' lists all there are"},
        {"[sever]\nlisten = :1\n", "r.ini:2: there is no section [sever]; did you mean [server]?"},
        {"loops = 1\n", "r.ini:1: loops stands above the first section: write [server], say, over it"},
        {"[server]\nloops = 0\n", "r.ini:2: server.loops must be a number from 1 to 256, not 0"},
        {"[server]\nwatch = true\n", "r.ini:2: server.watch must be yes or no, not true"},
        {"[server]\ndrain = soon\n",
            "r.ini:2: server.drain must be a time from 1000ms to 3600s, such as 500ms, 5s or 15min, not soon"},
        {"[server]\nloops = 1\n[store]\nvar = v\n[server]\nloops = 2\n",
            "r.ini:6: server.loops stands in line 2 already: take one of them away"},
        {"[server]\nloops =\n", "r.ini:2: loops has no value; without the line it has its default"},
        {"[server]\nloops\n", "r.ini:2: no = on this line; write key = value"},
        {"[server\nloops = 1\n", "r.ini:1: the section has no ]"},
        {"[store]\nurl = mysql://x\n",
            "r.ini:2: store.url: \"mysql://x\" is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE"},
        {"[store]\nurl = mysql://u:geheim@x\n",
            "r.ini:2: store.url: what it says is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE"},
        {"[store]\nurl = sqlite:a\nurl_file = b\n",
            "r.ini:3: store.url stands in line 2 by itself: take one of them away"},
        {"[store]\nurl_file = none\n",
            "r.ini:2: store.url: none: could not be opened: No such file or directory"},
        {"[store]\nurl_file = .\n", "r.ini:2: store.url: .: is a folder; name a file"},
        {"[store]\nvar = credential:v\n",
            "r.ini:2: store.var: credential:v is a file of $CREDENTIALS_DIRECTORY, which is not set: "
            "LoadCredential=v:PATH in the unit of systemd sets it"},
        {"[store]\nurl = credential:../v\n",
            "r.ini:2: store.url: credential:../v names no credential: write credential:NAME"},
        {"[app rates]\npath = apps/prices\n",
            "r.ini:2: the app in this folder is named prices, as the folder is: write [app prices], or rename the "
            "folder"},
        {"[app rates]\ndata = d\n", "r.ini:2: [app rates] has no path; write path = FOLDER"},
        {"[app rates]\npth = d\n", "r.ini:2: [app rates] has no key pth; did you mean path?"},
        {"[app rates]\ncache = off\n",
            "r.ini:2: [app rates] has no key cache; there are path and data; what else an app has is in its app.ini"},
        {"[app a]\npath = a\n[app a]\npath = a\n", "r.ini:4: [app a] has path twice"},
        {"[server]\nloops = \xff\n", "r.ini: is not UTF-8; save it as UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_false(load_text(cases[i].text));
        assert_string_equal(err.text, cases[i].message);
        assert_int_equal(err.code, ERR_CONFIG);
    }
}

static void a_section_that_nothing_resembles_is_told_with_all_there_are(void **state)
{
    (void)state;
    assert_false(load_text("[nothing of this]\na = b\n"));
    assert_non_null(strstr(err.text, "r.ini:2: there is no section [nothing of this]; there are [server], "));
    assert_non_null(strstr(err.text, ", [app NAME]"));
}

static void a_file_that_is_none_is_told(void **state)
{
    (void)state;
    assert_false(load("serve --config none.ini"));
    assert_string_equal(err.text, "none.ini: could not be opened: No such file or directory");
    assert_false(load("serve --config ."));
    assert_string_equal(err.text, ".: is a folder; name a file");
    write_file("nul.ini", "[server]\0\n", 10);
    assert_false(load("serve --config nul.ini"));
    assert_string_equal(err.text, "nul.ini: has a NUL byte; the file has to be text");
    assert_false(load("serve --config /dev/null"));
    assert_string_equal(err.text, "/dev/null: is no regular file");
}

static void a_secret_is_read_from_its_file(void **state)
{
    (void)state;
    write_text("secret", "postgresql://u:geheim@h/d\r\n\n");
    assert_true(load_text("[store]\nurl_file = secret\n"));
    assert_string_equal(options.store, "postgresql://u:geheim@h/d");
    assert_string_equal(origin_of("--store")->secret_path, "secret");
    assert_string_equal(store_shown(&options, options.store), "store.url");
    setenv("RECKONER_STORE_FILE", "secret", 1);
    assert_true(load("serve app"));
    assert_string_equal(options.store, "postgresql://u:geheim@h/d");
    assert_string_equal(store_shown(&options, options.store), "RECKONER_STORE");
    setenv("RECKONER_STORE", "sqlite:a", 1);
    assert_false(load("serve app"));
    assert_string_equal(err.text, "RECKONER_STORE and RECKONER_STORE_FILE: set one of them");
    unsetenv("RECKONER_STORE");
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    setenv("RECKONER_STORE_FILE", "", 1);
    assert_true(load("serve --store credential:secret app")); // the flag names it, and holds no secret
    assert_string_equal(options.store, "postgresql://u:geheim@h/d");
    assert_true(load_text("[store]\nurl = credential:secret\nvar = credential:v\n"));
    assert_string_equal(options.store, "postgresql://u:geheim@h/d");
    assert_string_equal(strrchr(options.var, '/'), "/v");
}

static void a_file_for_a_secret_that_holds_none_is_told_without_what_it_holds(void **state)
{
    (void)state;
    static char large[20000];
    memset(large, 'x', sizeof(large));
    write_text("empty", "\n");
    write_text("several", "geheim\ngeheim");
    write_file("large", large, sizeof(large));
    write_text("wrong", "geheim://u:geheim@h/d");
    assert_false(load_text("[store]\nurl_file = empty\n"));
    assert_string_equal(err.text, "r.ini:2: store.url: empty: is empty; it has to hold the value");
    assert_false(load_text("[store]\nurl_file = several\n"));
    assert_string_equal(
        err.text, "r.ini:2: store.url: several: has several lines; it has to hold the value alone");
    assert_false(load_text("[store]\nurl_file = large\n"));
    assert_string_equal(err.text, "r.ini:2: store.url: large: is larger than 16384 bytes");
    assert_false(load_text("[store]\nurl_file = wrong\n"));
    assert_null(strstr(err.text, "geheim"));
}

static void a_password_that_everybody_may_read_is_told(void **state)
{
    (void)state;
    const char *text = "[store]\nurl = postgresql://u:geheim@h/d\n";
    write_text("r.ini", text);
    chmod("r.ini", 0644);
    assert_true(load("serve --config r.ini"));
    assert_string_equal(warned,
        "r.ini:2: store.url has a password, and every user of this machine may read the file: chmod 640, or put "
        "the value into a file that url_file names\n");
    chmod("r.ini", 0640);
    assert_true(load("serve --config r.ini"));
    assert_string_equal(warned, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_sets_options_and_names_apps, begin, end),
        cmocka_unit_test_setup_teardown(apps_with_data_have_an_end, begin, end),
        cmocka_unit_test_setup_teardown(variables_and_flags_go_over_the_file, begin, end),
        cmocka_unit_test_setup_teardown(paths_are_relative_to_the_folder_of_the_file, begin, end),
        cmocka_unit_test_setup_teardown(the_name_of_an_app_stands_for_its_folder, begin, end),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_told_with_its_line, begin, end),
        cmocka_unit_test_setup_teardown(
            a_section_that_nothing_resembles_is_told_with_all_there_are, begin, end),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_secret_is_read_from_its_file, begin, end),
        cmocka_unit_test_setup_teardown(
            a_file_for_a_secret_that_holds_none_is_told_without_what_it_holds, begin, end),
        cmocka_unit_test_setup_teardown(a_password_that_everybody_may_read_is_told, begin, end),
    };
    return cmocka_run_group_tests_name("cmd/config_file", tests, NULL, NULL);
}
