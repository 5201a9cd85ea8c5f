// SPDX-License-Identifier: Apache-2.0
// `reckoner key`: finds the command below it, and what changes keys. A secret is made here, written to
// standard output once it is in every store, and erased. On the main thread.
#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "access/key_change.h"
#include "access/key_id.h"
#include "base/attr.h"
#include "base/clock.h"
#include "cmd/help.h"
#include "cmd/key_ask.h"
#include "cmd/key_list.h"
#include "cmd/key_sites.h"
#include "cmd/key_word.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "cmd/subcommand.h"
#include "text/timestamp.h"

enum { ACTOR_BYTES = 160 };

static const struct usage CREATE = {
    .command = COMMAND_KEY_CREATE,
    .forms = "key create [OPTION]... APP...",
    .about =
        "Makes a key for the APPs and prints its secret, which a client sends as 'Authorization: Bearer\n"
        "SECRET' or 'X-API-Key: SECRET'. It is printed this once: the store has a digest of it only. Its\n"
        "id, by which all else is done, goes to standard error. Running servers take it at once.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
};

static const struct usage ROTATE = {
    .command = COMMAND_KEY_ROTATE,
    .forms = "key rotate [OPTION]... ID APP...",
    .about = "Gives the key ID a new secret and prints it, as 'key create' does. The former one goes on for\n"
             "--overlap, in which clients change over. Id, scopes, plan, claims and usage stay.\n",
    .min_words = 2,
    .max_words = SIZE_MAX,
    .wanted = "the id of a key and at least one app: ID APP...",
};

static const struct usage REVOKE = {
    .command = COMMAND_KEY_REVOKE,
    .forms = "key revoke [OPTION]... ID APP...",
    .about = "Ends the key ID with all its secrets, for good. Running servers refuse it within a second.\n",
    .min_words = 2,
    .max_words = SIZE_MAX,
    .wanted = "the id of a key and at least one app: ID APP...",
};

// --- what they share

// One change of a key, of whichever kind, for each store that it goes to.
struct work {
    struct audit_who who;
    struct span id;              // of the key
    const struct key_row *row;   // to create; else NULL
    struct secret_digest digest; // to rotate
    int64_t ends_s;              // likewise
    int64_t overlap_end_s;       // likewise
};

static enum err_code create_in(void *ctx, struct key_site *site, struct err *err)
{
    const struct work *work = ctx;
    return key_create(site->conn, &work->who, work->row, err);
}

static enum err_code rotate_in(void *ctx, struct key_site *site, struct err *err)
{
    const struct work *work = ctx;
    enum err_code code =
        key_rotate(site->conn, &work->who, work->id, &work->digest, work->ends_s, work->overlap_end_s, err);
    if (code == ERR_UNKNOWN)
        key_word_hint(site, work->id, err);
    return code;
}

static enum err_code revoke_in(void *ctx, struct key_site *site, struct err *err)
{
    const struct work *work = ctx;
    enum err_code code = key_revoke(site->conn, &work->who, work->id, err);
    if (code == ERR_UNKNOWN)
        key_word_hint(site, work->id, err);
    return code;
}

// Past stdio, whose buffer would keep it.
static bool print_secret(char secret[SECRET_CHARS + 1])
{
    secret[SECRET_CHARS] = '\n';
    size_t done = 0;
    while (done <= SECRET_CHARS) {
        ssize_t written = write(STDOUT_FILENO, secret + done, SECRET_CHARS + 1 - done);
        if (written <= 0 && errno != EINTR) {
            fprintf(stderr,
                "reckoner: the secret could not be written: %s; 'reckoner key rotate' makes another one\n",
                strerror(errno));
            return false;
        }
        done += written > 0 ? (size_t)written : 0;
    }
    return true;
}

// "k_0123456789 of rates, search"
static void tell_whose(struct span id, const struct key_sites *sites)
{
    fprintf(stderr, "%.*s of ", (int)id.len, id.at);
    for (size_t i = 0; i < sites->count; i++)
        fprintf(stderr, "%s%s", i > 0 ? ", " : "", sites->items[i].app->name);
}

// "k_0123456789 of rates, search: its secret is on standard output, and is kept nowhere"
static void tell_key(struct span id, const struct key_sites *sites, int64_t ends_s)
{
    char moment[TIMESTAMP_CHARS];
    tell_whose(id, sites);
    if (ends_s != CLIENT_NEVER_ENDS && ends_s != KEY_LIVES_AS_LONG) {
        timestamp_format_seconds(ends_s, moment);
        fprintf(stderr, ", until %s", moment);
    }
    fputs(": its secret is on standard output, and is kept nowhere\n", stderr);
    for (size_t i = 0; i < sites->count; i++) { // a folder that is misspelt would go unseen
        if (sites->items[i].is_new)
            fprintf(stderr,
                "reckoner: %s had no store yet, so one was made: a server knows the key if it has the same "
                "--var or --store\n",
                sites->items[i].app->name);
    }
}

