// SPDX-License-Identifier: Apache-2.0
// sync_file_range(2) reports what has failed since this descriptor was told last. Of one byte it waits at
// most for the write of that page, which begins nothing. Any thread; no state.
#include "base/write_back.h"

#include <errno.h>
#include <fcntl.h>

int write_back_failed(int fd)
{
    if (sync_file_range(fd, 0, 1, SYNC_FILE_RANGE_WAIT_BEFORE) == 0)
        return 0;
    return errno == EIO || errno == ENOSPC || errno == EDQUOT ? errno : 0; // the others: it cannot tell
}
