// SPDX-License-Identifier: Apache-2.0
// Which proxies a server trusts, as its options say.
#ifndef RECKONER_CMD_PROXIES_H
#define RECKONER_CMD_PROXIES_H

#include "base/err.h"
#include "cmd/options.h"
#include "http/trust.h"

// Reads --trust-proxy and --proxy-header. ERR_CONFIG, in words that name the option.
MUST_CHECK enum err_code proxies_read(
    const struct options *options, struct trust *ret_trust, struct err *err);

#endif
