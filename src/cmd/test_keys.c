// SPDX-License-Identifier: Apache-2.0
// What stands between {{ and }} and is no key is left as it is: a test may send such a text. The keys go into
// the store as `reckoner key create` puts them there, so a server knows them like any others.
#include "cmd/test_keys.h"

#include <stdio.h>
#include <string.h>

#include "access/key_change.h"
#include "access/key_id.h"
#include "access/key_store.h"
#include "app/diag.h"
#include "base/ascii.h"
#include "base/clock.h"
#include "base/limits.h"
#include "store/notes.h"

static const char OPENING[] = "{{key", CLOSING[] = "}}";

#define MS_PER_S 1000

static const char FORMS[] = "a key is written {{key}} or {{key: scope=reports, plan=gold, tenant=acme}}";

// --- where keys stand in a text

struct spot {
    struct span before; // the text in front of it
    struct span words;  // of the key
};

static struct span find(struct span text, const char *what)
{
    const char *at = text.len > 0 ? memmem(text.at, text.len, what, strlen(what)) : NULL;
    if (at == NULL)
        return (struct span){0};
    return (struct span){.at = at, .len = (size_t)(text.at + text.len - at)};
}

// Where a name that begins with "key" goes on, as in {{keys}}, it is another one.
static bool is_name_byte(char byte)
{
    return ascii_is_digit(byte) || ascii_is_letter(byte) || byte == '_' || byte == '-';
}

// The next spot in *rest, from which it and what is in front of it are taken; ERR_UNKNOWN, and nothing is
// taken: there is none. ERR_INVALID.
static enum err_code next_spot(struct span *rest, struct spot *ret_spot, struct err *err)
{
    struct span found = find(*rest, OPENING);
    while (found.len > strlen(OPENING) && is_name_byte(found.at[strlen(OPENING)])) {
        struct span behind = {.at = found.at + 1, .len = found.len - 1};
        found = find(behind, OPENING);
    }
    if (found.len == 0)
        return ERR_UNKNOWN;
    struct span words = {.at = found.at + strlen(OPENING), .len = found.len - strlen(OPENING)};
    struct span end = find(words, CLOSING);
    words.len -= end.len;
    if (end.len == 0 || (words.len > 0 && words.at[0] != ':')) {
        err_set(err, ERR_INVALID, "%s", FORMS);
        return ERR_INVALID;
    }
    if (words.len > 0)
        words = span_trim((struct span){.at = words.at + 1, .len = words.len - 1});
    *ret_spot = (struct spot){
        .before = {.at = rest->at, .len = (size_t)(found.at - rest->at)},
        .words = words,
    };
    *rest = (struct span){.at = end.at + strlen(CLOSING), .len = end.len - strlen(CLOSING)};
    return ERR_NONE;
}

static struct test_key *find_key(const struct test_keys *keys, struct span words)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (span_equal(keys->items[i].words, words))
            return &keys->items[i];
    }
    return NULL;
}

// --- the words of a key

// Scopes and claims are lines of their own in a row.
struct lines {
    struct buf scopes;
    struct buf claims;
};

static void add_scope(struct lines *lines, struct span name)
{
    buf_printf(&lines->scopes, "%s%.*s", lines->scopes.len > 0 ? "\n" : "", (int)name.len, name.at);
}

static enum err_code add_claim(struct lines *lines, struct span name, struct span text, struct err *err)
{
    struct span rest = buf_span(&lines->claims);
    while (rest.len > 0) {
        struct span line = span_line(&rest);
        if (span_equal(span_split(&line, '='), name))
            return err_set(err, ERR_INVALID, "a second %.*s of a key", SHOW(name));
    }
    if (name.len + text.len > LIMIT_CLAIM_BYTES)
        return err_set(
            err, ERR_INVALID, "the claim %.*s is longer than %d bytes", SHOW(name), LIMIT_CLAIM_BYTES);
    buf_printf(&lines->claims, "%s%.*s=%.*s", lines->claims.len > 0 ? "\n" : "", (int)name.len, name.at,
        (int)text.len, text.at);
    return ERR_NONE;
}

static enum err_code read_word(struct key_row *row, struct span word, struct lines *lines, struct err *err)
{
    struct span text = span_trim(word);
    struct span name = span_trim(span_split(&text, '='));
    text = span_trim(text);
    if (name.len == 0 || text.len == 0)
        return err_set(err, ERR_INVALID, "\"%.*s\" says nothing of a key; %s", SHOW(span_trim(word)), FORMS);
    if (span_is(name, "scope"))
        add_scope(lines, text);
    else if (!span_is(name, "plan"))
        return add_claim(lines, name, text, err);
    else if (row->plan.len > 0)
        return err_set(err, ERR_INVALID, "a second plan of a key");
    else
        row->plan = text;
    return ERR_NONE;
}

