// SPDX-License-Identifier: Apache-2.0
// A job: a batch that was accepted for later, as it stands in the table reckoner_jobs. Plain data; whoever
// has filled one says what its texts borrow.
#ifndef RECKONER_JOBS_JOB_H
#define RECKONER_JOBS_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"

//                  ┌────────── retried by hand ──────────┐
//                  ▼                                     │
//   JOB_QUEUED ─ taken ─► JOB_RUNNING ─ its rows are in ─► JOB_DONE
//     ▲   │                │   │  ├─ bad rows ───────────► JOB_REFUSED
//     │   │ cancelled      │   │  └─ tried too often ────► JOB_FAILED
//     │   ▼                │   │
//     │  JOB_CANCELLED ◄───┘   │ a fault that may pass
//     └────────────────────────┘
//
// Each move is one UPDATE that names the state and the token that it found: so of two that want to move a
// job, one does.
enum job_state {
    JOB_QUEUED,    // waits for its turn, or for its next try
    JOB_RUNNING,   // a runner has it
    JOB_DONE,      // its rows are in
    JOB_REFUSED,   // they do not pass, as its result says
    JOB_FAILED,    // was tried LIMIT_JOB_TRIES times
    JOB_CANCELLED, // nothing of it was written
    JOB_STATES,    // how many there are
};

// The word for a state in tables, answers and commands: "queued"; and back, false for another word.
const char *job_state_word(enum job_state state);
bool job_state_from_word(struct span word, enum job_state *ret_state);

// Whether nobody will do anything for it by himself any more.
static inline bool job_state_is_over(enum job_state state)
{
    return state != JOB_QUEUED && state != JOB_RUNNING;
}

enum {
    JOB_ID_CHARS = 26,     // of an id, without its NUL: 130 random bits
    JOB_DIGEST_CHARS = 32, // of a body's digest, likewise
};

// A new id. ERR_IO.
MUST_CHECK enum err_code job_id_make(char ret_id[JOB_ID_CHARS + 1], struct err *err);

// Whether a text may be an id.
bool job_id_is_sound(struct span text);

// What was asked for.
struct job_asked {
    struct span endpoint;     // "POST /prices", as declared
    struct span shape;        // of that (job_shape.h), when it was asked
    struct span client;       // id; empty: nobody who has said so
    struct span client_kind;  // as records of batches have it; empty likewise
    struct span address;      // of the client, likewise
    struct span plan;         // of the client, by name; empty: it has none of its own
    struct span content_type; // as it came
    struct span coding;       // of the body: a word of job_coding_word
    struct span format;       // of the answer: its media type
    struct span query;        // as it came, without a credential
    struct span params;       // the parameters' values (job_params.h)
};

struct job {
    int64_t number;         // counted in each app, in the order of arrival
    struct span id;         //
    enum job_state state;   //
    struct job_asked asked; //
    int64_t bytes;          // of the body as it came
    int64_t pieces;         // that it is kept in (job_body.h)
    struct span digest;     // of it: JOB_DIGEST_CHARS hexadecimal digits
    bool has_body;          // it is still there
    int64_t created_ms;     // since 1970, by the database's clock, as all times
    int64_t started_ms;     // of the last try; 0: none
    int64_t ended_ms;       // 0: not yet
    int64_t next_ms;        // before which it is not tried; 0: it may be at once
    int64_t attempts;       // that were begun
    int64_t token;          // random; another one whenever somebody takes it, or takes it away
    int64_t rows;           // of the body: that are in, or were read by the try that ended it
    int64_t batch;          // id of the batch that they are; 0: none
    int64_t status;         // of the answer that a direct request would have got; 0: not known
    struct span result;     // that answer, or problem document; empty: none was kept
};

#endif
