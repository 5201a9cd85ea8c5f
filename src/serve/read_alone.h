// SPDX-License-Identifier: Apache-2.0
// A read by itself: on the worker's replica where it has one that may answer, else, and after whatever goes
// wrong there, on the primary.
#ifndef RECKONER_SERVE_READ_ALONE_H
#define RECKONER_SERVE_READ_ALONE_H

#include "serve/handles.h"
#include "serve/reading.h"

// Works out the answer or the error and sends the request back. On the worker's thread, outside of a
// transaction.
void read_alone(struct reading *reading, const struct handles *handles);

#endif
