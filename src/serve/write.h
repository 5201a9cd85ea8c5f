// SPDX-License-Identifier: Apache-2.0
// A batch's way from its body to the disk: parsed and checked by the parses pool, then the writer's.
#ifndef RECKONER_SERVE_WRITE_H
#define RECKONER_SERVE_WRITE_H

#include "net/pool.h"

// A task of struct request, whose body has come, unless the endpoint has no fields. Hands it to the writer,
// or sets the response and sends it back; the writer's thread does so in the end.
void write_parse(struct task *task, void *worker);

#endif
