// SPDX-License-Identifier: Apache-2.0
// `reckoner key list` and `reckoner key show`: what the stores have of keys, for people and for programs. On
// the main thread.
#include "cmd/key_list.h"

#include <stdio.h>
#include <stdlib.h>

#include "access/audit.h"
#include "access/key_records.h"
#include "base/attr.h"
#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/key_sites.h"
#include "cmd/key_word.h"
#include "cmd/listing.h"
#include "cmd/message.h"
#include "cmd/options.h"
#include "text/timestamp.h"

static const struct usage LIST = {
    .command = COMMAND_KEY_LIST,
    .forms = "key list [OPTION]... APP...",
    .about = "Lists the keys of each APP, those that have ended too, in the order in which they were made.\n"
             "A key is 'rotating' while it has two secrets. Its last use is some seconds old.\n",
    .min_words = 1,
    .max_words = SIZE_MAX,
    .wanted = WANTED_APPS,
};

static const struct usage SHOW = {
    .command = COMMAND_KEY_SHOW,
    .forms = "key show [OPTION]... ID APP...",
    .about = "Shows the key ID as each APP has it: what it may, its secrets, and who changed it when.\n",
    .min_words = 2,
    .max_words = SIZE_MAX,
    .wanted = "the id of a key and at least one app: ID APP...",
};

// The secrets of one key, which follow each other in the records.
struct key {
    const struct key_record *first;
    size_t count;
};

static const struct key_record *newest_of(const struct key *key)
{
    return &key->first[key->count - 1];
}

static const char *state_of(const struct key *key, int64_t now_s)
{
    size_t going = 0;
    for (size_t i = 0; i < key->count; i++)
        going += key->first[i].row.ends_s > now_s;
    if (newest_of(key)->row.revoked_s != 0)
        return "revoked";
    return going == 0 ? "ended" : going == 1 ? "active" : "rotating";
}

static int64_t last_use_of(const struct key *key)
{
    int64_t last_s = 0;
    for (size_t i = 0; i < key->count; i++)
        last_s = key->first[i].last_used_s > last_s ? key->first[i].last_used_s : last_s;
    return last_s;
}

// --- list

static int by_creation(const void *a, const void *b)
{
    const struct key_record *first = ((const struct key *)a)->first;
    const struct key_record *second = ((const struct key *)b)->first;
    if (first->created_s != second->created_s)
        return first->created_s < second->created_s ? -1 : 1;
    return span_compare(first->row.id, second->row.id);
}

// Groups the records by key; the array is the records' arena's. NULL without memory.
static struct key *group(struct key_records *records, size_t *ret_count)
{
    size_t count = 0;
    struct key *keys = arena_zalloc(&records->arena, records->count + 1, sizeof(*keys));
    for (size_t i = 0; keys != NULL && i < records->count; i++) {
        const struct key_record *record = &records->items[i];
        if (count == 0 || !span_equal(record->row.id, record[-1].row.id))
            keys[count++].first = record;
        keys[count - 1].count++;
    }
    if (keys == NULL)
        return NULL;
    qsort(keys, count, sizeof(*keys), by_creation);
    *ret_count = count;
    return keys;
}

static void add_moment(struct listing *listing, int64_t at_s, int64_t none)
{
    char moment[TIMESTAMP_CHARS];
    if (at_s == none) {
        listing_add_null(listing);
        return;
    }
    timestamp_format_seconds(at_s, moment);
    listing_add_text(listing, span_of(moment));
}

// Lines as one text: "GET /rates, admin"; none are null.
static void add_lines(struct listing *listing, struct span lines)
{
    AUTO(buf_fini) struct buf text;
    buf_init(&text, 2 * lines.len + 1);
    while (lines.len > 0) {
        struct span line = span_line(&lines);
        buf_printf(&text, "%s%.*s", text.len > 0 ? ", " : "", (int)line.len, line.at);
    }
    if (text.len > 0)
        listing_add_text(listing, buf_span(&text));
    else
        listing_add_null(listing);
}

static void add_key(struct listing *listing, const struct app *app, const struct key *key, int64_t now_s)
{
    const struct key_record *newest = newest_of(key);
    listing_add_text(listing, span_of(app->name));
    listing_add_text(listing, newest->row.id);
    add_lines(listing, newest->row.label);
    add_lines(listing, newest->row.plan);
    add_lines(listing, newest->row.scopes);
    add_lines(listing, newest->row.claims);
    listing_add_text(listing, span_of(state_of(key, now_s)));
    add_moment(listing, key->first->created_s, 0);
    add_moment(listing, newest->row.ends_s, CLIENT_NEVER_ENDS);
    add_moment(listing, last_use_of(key), 0);
}

static enum err_code add_keys(struct listing *listing, struct key_site *site, int64_t now_s, struct err *err)
{
    struct key_records records = {0};
    size_t count = 0;
    enum err_code code = key_records_read(site->conn, span_of(""), INT64_MIN, SIZE_MAX, &records, err);
    const struct key *keys = code == ERR_NONE ? group(&records, &count) : NULL;
    if (code == ERR_NONE && keys == NULL)
        code = err_no_memory(err);
    for (size_t i = 0; keys != NULL && i < count; i++)
        add_key(listing, site->app, &keys[i], now_s);
    key_records_fini(&records);
    return code;
}

