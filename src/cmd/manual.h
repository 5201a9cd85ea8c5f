// SPDX-License-Identifier: Apache-2.0
// The manual page, reckoner(1).
#ifndef RECKONER_CMD_MANUAL_H
#define RECKONER_CMD_MANUAL_H

#include <stdio.h>

// Prints it as man(7) wants it. Commands, options and keys of the configuration file are those of command.h
// and option.h.
void manual_print(FILE *out);

#endif
