// SPDX-License-Identifier: Apache-2.0
// Blocks are charged to the budget with all of their memory when they are made, and given back when they are
// freed, whichever thread that happens on.
#include "http/body.h"

#include "base/limits.h"
#include "base/mem.h"

enum { FIRST_BLOCK_BYTES = 4096 }; // of a body whose size is not known

struct block {
    struct block *next; // younger
    size_t len;         // bytes in use
    size_t cap;         // bytes that fit
    char bytes[];       //
};

struct http_body {
    struct http_budget *budget; // borrowed; NULL for none
    struct block *first;        // oldest; owned, with all after it
    struct block *last;         // youngest
    bool first_taken;           // http_body_next has handed out `first`
    size_t len;                 // bytes appended
    uint64_t expected;          // bytes that are said to come in all; 0 when unknown
};

static bool charge(struct http_budget *budget, size_t bytes)
{
    if (budget == NULL)
        return true;
    size_t used = atomic_load_explicit(&budget->used_bytes, memory_order_relaxed);
    do {
        if (bytes > budget->max_bytes || used > budget->max_bytes - bytes)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(
        &budget->used_bytes, &used, used + bytes, memory_order_relaxed, memory_order_relaxed));
    return true;
}

static void give_back(struct http_budget *budget, size_t bytes)
{
    if (budget != NULL)
        atomic_fetch_sub_explicit(&budget->used_bytes, bytes, memory_order_relaxed);
}

// How large the next block should be: as large as what is expected, within reason.
static size_t next_block_cap(const struct http_body *body)
{
    if (body->expected > body->len) {
        uint64_t left = body->expected - body->len;
        return left < LIMIT_BLOCK_BYTES ? (size_t)left : LIMIT_BLOCK_BYTES;
    }
    return body->last == NULL ? FIRST_BLOCK_BYTES : LIMIT_BLOCK_BYTES;
}

static enum err_code add_block(struct http_body *body)
{
    size_t cap = next_block_cap(body);
    if (!charge(body->budget, sizeof(struct block) + cap))
        return ERR_BUSY;
    struct block *block = mem_alloc(sizeof(*block) + cap);
    if (block == NULL) {
        give_back(body->budget, sizeof(*block) + cap);
        return ERR_NO_MEMORY;
    }
    block->next = NULL;
    block->len = 0;
    block->cap = cap;
    if (body->last != NULL)
        body->last->next = block;
    else
        body->first = block;
    body->last = block;
    return ERR_NONE;
}

static void drop_first(struct http_body *body)
{
    struct block *block = body->first;
    body->first = block->next;
    if (body->first == NULL)
        body->last = NULL;
    give_back(body->budget, sizeof(*block) + block->cap);
    mem_free(block);
}

struct http_body *http_body_new(struct http_budget *budget, uint64_t expected_bytes)
{
    struct http_body *body = mem_zalloc(1, sizeof(*body));
    if (body == NULL)
        return NULL;
    body->budget = budget;
    body->expected = expected_bytes;
    return body;
}

enum err_code http_body_append(struct http_body *body, struct span bytes)
{
    while (bytes.len > 0) {
        if (body->last == NULL || body->last->len == body->last->cap) {
            enum err_code code = add_block(body);
            if (code != ERR_NONE)
                return code;
        }
        struct block *block = body->last;
        size_t room = block->cap - block->len;
        size_t len = bytes.len < room ? bytes.len : room;
        memcpy(block->bytes + block->len, bytes.at, len);
        block->len += len;
        body->len += len;
        bytes.at += len;
        bytes.len -= len;
    }
    return ERR_NONE;
}

size_t http_body_len(const struct http_body *body)
{
    return body->len;
}

bool http_body_next(struct http_body *body, struct span *ret_bytes)
{
    if (body->first_taken)
        drop_first(body);
    body->first_taken = body->first != NULL;
    if (!body->first_taken)
        return false;
    *ret_bytes = (struct span){.at = body->first->bytes, .len = body->first->len};
    return true;
}

void http_body_free(struct http_body *body)
{
    if (body == NULL)
        return;
    while (body->first != NULL)
        drop_first(body);
    mem_free(body);
}
