// SPDX-License-Identifier: Apache-2.0
// A command's options and words: flags go over the environment, which goes over the configuration file, which
// goes over the defaults. The table in option.c says which there are. On the main thread.
#ifndef RECKONER_CMD_OPTIONS_H
#define RECKONER_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "cmd/config_file.h"
#include "cmd/option.h"

struct usage;

enum { MAX_OPTION_TEXTS = 64 };

// What said something about an option. A later one goes over those before it.
enum value_source { SOURCE_NONE, SOURCE_DEFAULT, SOURCE_FILE, SOURCE_VARIABLE, SOURCE_FLAG };

// The values of an option that may be given several times: those of one source.
struct option_list {
    const char *texts[MAX_OPTION_TEXTS]; // borrowed, as the texts of struct options
    size_t count;                        //
    enum value_source source;            //
};

// Where an option's value comes from.
struct option_origin {
    enum value_source source; //
    const char *text;         // as it was given; of a list the last one; NULL: nothing says anything
    const char *secret_path;  // of the file that holds the value itself; NULL: none
    uint32_t line;            // of the configuration file; 0: it is from elsewhere
};

// Texts borrow argv and the environment, or are in `arena`. What the flags mean is told in option.c. Freed
// by options_fini.
struct options {
    struct option_origin origins[MAX_OPTION_ROWS]; // by row
    struct arena arena;                            // owns what is of files
    struct config_file file;                       // the configuration; without a path there is none
    const char *config;                            // a path; NULL: none
    struct option_list listen;       // "127.0.0.1:8080", "unix:PATH"; several with spaces between them, too
    struct option_list admin_listen; // likewise
    struct option_list tls_listen;   // likewise
    const char *tls_cert;            // a file, as all of these; NULL: none
    const char *tls_key;             //
    const char *tls_client_ca;       //
    const char *tls_client_crl;      //
    const char *tls_client;          // "none", "optional" or "required"
    const char *tls_min;             // "1.2" or "1.3"
    const char *store;               // of a kind that some driver knows; NULL: sqlite:VAR/APP.db
    const char *read_store;          // likewise; NULL: none
    const char *var;                 // a folder
    const char *csv;                 // words of csv_options.h; NULL: none
    struct option_list data;         // "DIR" or "APP=DIR"; none: each app's own data/
    size_t loops;                    // from 1
    size_t workers;                  // from 1
    size_t max_body_bytes;           // from 1 KiB
    size_t cache_mib;                // from 0
    size_t drain_ms;                 // from 1000
    size_t drain_notice_ms;          // from 0
    size_t idle_exit_ms;             // 0: never
    size_t read_ms;                  // bounds, from 1 each, as down to idle_ms
    size_t write_ms;                 //
    size_t read_queue;               //
    size_t write_queue;              //
    size_t connections;              //
    size_t spool_bytes;              //
    size_t idle_ms;                  //
    const char *user;                // NULL: as who started it
    size_t upgrade_timeout_ms;       // from 1000
    const char *pid_file;            // NULL: none
    const char *log_format;          // "text" or "json"
    const char *otlp;                // a URL; NULL: none
    const char *hook_secrets;        // a file; NULL: none
    size_t slow_ms;                  // from 0; 0: off
    bool watch;                      //
    bool reset;                      //
    bool yes;                        //
    bool once;                       //
    bool force;                      //
    bool several_apps;               // no option: the words are several apps; set by the command
    bool seccomp;                    //
    bool quiet;                      //
    bool spans;                      //
    bool help;                       // options_read has dealt with it
    const char *from;                // a file; NULL: none
    const char *month;               // not read yet, as the next two; NULL: this one
    const char *day;                 // NULL: a month
    const char *client;              // an id, or "-"; NULL: all
    const char *format;              // "text", "csv" or "json", if it is right
    size_t timeout_s;                // from 1; of one request of a test
    struct option_list scopes;       // "GET /rates", or a name
    struct option_list claims;       // "tenant=acme"
    const char *label;               // NULL: none
    const char *plan;                // of app.ini; NULL: none
    const char *expires;             // "90d", or a day; NULL: never
    const char *overlap;             // "7d", or "0"
    const char **words;              // what is not an option, or the apps of the file
    size_t word_count;               //

    struct option_list trust_proxy; // as trust_add has them; none: nobody is trusted
    const char *proxy_header;       // "either", "x-forwarded-for" or "forwarded"
};

// Whether the store is SQLite's: of a url that some driver knows, or NULL, the default.
bool is_sqlite(const char *url);

// Where an option's value comes from, for messages: its variable, its key in the file, or else the flag,
// which is in the table.
const char *option_named(const struct options *options, const char *flag);

// A store's url, which is SQLite's or the option's own text, as messages may show it: where it comes from
// ("--store", "RECKONER_STORE", "store.url") for one that may hold a password. `options` may be NULL, of a
// command that takes no configuration file.
const char *store_shown(const struct options *options, const char *url);

// Is told, as a whole line, what is odd and stops nobody.
typedef void option_warn(void *ctx, const char *text);

// Reads argv, the environment and the configuration file that they name. The number of words is not looked
// at. ERR_CONFIG with a text that names what is wrong; ERR_NO_MEMORY. `warn` may be NULL.
MUST_CHECK enum err_code options_load(int argc, char **argv, const struct usage *usage, option_warn *warn,
    void *warn_ctx, struct options *ret_options, struct err *err);

// The same, and answers --help. False when the command is over: *ret_exit is its exit code, after the help
// on stdout, or a line on stderr where an option or the number of words is wrong.
bool options_read(
    int argc, char **argv, const struct usage *usage, struct options *ret_options, int *ret_exit);

// A zeroed struct is fine.
void options_fini(struct options *options);

#endif
