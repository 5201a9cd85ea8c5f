// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/attr.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/option.h"

enum { MAX_ARGS = 80, TEXT_BYTES = 65536 };

static const struct usage SERVE = {.command = COMMAND_SERVE,
    .forms = "serve [OPTION]... APP...",
    .about = "",
    .min_words = 1,
    .max_words = 2,
    .wanted = "at least one app"};
static const struct usage TEST = {
    .command = COMMAND_TEST, .forms = "test [OPTION]... APP...", .about = "", .max_words = SIZE_MAX};

// What one command line came to.
static struct options options;
static int exit_code;
static char told[TEXT_BYTES]; // on stderr

static char *argv[MAX_ARGS + 1];

static FILE *redirect(FILE *stream, int *ret_saved)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stream);
    *ret_saved = dup(fileno(stream));
    dup2(fileno(file), fileno(stream));
    return file;
}

static void restore(FILE *stream, FILE *file, int saved, char text[TEXT_BYTES])
{
    fflush(stream);
    dup2(saved, fileno(stream));
    close(saved);
    rewind(file);
    text[fread(text, 1, TEXT_BYTES - 1, file)] = '\0';
    fclose(file);
}

// Reads "serve --loops 2 app", split at blanks.
static bool read_line(const struct usage *usage, const char *line)
{
    static char words[TEXT_BYTES];
    int argc = 0, saved;
    snprintf(words, sizeof(words), "%s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < MAX_ARGS);
        argv[argc++] = word;
    }
    argv[argc] = NULL;
    options_fini(&options);
    FILE *file = redirect(stderr, &saved);
    bool goes_on = options_read(argc, argv, usage, &options, &exit_code);
    restore(stderr, file, saved, told);
    return goes_on;
}

static void fails(const struct usage *usage, const char *line, const char *message)
{
    assert_false(read_line(usage, line));
    assert_string_equal(told, message);
    assert_int_equal(exit_code, EXIT_USAGE);
}

static int forget_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_rows[i].variable != NULL)
            unsetenv(option_rows[i].variable);
    }
    return 0;
}

static void without_anything_the_defaults_hold(void **state)
{
    (void)state;
    assert_true(read_line(&SERVE, "serve app"));
    assert_string_equal(told, "");
    assert_int_equal(options.listen.count, 1);
    assert_string_equal(options.listen.texts[0], "127.0.0.1:8080");
    assert_string_equal(options.var, "var");
    assert_null(options.store);
    assert_null(options.read_store);
    assert_int_equal(options.data.count, 0);
    assert_true(options.loops >= 1 && options.loops <= 256);
    assert_int_equal(options.loops, options.workers);
    assert_false(options.quiet || options.watch || options.help);
    assert_int_equal(options.timeout_s, 30);
    assert_int_equal(options.word_count, 1);
    assert_string_equal(options.words[0], "app");
}

static void a_variable_that_nothing_reads_is_told(void **state)
{
    (void)state;
    static const char *const variables[][2] = {{"RECKONER_LISTN", "a"}, {"RECKONER_HOST", "secret"},
        {"RECKONER_SERVICE_HOST", "10.0.0.1"}, {"RECKONER_PORT", "tcp://10.0.0.1:80"},
        {"RECKONER_PORT_80_TCP", "a"}};
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        setenv(variables[i][0], variables[i][1], 1);
    assert_true(read_line(&SERVE, "serve app"));
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i][0]);
    assert_string_equal(told,
        "reckoner: nothing reads the variable RECKONER_LISTN; did you mean RECKONER_LISTEN?\n"
        "reckoner: nothing reads the variable RECKONER_HOST; --help of each command lists those that are read\n");
}

static void the_environment_goes_over_the_defaults_and_flags_over_both(void **state)
{
    (void)state;
    setenv("RECKONER_LISTEN", "127.0.0.1:1", 1);
    setenv("RECKONER_VAR", "elsewhere", 1);
    setenv("RECKONER_STORE", "postgresql://user:secret@host/a", 1);
    setenv("RECKONER_LOOPS", "3", 1);
    setenv("RECKONER_WORKERS", "5", 1);
    assert_true(read_line(&SERVE, "serve --listen 127.0.0.1:2 app --workers 7 --watch"));
    assert_int_equal(options.listen.count, 1);
    assert_string_equal(options.listen.texts[0], "127.0.0.1:2");
    assert_string_equal(options.var, "elsewhere");
    assert_string_equal(options.store, "postgresql://user:secret@host/a");
    assert_int_equal(options.loops, 3);
    assert_int_equal(options.workers, 7);
    assert_true(options.watch);
    assert_int_equal(options.word_count, 1);
}

