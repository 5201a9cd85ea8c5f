// SPDX-License-Identifier: Apache-2.0
// The formats in which rows come: in the body of a request, or in a data file. Pure; any thread.
#ifndef RECKONER_APP_BODY_FORMAT_H
#define RECKONER_APP_BODY_FORMAT_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "text/compressor.h"

enum body_format {
    BODY_JSON,      // application/json: an object or an array of objects
    BODY_NDJSON,    // application/x-ndjson: an object a line
    BODY_CSV,       // text/csv with a header row (RFC 4180), or in a dialect; text/tab-separated-values
    BODY_FORM,      // application/x-www-form-urlencoded: one row
    BODY_FILE_FORM, // multipart/form-data with one file, which is of one of the first three
};

// Cells between tabs, quoted as those of CSV are.
#define BODY_TSV_TYPE   "text/tab-separated-values"
#define BODY_TSV_ENDING ".tsv"

// The media types of all formats, as Accept-Post lists them.
#define BODY_MEDIA_TYPES                                                                                     \
    "application/json, application/x-ndjson, text/csv, " BODY_TSV_TYPE                                       \
    ", application/x-www-form-urlencoded, multipart/form-data"

// The format of a Content-Type value (RFC 9110 section 8.3); false for another type, or a charset that is not
// UTF-8, which only CSV may have. The boundary of a form with a file is left to text/multipart.h.
MUST_CHECK bool body_format_of_type(struct span content_type, enum body_format *ret_format);

// Takes the next parameter of a Content-Type value off the front of what stands behind its type; without the
// quotes around the value. False at the end.
bool body_parameter_next(struct span *rest, struct span *ret_name, struct span *ret_value);

// The endings of data files, for messages. Behind each may stand .gz or .zst.
#define BODY_FILE_ENDINGS ".csv, .tsv, .json or .ndjson"

// The coding of a file by its name: gzip for .gz, zstd for .zst, in capitals or not; identity for others.
enum coding body_coding_of_file(struct span name);

// The format of a file by such an ending, in capitals or not; false for another one, and for a name that is
// nothing but it.
MUST_CHECK bool body_format_of_file(struct span name, enum body_format *ret_format);

#endif
