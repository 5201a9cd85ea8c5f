// SPDX-License-Identifier: Apache-2.0
// A CSV body or file in any dialect, as a stream: bytes go in however they come, rows of UTF-8 cells come out
// (text/csv_rows.h). Deals with the encoding, with lines in front of the header, and with what separates
// cells; what cells mean is the caller's. One thread at a time.
#ifndef RECKONER_TEXT_CSV_INPUT_H
#define RECKONER_TEXT_CSV_INPUT_H

#include "base/buf.h"
#include "base/err.h"
#include "text/charset.h"
#include "text/csv_dialect.h"
#include "text/csv_rows.h"

// Zeroed, it is none.
struct csv_input {
    const struct csv_dialect *dialect; // borrowed
    struct charset charset;            //
    struct csv_rows *rows;             // owned
    enum csv_phase {
        CSV_SEP,   // a first line "sep=;" may come
        CSV_SKIP,  // lines in front of the header
        CSV_LOOK,  // the delimiter is looked for
        CSV_PARSE, // all is known
    } phase;
    struct csv_form form; // of the rows
    bool is_told;         // the delimiter, by a line "sep=;"
    struct buf held;      // text that the phase cannot decide on yet
    uint32_t skip;        // lines that are still to be skipped
    int64_t line;         // physical line on which the text that comes begins, from 1
    bool after_cr;        // the line before it ended with CR: an LF right here belongs to that
};

// Begins to read as `dialect` says, which is borrowed; the handler is copied. ERR_MEDIA_TYPE for an encoding
// that is not known, ERR_NO_MEMORY; csv_input_fini is due then, too.
MUST_CHECK enum err_code csv_input_init(struct csv_input *input, const struct csv_dialect *dialect,
    const struct csv_rows_handler *handler, struct err *err);

// Takes the next bytes. Errors of csv_rows_feed; ERR_MALFORMED for bytes that are not of the encoding.
MUST_CHECK enum err_code csv_input_feed(struct csv_input *input, struct span bytes, struct err *err);

// The input has ended. Errors of csv_rows_finish; ERR_MALFORMED when it ends in the middle of a character.
MUST_CHECK enum err_code csv_input_finish(struct csv_input *input, struct err *err);

// A zeroed one and NULL are fine.
void csv_input_fini(struct csv_input *input);

#endif
