// SPDX-License-Identifier: Apache-2.0
// Numbers of any length and any decimal places on the wire.
#ifndef RECKONER_STORE_POSTGRESQL_NUMERIC_H
#define RECKONER_STORE_POSTGRESQL_NUMERIC_H

#include "store/postgresql/decode.h"

// The bytes of a VALUE_SCALED; the result borrows `room`.
struct span pg_put_numeric(const struct value *value, char room[PG_TEXT_BYTES]);

// The opposite, for pg_decode.
MUST_CHECK enum err_code pg_get_numeric(const struct pg_cell *cell, struct value *ret_value, struct err *err);

#endif
