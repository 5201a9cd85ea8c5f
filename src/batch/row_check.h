// SPDX-License-Identifier: Apache-2.0
// What the readers of all formats share: the check of one row after another against an endpoint's fields.
// A reader begins a row, hands over its values, and ends it; rows without a fault are packed, the others
// reported. A reader is called by a parser, to which it cannot return an error: it stops the parser, and the
// error waits in `status` for whoever fed the parser. One thread at a time.
#ifndef RECKONER_BATCH_ROW_CHECK_H
#define RECKONER_BATCH_ROW_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/endpoint.h"
#include "app/report.h"
#include "base/arena.h"
#include "base/attr.h"
#include "base/err.h"
#include "base/span.h"
#include "batch/rows.h"
#include "text/csv_dialect.h"
#include "text/pattern.h"
#include "text/value.h"

enum { NO_FIELD = -1 }; // a name that no field has

struct row_check {
    const struct endpoint *endpoint; // borrowed
    const struct rule *fields;       // borrowed: the endpoint's, or a reader's that change them
    const struct csv_dialect *csv;   // borrowed: of a CSV body, to say which option would read it; else NULL
    struct rows *rows;               // borrowed; good rows go there
    struct report *report;           // borrowed; bad ones there
    size_t max_rows;                 // good and bad ones together
    size_t rows_seen;                // likewise
    struct arena arena;              // values of the current row that had to be rewritten
    size_t *by_name;                 // owned; field numbers sorted by outside name
    struct value *values;            // owned; of the current row, one for each column of batch
    int64_t *seen_in;                // owned; for each field the row that gave it last, to find doubles
    struct pattern_budget patterns;  // what the matches of the body may cost
    bool is_ended;        // that was spent, or an endpoint of one row has got two: no more are read
    enum err_code status; // what a callback met
    struct err *err;      // where a callback tells it; set for the time of a feed
};

// A check for `endpoint`, which packs good rows into `rows` and reports bad ones to `report`; all three are
// borrowed. `max_rows` and `pattern_steps` as reader_new has them. ERR_NO_MEMORY, after which there is
// nothing to free.
MUST_CHECK enum err_code row_check_init(struct row_check *check, const struct endpoint *endpoint,
    size_t max_rows, uint64_t pattern_steps, struct rows *rows, struct report *report, struct err *err);

// Keeps nothing of a row that is packed, as the next one may be long in coming.
void row_check_rest(struct row_check *check);

// A zeroed one is fine.
void row_check_fini(struct row_check *check);

// --- rows

// A row begins; false when it is one too many. Of an endpoint that takes exactly one, a second row is a fault
// and ends the reading.
bool row_check_begin(struct row_check *check, int64_t line);

// The input has ended: an endpoint that takes exactly one row may have got none.
void row_check_end_input(struct row_check *check);

// The field of an outside name, or NO_FIELD.
int row_check_field(const struct row_check *check, struct span name);

// Marks a field as given in this row; false, after a report, when it was already.
bool row_check_mark(struct row_check *check, int64_t line, int field);

// Checks the text of a field, of which an empty one is no value, and reports what is wrong with it. A list
// is what stands between commas; or a JSON array, when it begins as one.
void row_check_text(struct row_check *check, int64_t line, int field, struct span text);

// The same of a text that is another spelling of `shown`, which is what came.
void row_check_spelt(struct row_check *check, int64_t line, int field, struct span text, struct span shown);

// Gives the fields that the row did not name their default or null, and packs the row if it had no fault
// since the report had `faults_before`. False when no more rows are to be read.
bool row_check_end(struct row_check *check, int64_t line, size_t faults_before);

// --- reports

// Notes an error that ends the reading; the first one wins.
void row_check_fail(struct row_check *check, enum err_code code);

// Reports a fault of a row. The detail is formatted.
void row_check_fault(struct row_check *check, int64_t line, struct span field, struct span value,
    const char *code, const char *format, ...) PRINTF_LIKE(6, 7);

// Reports what a rule found wrong with a value, in the rule's own words.
void row_check_report_rule(struct row_check *check, int64_t line, const struct rule *rule,
    enum rule_result result, struct span value);

// Reports a text that is of no type, as it is in another encoding than UTF-8.
void row_check_report_encoding(struct row_check *check, int64_t line, struct span field, struct span value);

// Reports a name that is no field's; what is wrong with it stands in front of the names that are.
void row_check_report_unknown(struct row_check *check, int64_t line, struct span name, const char *wrong);

// The same of a name that is wrong in no way that could be told.
void row_check_report_unknown_field(struct row_check *check, int64_t line, struct span name);

#endif
