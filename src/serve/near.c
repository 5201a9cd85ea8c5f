// SPDX-License-Identifier: Apache-2.0
// A table with one place for each hash: what comes last stays. Words are compared in full. An answer that is
// found is marked as used, so it keeps its rank in the cache; one that the cache has given up lives here
// until its place is taken or it is asked for and stale, so that at most PLACES answers of NEAR_BYTES are
// held.
#include "serve/near.h"

#include <string.h>
#include <xxhash.h>

#include "base/mem.h"

enum {
    PLACES = 512,      // a power of 2
    WORDS_BYTES = 512, // of a request: a target of some parameters, and what browsers accept
    NEAR_BYTES = 8192, // of an answer: what is larger takes longer to send than to find
};

struct place {
    struct near_answer answer; // without `kept`: the place is free
    uint64_t edition;          // that has answered
    uint64_t hash;             // of the words
    char *text;                // owned; the three texts of the words, one behind the other
    size_t lens[3];            // theirs
    bool is_there[3];          // whether there is such a field
};

struct near {
    struct place places[PLACES];
};

enum err_code near_new(struct near **ret_near, struct err *err)
{
    *ret_near = mem_zalloc(1, sizeof(**ret_near));
    return *ret_near == NULL ? err_no_memory(err) : ERR_NONE;
}

static void clear(struct place *place)
{
    kept_unref(place->answer.kept);
    mem_free(place->text);
    *place = (struct place){0};
}

void near_free(struct near *near)
{
    for (size_t i = 0; near != NULL && i < PLACES; i++)
        clear(&near->places[i]);
    mem_free(near);
}

// --- words

// Takes a field that may come once; false when it has come before.
static bool take_once(struct span *field, struct span value)
{
    bool is_first = field->at == NULL;
    *field = value;
    return is_first;
}

// Whether the field leaves the head as near_words_of wants it.
static bool take_field(const struct http_field *field, struct near_words *words)
{
    switch (field->name.len) {
    case sizeof("Accept") - 1:
        if (span_is_nocase(field->name, "origin"))
            return take_once(&words->origin, field->value);
        return !span_is_nocase(field->name, "accept") || take_once(&words->accept, field->value);
    case sizeof("If-Match") - 1:
        return !span_is_nocase(field->name, "if-match");
    case sizeof("X-API-Key") - 1:
        return !span_is_nocase(field->name, "x-api-key") || take_once(&words->api_key, field->value);
    case sizeof("traceparent") - 1:
        words->has_trace = words->has_trace || span_is_nocase(field->name, "traceparent");
        return true;
    case sizeof("Cache-Control") - 1: // as long as If-None-Match and Authorization
        if (span_is_nocase(field->name, "if-none-match"))
            return take_once(&words->none_match, field->value);
        if (span_is_nocase(field->name, "authorization"))
            return take_once(&words->authorization, field->value);
        return !span_is_nocase(field->name, "cache-control");
    case sizeof("Accept-Encoding") - 1:
        return !span_is_nocase(field->name, "accept-encoding") ||
               take_once(&words->accept_encoding, field->value);
    case sizeof("If-Unmodified-Since") - 1:
        return !span_is_nocase(field->name, "if-unmodified-since");
    default:
        return true;
    }
}

bool near_words_of(const struct http_request *head, struct near_words *ret_words)
{
    struct near_words words = {0};
    bool is_read = head->method == HTTP_GET || head->method == HTTP_HEAD;
    if (!is_read || head->asterisk || head->chunked || head->content_length > 0)
        return false;
    for (size_t i = 0; i < head->field_count; i++) {
        if (!take_field(&head->fields[i], &words))
            return false;
    }
    if (head->query.len > 0 && head->query.at != head->path.at + head->path.len + 1) // "http://host?query"
        return false;
    const char *end = head->query.len > 0 ? head->query.at + head->query.len : head->path.at + head->path.len;
    words.target = (struct span){.at = head->path.at, .len = (size_t)(end - head->path.at)};
    if (words.target.len + words.accept.len + words.accept_encoding.len > WORDS_BYTES)
        return false;
    words.hash = XXH3_64bits(words.target.at, words.target.len);
    *ret_words = words;
    return true;
}

// --- places

static struct place *place_of(struct near *near, const struct near_words *words)
{
    return &near->places[words->hash & (PLACES - 1)];
}

static bool has_words(const struct place *place, const struct near_words *words)
{
    const struct span *spans[] = {&words->target, &words->accept, &words->accept_encoding};
    const char *at = place->text;
    for (size_t i = 0; i < 3; i++) {
        if (place->lens[i] != spans[i]->len || place->is_there[i] != (spans[i]->at != NULL) ||
            (spans[i]->at != NULL && spans[i]->len > 0 && memcmp(at, spans[i]->at, spans[i]->len) != 0))
            return false;
        at += place->lens[i];
    }
    return true;
}

const struct near_answer *near_find(struct near *near, const struct near_words *words, uint64_t edition)
{
    struct place *place = place_of(near, words);
    struct kept *kept = place->answer.kept;
    if (kept == NULL || place->hash != words->hash || !has_words(place, words))
        return NULL;
    if (place->edition != edition || !kept_is_current(kept)) {
        clear(place);
        return NULL;
    }
    if (!atomic_load_explicit(&kept->was_used, memory_order_relaxed)) // most often it is set: no write then
        atomic_store_explicit(&kept->was_used, true, memory_order_relaxed);
    return &place->answer;
}

void near_note(
    struct near *near, const struct near_words *words, uint64_t edition, const struct near_answer *answer)
{
    const struct span *spans[] = {&words->target, &words->accept, &words->accept_encoding};
    struct place *place = place_of(near, words), noted = {.edition = edition, .hash = words->hash};
    size_t len = 0;
    if (answer->kept->bytes > NEAR_BYTES)
        return;
    noted.text = mem_alloc(words->target.len + words->accept.len + words->accept_encoding.len);
    if (noted.text == NULL)
        return;
    for (size_t i = 0; i < 3; i++) {
        noted.lens[i] = spans[i]->len;
        noted.is_there[i] = spans[i]->at != NULL;
        if (spans[i]->at != NULL && spans[i]->len > 0)
            memcpy(noted.text + len, spans[i]->at, spans[i]->len);
        len += spans[i]->len;
    }
    clear(place);
    *place = noted;
    place->answer = *answer;
    kept_ref(answer->kept);
}
