// SPDX-License-Identifier: Apache-2.0
// Where zlib takes memory: base/mem.h, so that tests can have it fail. Any thread.
#ifndef RECKONER_TEXT_GZIP_MEMORY_H
#define RECKONER_TEXT_GZIP_MEMORY_H

#include <zlib.h>

// Before deflateInit2 or inflateInit2.
void gzip_memory_set(z_stream *stream);

#endif
