// SPDX-License-Identifier: Apache-2.0
// SQLite is used without its own locks between threads (a connection has one thread at a time) and without a
// shared cache, so that connections never wait for each other inside the process. Any thread.
#include "store/sqlite/library.h"

#include <assert.h>
#include <pthread.h>

#include <sqlite3.h>

#include "store/sqlite/vfs.h"

// Each is for speed or caution only, so a refusal (the process has used SQLite already) is no error.
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); // its counters are one lock for all threads
    sqlite3_config(SQLITE_CONFIG_URI, 0);       // a path is a path, even when it begins with "file:"
    int result = sqlite_vfs_register();
    assert(result == SQLITE_OK); // "unix" is there wherever the server runs
}

void sqlite_library_use(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
}
