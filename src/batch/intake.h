// SPDX-License-Identifier: Apache-2.0
// The only place where bytes become rows: of a request, a file that is loaded, or one that is explained. An
// intake takes the bytes as they come, in pieces of any size, and owns the parser and the rows that passed.
// One thread at a time.
#ifndef RECKONER_BATCH_INTAKE_H
#define RECKONER_BATCH_INTAKE_H

#include "app/app.h"
#include "app/report.h"
#include "base/arena.h"
#include "base/budget.h"
#include "base/err.h"
#include "batch/reader.h"
#include "batch/rows.h"
#include "store/store.h"
#include "text/csv_dialect.h"
#include "text/decompressor.h"
#include "text/multipart.h"

// What an intake is for. All is borrowed until intake_finish or intake_fini, budget and space until the
// rows are freed.
struct intake_options {
    const struct endpoint *endpoint; // whose fields the rows have
    enum coding coding;              // of the bytes as they come
    uint64_t max_bytes;              // of them when they are decompressed, as decompressor_new has it
    enum body_format format;         // of them then
    struct span boundary;            // of a form with a file
    const struct csv_dialect *csv;   // of CSV; NULL: the endpoint's; of a form's file it is found out
    struct span query;               // of a form: that of the request, for the dialect of the file
    struct arena *arena;             // of a form: for the texts of that dialect
    size_t max_rows;                 // good and bad ones together
    uint64_t pattern_steps;          // what matching patterns may take, as reader_new has it
    struct budget *budget;           // of the memory of all intakes, and of rows; NULL: none
    struct temp_space *space;        // for rows that are more than a piece; NULL: all stay in memory
    uint64_t max_file_bytes;         // of one batch in it
    struct report *report;           // where rows that do not pass are reported
};

// Zeroed, it is one that was not started.
struct intake {
    bool is_started;                   // intake_start has begun, and nothing has failed since
    struct intake_options options;     // as they were then
    struct decompressor *decompressor; // owned; NULL: the bytes are not compressed
    struct multipart *form;            // owned; NULL: they are no form with a file
    struct csv_dialect file_dialect;   // of that file, where its name says it
    struct decompressor *unpacker;     // owned; of that file; NULL: it is not compressed
    struct reader *reader;             // owned; NULL: not started, finished, or failed; or no file yet
    struct rows rows;                  // owned; those that passed and were neither flushed nor taken
    size_t held_bytes;                 // by the parsers; charged to the rows' budget
};

// Begins. A boundary is copied. ERR_NO_MEMORY; ERR_MEDIA_TYPE for CSV in an encoding that the system does not
// know. After that there is nothing to free.
MUST_CHECK enum err_code intake_start(
    struct intake *intake, const struct intake_options *options, struct err *err);

// Takes the next bytes. ERR_MALFORMED with line and column for bytes that are not of the format, and without
// for those that are not of the coding,
// ERR_MEDIA_TYPE for a form with a file of another format,
// ERR_TOO_LARGE for too many rows, or larger ones than they may be, ERR_BUSY when the budget or the space is
// spent, ERR_DISK_FULL, ERR_IO, ERR_NO_MEMORY. After an error there are no rows any more, and only
// intake_fini may be called. Rows that do not pass are no error here.
MUST_CHECK enum err_code intake_feed(struct intake *intake, struct span bytes, struct err *err);

// The bytes have ended. The errors of intake_feed; ERR_MALFORMED too when they are cut short or there were
// none.
MUST_CHECK enum err_code intake_finish(struct intake *intake, struct err *err);

// Puts the rows so far into the table batch, which store_batch_open has made for the endpoint, and forgets
// them. Errors of store_batch_add.
MUST_CHECK enum err_code intake_flush(struct intake *intake, struct store_conn *conn, struct err *err);

// Gives the rows away, with what they have taken of the budget and the space.
void intake_take_rows(struct intake *intake, struct rows *ret_rows);

// Frees what is left. Zeroed, failed or finished ones and NULL are fine.
void intake_fini(struct intake *intake);

#endif
