// SPDX-License-Identifier: Apache-2.0
// Memory for one yajl parser. yajl 2.1.0 uses what its allocation functions return without looking, so they
// must not fail: whatever it may ask for during a call is set aside before, where a failure can be told. One
// thread at a time.
#ifndef RECKONER_TEXT_YAJL_MEMORY_H
#define RECKONER_TEXT_YAJL_MEMORY_H

#include <stdalign.h>
#include <stddef.h>
#include <yajl/yajl_common.h>

#include "base/attr.h"
#include "base/err.h"

enum {
    YAJL_FIXED_BYTES =
        8192,         // the parser's structs, its stack of states and its two buffers' first 2 KiB: 5 KiB
    YAJL_BUFFERS = 2, // that grow: one token that is cut in two, one string without its escapes
};

struct yajl_memory {
    yajl_alloc_funcs functions; // for yajl_alloc; they point back to this struct
    size_t used;                // bytes of `fixed` handed out
    void *spare[YAJL_BUFFERS];  // owned; set aside, not handed out
    size_t ready;               // a buffer may grow to this without fail
    alignas(max_align_t) unsigned char fixed[YAJL_FIXED_BYTES]; // what does not grow; freed all at once
};

// The struct must stay where it is from here on.
void yajl_memory_init(struct yajl_memory *memory);

// Frees what is set aside, after yajl_free. A zeroed struct is fine.
void yajl_memory_fini(struct yajl_memory *memory);

// Before each call to the parser: it will meet no token of more than `token_bytes`. ERR_NO_MEMORY.
MUST_CHECK enum err_code yajl_memory_reserve(struct yajl_memory *memory, size_t token_bytes);

#endif
