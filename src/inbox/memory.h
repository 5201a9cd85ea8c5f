// SPDX-License-Identifier: Apache-2.0
// What the receiver remembers from round to round of the files that it has seen and not taken, of their
// folders, and of the store: since when they are as they are, when they are tried next, and what was told of
// them. The receiver's thread.
#ifndef RECKONER_INBOX_MEMORY_H
#define RECKONER_INBOX_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "inbox/held_file.h"

#define MEMORY_OF_STORE "" // the path of what concerns all files

struct memory_item; // below, for its hash table

struct memory {
    struct memory_item *items; // uthash table; owned
    uint64_t round;            // the number of this one
};

// Begins another round.
void memory_begin(struct memory *memory);

// What is remembered of a path, now at the latest; NULL without memory. Valid to the end of the round.
struct memory_item *memory_of(struct memory *memory, const char *path);

// Forgets what was not asked for in this round.
void memory_end(struct memory *memory);

// A zeroed one is fine.
void memory_fini(struct memory *memory);

// Notes how a file is now. One that is not as before has just been changed, or as long ago as it tells.
void memory_see(struct memory_item *item, const struct file_stamp *stamp, uint64_t now_ns, int64_t wall_ns);

// Notes that a file has just changed, into what it is seen to be next.
void memory_note_change(struct memory_item *item, uint64_t now_ns);

// For how long it has been as it is, in nanoseconds.
uint64_t memory_age_ns(const struct memory_item *item, uint64_t now_ns);

// Puts its next try off, longer each time; returns how often in a row that was done.
unsigned memory_put_off(struct memory_item *item, uint64_t now_ns);

// All is well with it: the next try is now, the next pause is a first one, and whatever is told of it is
// news.
void memory_relent(struct memory_item *item);

// Nothing is left to be done with a file until it changes; and whether that is so.
void memory_set_over(struct memory_item *item);
bool memory_is_over(const struct memory_item *item);

// Whether a file was seen with other stamps than it has now.
bool memory_has_changed(const struct memory_item *item);

// Counts a failure that may be its own: only when others have gone well since the last one, as `written`
// tells, their number so far. Returns how many counted.
unsigned memory_count_failure(struct memory_item *item, uint64_t written);

// For how long it was seen as it is, in nanoseconds, whatever its own times say.
uint64_t memory_seen_ns(const struct memory_item *item, uint64_t now_ns);

// Whether it is to be tried.
bool memory_is_due(const struct memory_item *item, uint64_t now_ns);

// Whether a text is another one than was told of it last; it is told then.
MUST_CHECK bool memory_is_news(struct memory_item *item, const char *text);

#endif
