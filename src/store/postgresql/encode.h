// SPDX-License-Identifier: Apache-2.0
// Values on their way to the server, one function for each form. `room` is for what is converted; the result
// borrows it or the value.
#ifndef RECKONER_STORE_POSTGRESQL_ENCODE_H
#define RECKONER_STORE_POSTGRESQL_ENCODE_H

#include "base/span.h"
#include "text/uuid.h"
#include "text/value.h"

enum {
    PG_TEXT_BYTES = 40,    // any value that becomes text: a timestamp, a UUID
    PG_EPOCH_DAYS = 10957, // 2000-01-01, from which dates and moments count, in days since 1970-01-01
};

// In which form a value goes.
enum pg_form {
    PG_FORM_NONE,   // the value is none of the type
    PG_FORM_TEXT,   // as text, which the server reads as it would a literal
    PG_FORM_BINARY, //
};

enum pg_form pg_encode_int8(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
enum pg_form pg_encode_int4(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
enum pg_form pg_encode_int2(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
enum pg_form pg_encode_real(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
enum pg_form pg_encode_boolean(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);

// A day, a moment or a time of the day; also an integer that pg_decode has given for a page's key.
enum pg_form pg_encode_date(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
enum pg_form pg_encode_timestamp(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
enum pg_form pg_encode_time(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);

enum pg_form pg_encode_uuid(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);

// A scaled decimal in binary; other numbers as text.
enum pg_form pg_encode_numeric(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);

// The bytes of a text, where the type's binary form is no other; and for a type that has another, or is not
// known.
enum pg_form pg_encode_text(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);
enum pg_form pg_encode_literal(const struct value *value, char room[PG_TEXT_BYTES], struct span *ret_bytes);

// A value as text, for a literal or a message.
struct span pg_value_text(const struct value *value, char room[PG_TEXT_BYTES]);

#endif