static void an_empty_variable_counts_as_none(void **state)
{
    (void)state;
    setenv("RECKONER_LISTEN", "", 1);
    setenv("RECKONER_LOOPS", "", 1);
    setenv("RECKONER_DATA", "", 1);
    assert_true(read_line(&SERVE, "serve app"));
    assert_int_equal(options.listen.count, 1);
    assert_string_equal(options.listen.texts[0], "127.0.0.1:8080");
    assert_int_equal(options.data.count, 0);
}

static void flags_of_a_list_add_up_and_stand_in_for_the_variable(void **state)
{
    (void)state;
    setenv("RECKONER_DATA", "from-variable", 1);
    assert_true(read_line(&SERVE, "serve app"));
    assert_int_equal(options.data.count, 1);
    assert_string_equal(options.data.texts[0], "from-variable");
    assert_true(read_line(&SERVE, "serve --data a --data rates=b app"));
    assert_int_equal(options.data.count, 2);
    assert_string_equal(options.data.texts[0], "a");
    assert_string_equal(options.data.texts[1], "rates=b");
}

static void a_list_has_an_end(void **state)
{
    (void)state;
    char line[TEXT_BYTES] = "serve app";
    for (size_t i = 0; i < MAX_OPTION_TEXTS; i++)
        strcat(line, " --data=x");
    assert_true(read_line(&SERVE, line));
    strcat(line, " --data=x");
    fails(&SERVE, line, "reckoner: more than 64 --data\n");
}

static void a_wrong_number_is_told_with_its_bounds(void **state)
{
    (void)state;
    static const char *const wrong[] = {"0", "257", "-1", "2x", "x", "99999999999999999999999"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char line[64], message[128];
        snprintf(line, sizeof(line), "serve --loops %s app", wrong[i]);
        snprintf(
            message, sizeof(message), "reckoner: --loops must be a number from 1 to 256, not %s\n", wrong[i]);
        fails(&SERVE, line, message);
    }
    fails(
        &TEST, "test --timeout 3601 app", "reckoner: --timeout must be a number from 1 to 3600, not 3601\n");
    assert_true(read_line(&TEST, "test --timeout 3600 app"));
    assert_int_equal(options.timeout_s, 3600);
}

static void bytes_may_have_a_unit(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t bytes;
    } fine[] = {{"serve app", (size_t)1 << 30}, {"serve --max-body 64MiB app", 64 << 20},
        {"serve --max-body 1KiB app", 1024}, {"serve --max-body 1500 app", 1500},
        {"serve --max-body 1024GiB app", (size_t)1 << 40}};
    static const char *const wrong[] = {
        "1023", "0GiB", "-1", "1025GiB", "18014398509481985KiB", "1 MiB", "1M", "MiB", "1.5GiB", "x"};
    for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
        assert_true(read_line(&SERVE, fine[i].line));
        assert_int_equal(options.max_body_bytes, fine[i].bytes);
    }
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char message[200];
        setenv("RECKONER_MAX_BODY", wrong[i], 1);
        snprintf(message, sizeof(message),
            "reckoner: RECKONER_MAX_BODY must be a number of bytes from 1024 to 1099511627776, such as 64MiB "
            "(KiB, MiB or GiB), not %s\n",
            wrong[i]);
        fails(&SERVE, "serve app", message);
    }
    unsetenv("RECKONER_MAX_BODY");
}

static void a_wrong_variable_is_told_by_its_own_name(void **state)
{
    (void)state;
    setenv("RECKONER_WORKERS", "many", 1);
    fails(&SERVE, "serve --workers 2 app",
        "reckoner: RECKONER_WORKERS must be a number from 1 to 256, not many\n");
    setenv("RECKONER_STORE", "mysql://x", 1);
    fails(&SERVE, "serve app",
        "reckoner: RECKONER_STORE: \"mysql://x\" is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n");
}

static void the_option_of_another_command_is_no_option(void **state)
{
    (void)state;
    fails(&TEST, "test --watch app",
        "reckoner: test has no option --watch; 'reckoner test --help' lists them\n");
    fails(&SERVE, "serve --timeout 1 app",
        "reckoner: serve has no option --timeout; 'reckoner serve --help' lists them\n");
    fails(&SERVE, "serve --listne 127.0.0.1:1 app",
        "reckoner: serve has no option --listne; did you mean --listen?\n");
    fails(
        &SERVE, "serve --Worker=2 app", "reckoner: serve has no option --Worker; did you mean --workers?\n");
    fails(&SERVE, "serve --watch=yes app", "reckoner: --watch takes no value\n");
    fails(&SERVE, "serve --nothing app",
        "reckoner: serve has no option --nothing; 'reckoner serve --help' lists them\n");
}

