// SPDX-License-Identifier: Apache-2.0
// Whether the kernel has failed to write a file's pages to the disk. It drops such pages, and gives what the
// disk has in their place to whoever reads next (fsyncgate, 2018); only who asks is told. Any thread.
#ifndef RECKONER_BASE_WRITE_BACK_H
#define RECKONER_BASE_WRITE_BACK_H

#include "base/attr.h"

// For a file that nobody syncs: asked after each read, it tells that the bytes may be others than were
// written. It begins no write, and waits at most for one of one page that is under way. An errno; 0: all is
// well, or the file system does not tell. The kernel tells a descriptor of a failure once, and what was
// dropped does not come back: the caller keeps it.
MUST_CHECK int write_back_failed(int fd);

#endif
