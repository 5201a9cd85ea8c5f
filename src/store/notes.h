// SPDX-License-Identifier: Apache-2.0
// Notes of Reckoner's own about a store, a text under a name each, in its table reckoner_notes. On the
// connection's thread; a note goes in with the caller's transaction.
#ifndef RECKONER_STORE_NOTES_H
#define RECKONER_STORE_NOTES_H

#include "base/err.h"
#include "store/store.h"

enum { NOTE_BYTES = 128 }; // of a note's text, with its NUL

// Makes the table where there is none. On a STORE_WRITE connection, outside of a transaction; the other
// functions want it to be there.
MUST_CHECK enum err_code notes_make(struct store_conn *conn, struct err *err);

// The note's text, cut after NOTE_BYTES - 1; "" when there is none.
MUST_CHECK enum err_code note_read(
    struct store_conn *conn, const char *name, char ret_text[NOTE_BYTES], struct err *err);

// Writes a note in place of the one that there was. An empty text takes it away.
MUST_CHECK enum err_code note_write(
    struct store_conn *conn, const char *name, const char *text, struct err *err);

// A store is a draft while nothing is in it but what its schema and its first load put there, and nobody has
// opened it but `serve --watch`: it can be made anew without a loss. The note of that, "yes" or "".
#define NOTE_DRAFT "draft"

#endif