static void a_flag_without_its_value_is_told(void **state)
{
    (void)state;
    fails(&SERVE, "serve app --listen", "reckoner: --listen wants a value\n");
}

static void too_few_and_too_many_words_are_told(void **state)
{
    (void)state;
    fails(&SERVE, "serve --quiet", "reckoner: serve wants at least one app\n");
    fails(&SERVE, "serve a b c", "reckoner: serve wants at least one app\n");
}

static void a_store_is_of_a_known_kind_and_its_flag_has_no_password(void **state)
{
    (void)state;
    fails(&SERVE, "serve --store mysql://x app",
        "reckoner: --store: \"mysql://x\" is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n");
    fails(&SERVE, "serve --read-store mysql://a:b@x app",
        "reckoner: --read-store: what it says is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n");
    fails(&SERVE, "serve --store postgresql://a:b@x/y app",
        "reckoner: a password in --store is seen by every user of this machine: put it into PGPASSWORD or ~/.pgpass\n");
    static const char *const secrets[] = {"postgresql:///y?password=b", "postgresql://x/y?pass%77ord=b",
        "postgresql://x/y?sslpassword=b", "postgresql://a:b@[::1/x", "postgresql://a:b/c@x/y",
        "postgresql://a:b@c@x/y", "postgresql://a:b?c@x/y", "postgresql:///y?%70assword=b",
        "postgres://:b@x/y"};
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        char line[100];
        snprintf(line, sizeof(line), "serve --store %s app", secrets[i]);
        fails(&SERVE, line,
            "reckoner: a password in --store is seen by every user of this machine: put it into PGPASSWORD or ~/.pgpass\n");
    }
    fails(&SERVE, "serve --store mysql://x/y?pass%77ord=b app",
        "reckoner: --store: what it says is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n");
    assert_true(read_line(&SERVE, "serve --store postgresql://a@x/y app"));
    assert_string_equal(options.store, "postgresql://a@x/y");
}

static void a_store_that_may_hold_a_password_is_shown_by_its_source(void **state)
{
    (void)state;
    setenv("RECKONER_STORE", "postgresql://user:secret@host/a", 1);
    assert_true(read_line(&SERVE, "serve app"));
    assert_string_equal(store_shown(&options, options.store), "RECKONER_STORE");
    assert_true(read_line(&SERVE, "serve --store postgresql://host/a app"));
    assert_string_equal(store_shown(&options, options.store), "--store");
    assert_true(read_line(&SERVE, "serve --store sqlite:a.db app"));
    assert_string_equal(store_shown(&options, options.store), "sqlite:a.db");
}

static void help_ends_the_command(void **state)
{
    (void)state;
    static char text[TEXT_BYTES];
    const char *const lines[] = {"serve --help", "serve -h a b c"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        int saved;
        FILE *file = redirect(stdout, &saved);
        bool goes_on = read_line(&SERVE, lines[i]);
        restore(stdout, file, saved, text);
        assert_false(goes_on);
        assert_int_equal(exit_code, EXIT_OK);
        assert_string_equal(told, "");
        assert_memory_equal(text, "usage: reckoner serve [OPTION]... APP...\n", 41);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_anything_the_defaults_hold, forget_environment),
        cmocka_unit_test_setup(a_variable_that_nothing_reads_is_told, forget_environment),
        cmocka_unit_test_setup(
            the_environment_goes_over_the_defaults_and_flags_over_both, forget_environment),
        cmocka_unit_test_setup(an_empty_variable_counts_as_none, forget_environment),
        cmocka_unit_test_setup(flags_of_a_list_add_up_and_stand_in_for_the_variable, forget_environment),
        cmocka_unit_test_setup(a_list_has_an_end, forget_environment),
        cmocka_unit_test_setup(a_wrong_number_is_told_with_its_bounds, forget_environment),
        cmocka_unit_test_setup(bytes_may_have_a_unit, forget_environment),
        cmocka_unit_test_setup(a_wrong_variable_is_told_by_its_own_name, forget_environment),
        cmocka_unit_test_setup(the_option_of_another_command_is_no_option, forget_environment),
        cmocka_unit_test_setup(a_flag_without_its_value_is_told, forget_environment),
        cmocka_unit_test_setup(too_few_and_too_many_words_are_told, forget_environment),
        cmocka_unit_test_setup(a_store_is_of_a_known_kind_and_its_flag_has_no_password, forget_environment),
        cmocka_unit_test_setup(a_store_that_may_hold_a_password_is_shown_by_its_source, forget_environment),
        cmocka_unit_test_setup(help_ends_the_command, forget_environment),
    };
    int failed = cmocka_run_group_tests_name("cmd/options", tests, NULL, NULL);
    options_fini(&options);
    return failed;
}
