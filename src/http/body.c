// SPDX-License-Identifier: Apache-2.0
// Blocks are charged to the budget with all of their memory when they are made, and given back when they are
// freed, whichever thread that happens on. One thread at a time.
#include "http/body.h"

#include "base/limits.h"
#include "base/mem.h"

enum { FIRST_BLOCK_BYTES = 4096 }; // of a body whose size is not known

struct body_block {
    struct body_block *next; // younger
    size_t len;              // bytes in use
    size_t cap;              // bytes that fit
    char bytes[];            //
};

// How large the next block should be: as large as what is expected, within reason.
static size_t next_block_cap(const struct http_body *body)
{
    if (body->expected_bytes > body->len) {
        uint64_t left = body->expected_bytes - body->len;
        return left < LIMIT_BLOCK_BYTES ? (size_t)left : LIMIT_BLOCK_BYTES;
    }
    return body->last == NULL ? FIRST_BLOCK_BYTES : LIMIT_BLOCK_BYTES;
}

static enum err_code add_block(struct http_body *body)
{
    size_t cap = next_block_cap(body);
    if (!budget_take(body->budget, sizeof(struct body_block) + cap))
        return ERR_BUSY;
    struct body_block *block = mem_alloc(sizeof(*block) + cap);
    if (block == NULL) {
        budget_give_back(body->budget, sizeof(*block) + cap);
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
    struct body_block *block = body->first;
    body->first = block->next;
    if (body->first == NULL)
        body->last = NULL;
    budget_give_back(body->budget, sizeof(*block) + block->cap);
    mem_free(block);
}

void http_body_init(struct http_body *body, struct budget *budget, uint64_t expected_bytes)
{
    *body = (struct http_body){.budget = budget, .expected_bytes = expected_bytes};
}

enum err_code http_body_append(struct http_body *body, struct span bytes)
{
    while (bytes.len > 0) {
        if (body->last == NULL || body->last->len == body->last->cap) {
            enum err_code code = add_block(body);
            if (code != ERR_NONE)
                return code;
        }
        struct body_block *block = body->last;
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

bool http_body_next(struct http_body *body, struct span *ret_bytes)
{
    if (body->is_first_taken)
        drop_first(body);
    body->is_first_taken = body->first != NULL;
    if (!body->is_first_taken)
        return false;
    *ret_bytes = (struct span){.at = body->first->bytes, .len = body->first->len};
    return true;
}

void http_body_fini(struct http_body *body)
{
    if (body == NULL)
        return;
    while (body->first != NULL)
        drop_first(body);
    *body = (struct http_body){0};
}
