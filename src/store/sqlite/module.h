// SPDX-License-Identifier: Apache-2.0
// What a virtual table reads beside itself.
#ifndef RECKONER_STORE_SQLITE_MODULE_H
#define RECKONER_STORE_SQLITE_MODULE_H

#include "base/span.h"

enum sqlite_module_reads {
    MODULE_READS_ITSELF,  // tables of its own alone, which change only by statements that name it
    MODULE_READS_CONTENT, // and another table, whose rows it is an index of
    MODULE_READS_ANYTHING,
};

// Tells it from the SQL that made the table. *ret_content is the other table's name, in `sql`, without
// quotes; only of MODULE_READS_CONTENT.
enum sqlite_module_reads sqlite_module_reads(struct span sql, struct span *ret_content);

#endif
