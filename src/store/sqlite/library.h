// SPDX-License-Identifier: Apache-2.0
// SQLite as a library: its settings, of the whole process.
#ifndef RECKONER_STORE_SQLITE_LIBRARY_H
#define RECKONER_STORE_SQLITE_LIBRARY_H

// Before any other use of SQLite; again and again is fine. Any thread.
void sqlite_library_use(void);

#endif
