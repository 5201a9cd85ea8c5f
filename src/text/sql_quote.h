// SPDX-License-Identifier: Apache-2.0
// Names and texts as they stand in SQL: between quotes, with those in them doubled. SQLite and PostgreSQL
// read them alike. Pure; any thread.
#ifndef RECKONER_TEXT_SQL_QUOTE_H
#define RECKONER_TEXT_SQL_QUOTE_H

#include "base/buf.h"
#include "base/span.h"

// "name". Failures are kept in the buffer's status.
void sql_append_name(struct buf *sql, struct span name);

// 'text', without backslash escapes: PostgreSQL takes it so while standard_conforming_strings is on.
void sql_append_literal(struct buf *sql, struct span text);

#endif
