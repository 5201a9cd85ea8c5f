// SPDX-License-Identifier: Apache-2.0
// A form with one file, as browsers and `curl -F` send it: multipart/form-data (RFC 7578, in the form of RFC
// 2046 section 5.1). The bytes come in parts of any size, and so do those of the file. One thread at a time.
#ifndef RECKONER_TEXT_MULTIPART_H
#define RECKONER_TEXT_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

enum { MULTIPART_BOUNDARY_CHARS = 70 }; // RFC 2046 section 5.1.1

// The boundary that a Content-Type value names, which borrows it. False where it names none, one that is too
// long, or one of other characters than it may have.
MUST_CHECK bool multipart_boundary(struct span content_type, struct span *ret_boundary);

// What comes next of a form.
enum multipart_event {
    MULTIPART_MORE,  // nothing before more bytes have come
    MULTIPART_FILE,  // the file begins: multipart_file_name, multipart_file_type
    MULTIPART_BYTES, // bytes of it
};

struct multipart;

// One for forms with that boundary, which is copied. ERR_NO_MEMORY.
MUST_CHECK enum err_code multipart_new(
    struct span boundary, struct multipart **ret_multipart, struct err *err);

// Takes bytes off the front of `in` and tells what they are; with MULTIPART_MORE `in` is empty. *ret_bytes
// are those of MULTIPART_BYTES, valid until the next call and as long as `in`'s are. ERR_MALFORMED for what
// is no such form, a second file, a field that is no file, or a file without a name; ERR_TOO_LARGE for a head
// of a part over LIMIT_PART_HEAD_BYTES; ERR_NO_MEMORY. After an error only multipart_free is of use.
MUST_CHECK enum err_code multipart_next(struct multipart *multipart, struct span *in,
    enum multipart_event *ret_event, struct span *ret_bytes, struct err *err);

// Of the file, after MULTIPART_FILE: its name, and its Content-Type, empty where it has none. Valid until the
// next call.
struct span multipart_file_name(const struct multipart *multipart);
struct span multipart_file_type(const struct multipart *multipart);

// The input has ended: ERR_MALFORMED when the form has not, or had no file.
MUST_CHECK enum err_code multipart_finish(const struct multipart *multipart, struct err *err);

// NULL is fine.
void multipart_free(struct multipart *multipart);

#endif