static enum err_code read_words(struct key_row *row, struct span words, struct lines *lines, struct err *err)
{
    enum err_code code = ERR_NONE;
    while (code == ERR_NONE && words.len > 0)
        code = read_word(row, span_split(&words, ','), lines, err);
    if (code == ERR_NONE &&
        (buf_status(&lines->scopes) != ERR_NONE || buf_status(&lines->claims) != ERR_NONE))
        code = err_no_memory(err);
    return code;
}

static struct span copy(struct arena *arena, const struct buf *buf)
{
    return (struct span){
        .at = arena_strndup(arena, buf->data != NULL ? buf->data : "", buf->len), .len = buf->len};
}

static enum err_code add_key(struct test_keys *keys, struct span words, struct arena *arena, struct err *err)
{
    struct test_key key = {
        .words = words, .row = {.secret = 1, .plan = span_of(""), .ends_s = CLIENT_NEVER_ENDS}};
    struct lines lines;
    buf_init(&lines.scopes, words.len + 1); // the lines are shorter than the words
    buf_init(&lines.claims, words.len + 1);
    enum err_code code = read_words(&key.row, words, &lines, err);
    char id[KEY_ID_CHARS + 1];
    snprintf(id, sizeof(id), "k_test%06zu", keys->count + 1);
    key.row.id = (struct span){.at = arena_strndup(arena, id, KEY_ID_CHARS), .len = KEY_ID_CHARS};
    key.row.label = key.row.id;
    key.row.scopes = copy(arena, &lines.scopes);
    key.row.claims = copy(arena, &lines.claims);
    buf_fini(&lines.scopes);
    buf_fini(&lines.claims);
    if (code != ERR_NONE)
        return code;
    struct test_key *grown = arena_grow(arena, keys->items, keys->count, &keys->room, sizeof(*grown));
    if (grown == NULL || key.row.id.at == NULL || key.row.scopes.at == NULL || key.row.claims.at == NULL)
        return err_no_memory(err);
    keys->items = grown;
    keys->items[keys->count++] = key;
    return ERR_NONE;
}

enum err_code test_keys_add(struct test_keys *keys, struct span text, struct arena *arena, struct err *err)
{
    struct spot spot;
    enum err_code code;
    while ((code = next_spot(&text, &spot, err)) == ERR_NONE) {
        if (find_key(keys, spot.words) == NULL)
            code = add_key(keys, spot.words, arena, err);
        if (code != ERR_NONE)
            return code;
    }
    return code == ERR_UNKNOWN ? ERR_NONE : code;
}

// --- the store

static bool has_plan(const struct app *app, struct span name)
{
    for (size_t i = 0; i < app->quota_count; i++) {
        if (span_equal(app->quotas[i].name, name))
            return true;
    }
    return name.len == 0;
}

static enum err_code create(
    struct test_key *key, const struct app *app, struct store_conn *conn, struct err *err)
{
    struct audit_who who = {.actor = span_of("reckoner test"), .now_s = clock_wall_ms() / MS_PER_S};
    if (!has_plan(app, key->row.plan))
        return err_set(err, ERR_INVALID, "there is no [plan %.*s] in app.ini, which {{key: %.*s}} names",
            SHOW(key->row.plan), SHOW(key->words));
    enum err_code code = secret_make(key->secret, err);
    if (code != ERR_NONE)
        return code;
    key->row.digest = secret_digest(span_of(key->secret));
    return key_create(conn, &who, &key->row, err);
}

enum err_code test_keys_store(
    struct test_keys *keys, const struct app *app, struct store_conn *conn, struct err *err)
{
    if (keys->count == 0)
        return ERR_NONE;
    enum err_code code = notes_make(conn, err);
    if (code == ERR_NONE)
        code = key_store_make(conn, err);
    if (code == ERR_NONE)
        code = store_begin(conn, err);
    if (code != ERR_NONE)
        return code;
    for (size_t i = 0; code == ERR_NONE && i < keys->count; i++)
        code = create(&keys->items[i], app, conn, err);
    if (code == ERR_NONE)
        code = store_commit(conn, err);
    if (code != ERR_NONE)
        store_rollback(conn);
    return code;
}

void test_keys_fill(const struct test_keys *keys, struct span text, struct buf *out)
{
    struct spot spot;
    while (next_spot(&text, &spot, NULL) == ERR_NONE) {
        const struct test_key *key = find_key(keys, spot.words);
        buf_append(out, spot.before.at, spot.before.len);
        buf_append_str(out, key != NULL ? key->secret : "");
    }
    buf_append(out, text.at, text.len);
}