// Brings the change into all stores; the secret that goes with it is printed then.
static bool change_and_print(struct key_sites *sites, struct work *work,
    enum err_code (*change)(void *ctx, struct key_site *site, struct err *err), char secret[SECRET_CHARS + 1])
{
    char actor[ACTOR_BYTES];
    work->who.actor = key_ask_actor(actor, sizeof(actor));
    if (!key_sites_change(sites, change, work))
        return false;
    if (secret == NULL) {
        tell_whose(work->id, sites);
        fputs(": revoked; running servers refuse it within a second\n", stderr);
        return true;
    }
    tell_key(work->id, sites, work->row != NULL ? work->row->ends_s : work->ends_s);
    return print_secret(secret);
}

static bool make_secret(char secret[SECRET_CHARS + 1], struct secret_digest *ret_digest)
{
    struct err err = {0};
    if (secret_make(secret, &err) != ERR_NONE) {
        message_error("key", &err);
        return false;
    }
    *ret_digest = secret_digest((struct span){.at = secret, .len = SECRET_CHARS});
    return true;
}

// --- the commands

static bool create(struct key_sites *sites, const struct key_ask *ask, int64_t now_s)
{
    char id[KEY_ID_CHARS + 1];
    char secret[SECRET_CHARS + 1];
    struct err err = {0};
    if (key_id_make(id, &err) != ERR_NONE) {
        message_error("key create", &err);
        return false;
    }
    struct key_row row = ask->row;
    bool done = make_secret(secret, &row.digest);
    row.id = span_of(id);
    struct work work = {.who.now_s = now_s, .id = row.id, .row = &row};
    done = done && change_and_print(sites, &work, create_in, secret);
    secret_erase(secret, sizeof(secret));
    return done;
}

static int run_create(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    struct key_sites sites = {0};
    struct key_ask ask = {0};
    int result;
    if (!options_read(argc, argv, &CREATE, &options, &result))
        return result;
    int64_t now_s = clock_wall_ms() / 1000;
    if (!key_ask_read(&options, now_s, &ask))
        result = EXIT_USAGE;
    else if (key_sites_read(&options, options.words, options.word_count, &sites, &result))
        result = key_ask_fits(&options, &sites) && key_sites_open(&sites, &options, true) &&
                         create(&sites, &ask, now_s)
                     ? EXIT_OK
                     : EXIT_FAILED;
    key_sites_fini(&sites);
    key_ask_fini(&ask);
    return result;
}

static bool rotate(struct key_sites *sites, struct work *work)
{
    char secret[SECRET_CHARS + 1];
    bool done = make_secret(secret, &work->digest) && change_and_print(sites, work, rotate_in, secret);
    secret_erase(secret, sizeof(secret));
    return done;
}

static int run_rotate(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    struct key_sites sites = {0};
    int result;
    if (!options_read(argc, argv, &ROTATE, &options, &result))
        return result;
    struct work work = {.who.now_s = clock_wall_ms() / 1000, .id = span_of(options.words[0])};
    if (!key_word_is_id(argv[0], options.words[0]) ||
        !key_ask_end(options.expires, work.who.now_s, KEY_LIVES_AS_LONG, &work.ends_s) ||
        !key_ask_overlap(options.overlap, work.who.now_s, &work.overlap_end_s))
        return EXIT_USAGE;
    if (key_sites_read(&options, options.words + 1, options.word_count - 1, &sites, &result))
        result = key_sites_open(&sites, &options, false) && rotate(&sites, &work) ? EXIT_OK : EXIT_FAILED;
    key_sites_fini(&sites);
    return result;
}

static int run_revoke(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    struct key_sites sites = {0};
    int result;
    if (!options_read(argc, argv, &REVOKE, &options, &result))
        return result;
    struct work work = {.who.now_s = clock_wall_ms() / 1000, .id = span_of(options.words[0])};
    if (!key_word_is_id(argv[0], options.words[0]))
        return EXIT_USAGE;
    if (key_sites_read(&options, options.words + 1, options.word_count - 1, &sites, &result))
        result = key_sites_open(&sites, &options, false) && change_and_print(&sites, &work, revoke_in, NULL)
                     ? EXIT_OK
                     : EXIT_FAILED;
    key_sites_fini(&sites);
    return result;
}

int cmd_key(int argc, char **argv)
{
    static const struct subcommand items[] = {
        {"create", run_create, "make a key and print its secret, once"},
        {"list", key_list_run, "list the keys of apps"},
        {"show", key_show_run, "show a key, its secrets and who changed it when"},
        {"rotate", run_rotate, "give a key a new secret; the former one goes on for a while"},
        {"revoke", run_revoke, "end a key"},
    };
    static const struct subcommands commands = {.command = "key",
        .about =
            "usage: reckoner key COMMAND [OPTION]... ARGUMENT...\n"
            "\n"
            "Keys let clients in where an app asks for them: '[access]' in app.ini, '@access' in an endpoint.\n"
            "They are in the app's store, so that all servers on it have them.\n",
        .items = items,
        .count = ARRAY_LEN(items)};
    return subcommands_run(&commands, argc, argv);
}
