// SPDX-License-Identifier: Apache-2.0
// A batch: one write, of a request, a job or a file, as its sender hands it to a writer (writer.h).
#ifndef RECKONER_BATCH_BATCH_H
#define RECKONER_BATCH_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "app/plan.h"
#include "app/report.h"
#include "base/budget.h"
#include "base/err.h"
#include "base/spool.h"
#include "base/temp_file.h"
#include "batch/intake.h"
#include "batch/record.h"
#include "batch/rows.h"
#include "batch/seal.h"
#include "net/task.h"

// Owned by its sender, lent to the writer from writer_submit until on_done.
struct batch {
    struct task task; // the writer's own
    struct app *app;  // whose endpoint it is; borrowed. When it is another one than that of the
                      // batch before, the writer prepares everything anew and keeps a reference
    const struct endpoint *endpoint; // of that app; borrowed
    enum answer_format format;       // of the answer
    bool is_dry_run;                 // all of it is done, without its seals; then it is rolled back
    bool is_lenient;                 // its bad rows are left out (lenient.h); of an endpoint with @lenient
    const struct value *params;      // borrowed; one for each @param
    const char *trace_id;            // borrowed; of the request; NULL or "": it has none
    struct rows rows;                // checked rows; out: without those that were left out
    struct batch_source source;      // for its record; borrowed
    struct seal *seals;              // a list, borrowed; NULL: none
    struct report report;     // in: faults of rows that are not in `rows`; out: those of the rejects too,
                              // of a lenient batch also when it is in
    struct report found;      // the writer's own: the report, and what a run adds to it; zeroed by the sender
    struct spool answer;      // out: the answer; inited by the sender
    struct answered answered; // out: what is told beside the answer
    int64_t id;               // out: of its record; 0: it has none
    bool is_known;            // out: a seal knew its outcome, and nothing of it was written
    uint64_t begun_ns;        // out; monotonic: when its rows and statements began,
    uint64_t ran_ns;          // when they were done,
    uint64_t over_ns;         // and its transaction. Each 0 where it did not come so far
    struct err err;           // out: why it was not written; ERR_NONE in it when it is on disk, or known, or
                              // a dry run that went well
    struct batch *next;       // the writer's own: the group's next batch

    // Called once, on a thread of the writer's, when the batch is on disk or nothing of it ever will be.
    void (*on_done)(struct batch *batch);
};

// What a process has for the batches that come to it, from all senders. All is borrowed.
struct batch_means {
    struct temp_space *answers;    // where large answers go
    struct budget *rows_budget;    // of all batches, from their bytes until they are written
    struct temp_space *rows_space; // of the same, for what of them is not in memory
    uint64_t max_bytes;            // of a body or a file when it is decompressed
};

// What the intake of such a batch is for, whose endpoint is set; coding, format and dialect are the sender's
// to fill in. `arena`: for texts of the dialect.
struct intake_options batch_intake(struct batch *batch, const struct batch_means *means, struct arena *arena);

#define BATCH_NO_ROWS "the body has no rows: send at least one"

// Takes the rows of an intake that is finished. ERR_MALFORMED, with the text `none`, where there was no row
// at all.
MUST_CHECK enum err_code batch_take_rows(
    struct batch *batch, struct intake *intake, const char *none, struct err *err);

// Frees what a sender owns of it: rows, reports and answer. Not while a writer has it. Zeroed is fine.
void batch_fini(struct batch *batch);

#endif
