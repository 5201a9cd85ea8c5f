// SPDX-License-Identifier: Apache-2.0
// Prompt connections to a store in a file: what store/prompt.h promises.
#ifndef RECKONER_STORE_SQLITE_PROMPT_H
#define RECKONER_STORE_SQLITE_PROMPT_H

#include "store/driver.h"

extern const struct store_prompt_driver sqlite_prompt_driver;

#endif
