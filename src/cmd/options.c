// SPDX-License-Identifier: Apache-2.0
#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "store/store.h"

enum { MAX_THREADS = 256, MAX_TIMEOUT_S = 3600, DEFAULT_TIMEOUT_S = 30 };

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"var", required_argument, NULL, 'v'},
    {"store", required_argument, NULL, 's'},
    {"read-store", required_argument, NULL, 'r'},
    {"data", required_argument, NULL, 'd'},
    {"listen", required_argument, NULL, 'l'},
    {"loops", required_argument, NULL, 'L'},
    {"workers", required_argument, NULL, 'W'},
    {"quiet", no_argument, NULL, 'q'},
    {"watch", no_argument, NULL, 'w'},
    {"timeout", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};

static bool option_is_in(int option, enum option_set set)
{
    switch (option) {
    case 'h':
        return true;
    case 's':
        return set != OPTIONS_NONE;
    case 't':
        return set == OPTIONS_TEST;
    case 'v':
        return set == OPTIONS_STORE || set == OPTIONS_DATA || set == OPTIONS_SERVE;
    case 'd':
        return set == OPTIONS_DATA || set == OPTIONS_SERVE;
    default:
        return set == OPTIONS_SERVE;
    }
}

static bool read_count(const char *name, const char *text, size_t max, size_t *ret_count)
{
    char *end;
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || count < 1 || count > max) {
        fprintf(stderr, "reckoner: %s must be a number from 1 to %zu, not %s\n", name, max, text);
        return false;
    }
    *ret_count = count;
    return true;
}

static size_t cores(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > MAX_THREADS ? MAX_THREADS : (size_t)count;
}

// An empty variable counts as none, so that a service file can hold it open.
static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

// Whether a url holds a password: postgresql://user:password@host, or …?password=…. What is no url at all is
// taken to hold one where it looks like it.
static bool has_password(const char *url)
{
    const char *authority = strstr(url, "://");
    if (authority == NULL)
        return strchr(url, '@') != NULL || strstr(url, "password") != NULL;
    authority += 3;
    struct span login = {.at = authority, .len = strcspn(authority, "/?")};
    const char *at = memchr(login.at, '@', login.len);
    return (at != NULL && memchr(login.at, ':', (size_t)(at - login.at)) != NULL) ||
           strstr(authority, "password=") != NULL;
}

const char *option_source(const char *text, const char *flag, const char *variable)
{
    return text == getenv(variable) ? variable : flag;
}

bool is_sqlite(const char *url)
{
    return url == NULL || strcmp(store_kind_of(url), "sqlite") == 0;
}

// Every user of the machine sees flags (ps), so that no password may be in one.
static bool check_store(const char *name, const char *url, bool is_flag)
{
    if (url == NULL)
        return true;
    const char *quote = has_password(url) ? "" : "\"";
    if (store_kind_of(url) == NULL || (!is_sqlite(url) && strstr(url, "://") == NULL))
        fprintf(stderr,
            "reckoner: %s: %s%s%s is no store: name one as sqlite:PATH or postgresql://HOST/DATABASE\n", name,
            quote, quote[0] != '\0' ? url : "what it says", quote);
    else if (is_flag && has_password(url))
        fprintf(stderr,
            "reckoner: a password in %s is seen by every user of this machine: put it into PGPASSWORD or ~/.pgpass\n",
            name);
    else
        return true;
    return false;
}

static bool check_read_store(const char *url, const char *store)
{
    if (url == NULL || (!is_sqlite(store) && strcmp(store_kind_of(store), store_kind_of(url)) == 0))
        return true;
    fputs(
        "reckoner: a read store (--read-store, RECKONER_READ_STORE) is a standby of a --store on PostgreSQL\n",
        stderr);
    return false;
}

