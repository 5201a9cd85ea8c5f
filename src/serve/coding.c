// SPDX-License-Identifier: Apache-2.0
// Takes each element of the Accept-Encoding fields in turn and notes what it says of the codings that there
// are; those of Content-Encoding have to name one at most. Compressing is compress.c's. No state.
#include "serve/coding.h"

#include "serve/accept.h"

// The codings that an element names: a bit each; 0 for one that we do not have.
static unsigned named_by(struct span name)
{
    if (span_is_nocase(name, "gzip") || span_is_nocase(name, "x-gzip")) // section 8.4.1.3
        return 1u << CODING_GZIP;
    if (span_is_nocase(name, "zstd"))
        return 1u << CODING_ZSTD;
    return span_is_nocase(name, "identity") ? 1u << CODING_IDENTITY : 0;
}

// What the fields say. Weights are ACCEPT_MOST at most.
struct wishes {
    unsigned named;            // codings that have a weight of their own: a bit each
    unsigned weights[CODINGS]; // of those
    bool has_rest;             // "*" has come
    unsigned rest_weight;      // of those without one of their own, then
};

static void note(struct wishes *wishes, struct span element)
{
    struct span name = span_trim(span_split(&element, ';'));
    unsigned weight = accept_weight_in(element);
    if (span_is(name, "*")) {
        wishes->has_rest = true;
        wishes->rest_weight = weight;
        return;
    }
    unsigned named = named_by(name);
    wishes->named |= named;
    for (unsigned i = 0; i < CODINGS; i++) {
        if (named & 1u << i)
            wishes->weights[i] = weight;
    }
}

// 0: not taken.
static unsigned weight_of(const struct wishes *wishes, enum coding coding)
{
    if (wishes->named & 1u << coding)
        return wishes->weights[coding];
    return wishes->has_rest ? wishes->rest_weight : 0;
}

enum coding coding_accepted(const struct http_request *request)
{
    static const enum coding by_preference[] = {CODING_ZSTD, CODING_GZIP, CODING_IDENTITY};
    struct wishes wishes = {0};
    for (size_t i = 0; i < request->field_count; i++) {
        struct span list = request->fields[i].value, element;
        if (!span_is_nocase(request->fields[i].name, "accept-encoding"))
            continue;
        while (http_list_next(&list, &element))
            note(&wishes, element);
    }
    enum coding best = CODING_IDENTITY;
    unsigned most = 0;
    for (size_t i = 0; i < ARRAY_LEN(by_preference); i++) {
        unsigned weight = weight_of(&wishes, by_preference[i]);
        if (weight > most) {
            most = weight;
            best = by_preference[i];
        }
    }
    return best;
}

bool coding_of_body(const struct http_request *request, enum coding *ret_coding)
{
    enum coding found = CODING_IDENTITY;
    for (size_t i = 0; i < request->field_count; i++) {
        struct span list = request->fields[i].value, name;
        if (!span_is_nocase(request->fields[i].name, "content-encoding"))
            continue;
        while (http_list_next(&list, &name)) {
            unsigned named = named_by(name);
            if (named == 1u << CODING_IDENTITY)
                continue;
            if (named == 0 || found != CODING_IDENTITY)
                return false;
            found = named == 1u << CODING_ZSTD ? CODING_ZSTD : CODING_GZIP;
        }
    }
    *ret_coding = found;
    return true;
}

const char *coding_lines(enum coding coding, bool by_accept)
{
    static const char *const lines[CODINGS][2] = {
        [CODING_IDENTITY] = {"Vary: Accept-Encoding\r\n", "Vary: Accept, Accept-Encoding\r\n"},
        [CODING_GZIP] = {"Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n",
            "Vary: Accept, Accept-Encoding\r\nContent-Encoding: gzip\r\n"},
        [CODING_ZSTD] = {"Vary: Accept-Encoding\r\nContent-Encoding: zstd\r\n",
            "Vary: Accept, Accept-Encoding\r\nContent-Encoding: zstd\r\n"},
    };
    return lines[coding][by_accept];
}

const char *coding_suffix(enum coding coding)
{
    static const char *const suffixes[CODINGS] = {
        [CODING_IDENTITY] = "", [CODING_GZIP] = "-gz", [CODING_ZSTD] = "-zst"};
    return suffixes[coding];
}
