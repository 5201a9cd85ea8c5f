// SPDX-License-Identifier: Apache-2.0
// What the options say of TLS, as a server has it. On the main thread.
#ifndef RECKONER_CMD_SERVING_TLS_H
#define RECKONER_CMD_SERVING_TLS_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "cmd/options.h"
#include "http/tls.h"

// TLS as the options want it, with a message where a certificate needs some care; *ret_tls is NULL where they
// want none. False after a message, with the exit code.
MUST_CHECK bool serving_tls_open(
    const struct options *options, bool is_wanted, struct tls **ret_tls, int *ret_exit);

// Reads certificates anew, for a server that runs: *ret_context is what tls_publish takes when all else of a
// reload is right, or tls_context_unref. NULL without TLS. ERR_CONFIG and others: what is wrong with a file.
MUST_CHECK enum err_code serving_tls_reload(
    const struct options *options, struct tls *tls, struct tls_context **ret_context, struct err *err);

#endif
