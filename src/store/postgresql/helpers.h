// SPDX-License-Identifier: Apache-2.0
// The helpers of store_prepare, as functions of the schema "reckoner".
#ifndef RECKONER_STORE_POSTGRESQL_HELPERS_H
#define RECKONER_STORE_POSTGRESQL_HELPERS_H

// The script that makes them, or makes them anew.
extern const char pg_helpers[];

#endif