static bool list(struct key_sites *sites, enum listing_format format, int64_t now_s)
{
    static const char *const columns[] = {
        "app", "id", "label", "plan", "scopes", "claims", "state", "created", "ends", "last_used"};
    AUTO(listing_fini) struct listing listing;
    listing_init(&listing, columns, ARRAY_LEN(columns));
    for (size_t i = 0; i < sites->count; i++) {
        struct err err = {0};
        if (add_keys(&listing, &sites->items[i], now_s, &err) == ERR_NONE)
            continue;
        message_error(sites->items[i].app->dir, &err);
        return false;
    }
    if (listing.count == 0 && format == LISTING_TEXT)
        fputs("no keys; 'reckoner key create' makes one\n", stderr);
    return listing_print(&listing, format, stdout);
}

int key_list_run(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    struct key_sites sites = {0};
    enum listing_format format = LISTING_TEXT;
    int result;
    if (!options_read(argc, argv, &LIST, &options, &result))
        return result;
    if (!listing_format_read(options.format, &format))
        return EXIT_USAGE;
    if (key_sites_read(&options, options.words, options.word_count, &sites, &result))
        result = key_sites_open(&sites, &options, false) && list(&sites, format, clock_wall_ms() / 1000)
                     ? EXIT_OK
                     : EXIT_FAILED;
    key_sites_fini(&sites);
    return result;
}

// --- show

static void print_lines(const char *name, struct span lines)
{
    for (const char *title = name; lines.len > 0; title = "") {
        struct span line = span_line(&lines);
        printf("  %-8s %.*s\n", title, (int)line.len, line.at);
    }
}

static void print_secret_row(const struct key_record *record, int64_t now_s)
{
    char moment[TIMESTAMP_CHARS];
    timestamp_format_seconds(record->created_s, moment);
    printf("    %u  made %s by %.*s", record->row.secret, moment, (int)record->created_by.len,
        record->created_by.at);
    if (record->row.ends_s != CLIENT_NEVER_ENDS) {
        timestamp_format_seconds(record->row.ends_s, moment);
        printf(", %s %s", record->row.ends_s > now_s ? "ends" : "ended", moment);
    }
    if (record->last_used_s != 0) {
        timestamp_format_seconds(record->last_used_s, moment);
        printf(", last used %s", moment);
    }
    putchar('\n');
}

static void print_key(const struct app *app, const struct key *key, int64_t now_s)
{
    const struct key_row *row = &newest_of(key)->row;
    printf("%s %.*s\n", app->name, (int)row->id.len, row->id.at);
    print_lines("label", row->label);
    print_lines("plan", row->plan);
    print_lines("scopes", row->scopes);
    print_lines("claims", row->claims);
    printf("  %-8s %s\n  secrets\n", "state", state_of(key, now_s));
    for (size_t i = 0; i < key->count; i++)
        print_secret_row(&key->first[i], now_s);
}

static void print_history(const struct audit_entry *entries, size_t count)
{
    puts("  history");
    for (size_t i = 0; i < count; i++) {
        char moment[TIMESTAMP_CHARS];
        timestamp_format_seconds(entries[i].at_s, moment);
        printf("    %s  %.*s by %.*s%s%.*s\n", moment, (int)entries[i].action.len, entries[i].action.at,
            (int)entries[i].actor.len, entries[i].actor.at, entries[i].detail.len > 0 ? ", " : "",
            (int)entries[i].detail.len, entries[i].detail.at);
    }
}

static enum err_code show_on(struct key_site *site, struct span id, int64_t now_s, struct err *err)
{
    struct key_records records = {0};
    struct audit_entry *entries = NULL;
    size_t count = 0;
    enum err_code code = key_records_read(site->conn, id, INT64_MIN, SIZE_MAX, &records, err);
    if (code == ERR_NONE)
        code = audit_read(site->conn, id, &records.arena, &entries, &count, err);
    if (code == ERR_NONE && records.count == 0) {
        code = err_set(err, ERR_UNKNOWN, "there is no key %.*s", (int)id.len, id.at);
        key_word_hint(site, id, err);
    }
    if (code == ERR_NONE) {
        const struct key key = {.first = records.items, .count = records.count};
        print_key(site->app, &key, now_s);
        print_history(entries, count);
    }
    key_records_fini(&records);
    return code;
}

static bool show(struct key_sites *sites, struct span id, int64_t now_s)
{
    bool done = true;
    for (size_t i = 0; i < sites->count; i++) { // on after one without it: a key may be in some only
        struct err err = {0};
        if (show_on(&sites->items[i], id, now_s, &err) == ERR_NONE)
            continue;
        message_error(sites->items[i].app->dir, &err);
        done = false;
    }
    return done;
}

int key_show_run(int argc, char **argv)
{
    AUTO(options_fini) struct options options = {0};
    struct key_sites sites = {0};
    int result;
    if (!options_read(argc, argv, &SHOW, &options, &result))
        return result;
    if (!key_word_is_id(argv[0], options.words[0]))
        return EXIT_USAGE;
    if (key_sites_read(&options, options.words + 1, options.word_count - 1, &sites, &result))
        result = key_sites_open(&sites, &options, false) &&
                         show(&sites, span_of(options.words[0]), clock_wall_ms() / 1000)
                     ? EXIT_OK
                     : EXIT_FAILED;
    key_sites_fini(&sites);
    return result;
}