static bool read_environment(struct options *options)
{
    const char *listen = environment("RECKONER_LISTEN"), *var = environment("RECKONER_VAR");
    const char *loops = environment("RECKONER_LOOPS"), *workers = environment("RECKONER_WORKERS");
    *options = (struct options){
        .listen = listen != NULL ? listen : "127.0.0.1:8080",
        .store = environment("RECKONER_STORE"),
        .read_store = environment("RECKONER_READ_STORE"),
        .var = var != NULL ? var : "var",
        .data = {environment("RECKONER_DATA")},
        .data_count = environment("RECKONER_DATA") != NULL,
        .loops = cores(),
        .workers = cores(),
        .timeout_s = DEFAULT_TIMEOUT_S,
    };
    return check_store("RECKONER_STORE", options->store, false) &&
           check_store("RECKONER_READ_STORE", options->read_store, false) &&
           (loops == NULL || read_count("RECKONER_LOOPS", loops, MAX_THREADS, &options->loops)) &&
           (workers == NULL || read_count("RECKONER_WORKERS", workers, MAX_THREADS, &options->workers));
}

static bool add_data(struct options *options, const char *text)
{
    if (!options->has_data_flag)
        options->data_count = 0; // flags go over the environment
    options->has_data_flag = true;
    if (options->data_count == MAX_DATA) {
        fprintf(stderr, "reckoner: more than %d --data\n", MAX_DATA);
        return false;
    }
    options->data[options->data_count++] = text;
    return true;
}

static bool apply(struct options *options, int option)
{
    switch (option) {
    case 'h':
        options->help = true;
        break;
    case 'v':
        options->var = optarg;
        break;
    case 's':
        options->store = optarg;
        return check_store("--store", optarg, true);
    case 'r':
        options->read_store = optarg;
        return check_store("--read-store", optarg, true);
    case 'd':
        return add_data(options, optarg);
    case 'l':
        options->listen = optarg;
        break;
    case 'L':
        return read_count("--loops", optarg, MAX_THREADS, &options->loops);
    case 'W':
        return read_count("--workers", optarg, MAX_THREADS, &options->workers);
    case 'q':
        options->quiet = true;
        break;
    case 'w':
        options->watch = true;
        break;
    case 't':
        return read_count("--timeout", optarg, MAX_TIMEOUT_S, &options->timeout_s);
    }
    return true;
}

static bool parse(int argc, char **argv, enum option_set set, struct options *ret_options)
{
    struct options options;
    if (!read_environment(&options))
        return false;
    opterr = 0;
    optind = 1;
    int option, index = 0;
    while ((option = getopt_long(argc, argv, ":h", long_options, &index)) != -1) {
        const char *word = argv[optind - 1];
        if (option == ':') {
            fprintf(stderr, "reckoner: %s wants a value\n", word);
            return false;
        }
        if (option == '?' || !option_is_in(option, set)) {
            fprintf(stderr, "reckoner: %s has no option %s; 'reckoner %s --help' lists them\n", argv[0],
                option == '?' ? word : long_options[index].name, argv[0]);
            return false;
        }
        if (!apply(&options, option))
            return false;
    }
    if (set == OPTIONS_SERVE && !options.help && !check_read_store(options.read_store, options.store))
        return false;
    options.words = argv + optind;
    options.word_count = (size_t)(argc - optind);
    *ret_options = options;
    return true;
}

bool options_read(int argc, char **argv, enum option_set set, const char *help, size_t min_words,
    size_t max_words, const char *wanted, struct options *ret_options, int *ret_exit)
{
    struct options options;
    *ret_exit = EXIT_USAGE;
    if (!parse(argc, argv, set, &options))
        return false;
    if (options.help) {
        fputs(help, stdout);
        *ret_exit = EXIT_OK;
        return false;
    }
    if (options.word_count < min_words || options.word_count > max_words) {
        fprintf(stderr, "reckoner: %s wants %s\n", argv[0], wanted);
        return false;
    }
    *ret_options = options;
    return true;
}
