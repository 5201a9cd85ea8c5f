// SPDX-License-Identifier: Apache-2.0
// Names and texts as they stand in SQL: between quotes, with those in them doubled. SQLite and PostgreSQL
// read alike what is written here; SQLite has two more kinds of quotes for names. Pure; any thread.
#ifndef RECKONER_TEXT_SQL_QUOTE_H
#define RECKONER_TEXT_SQL_QUOTE_H

#include "base/buf.h"
#include "base/span.h"

// "name". Failures are kept in the buffer's status.
void sql_append_name(struct buf *sql, struct span name);

// A name that stands between quotes, "name", `name` or [name]: the one that ends it; '\0' for any other text.
char sql_closing_quote(struct span name);

// Such a name without its quotes, of which those in it stay doubled; any other text as it is.
struct span sql_unquoted(struct span name);

// 'text', without backslash escapes: PostgreSQL takes it so while standard_conforming_strings is on.
void sql_append_literal(struct buf *sql, struct span text);

#endif
