// SPDX-License-Identifier: Apache-2.0
// Handshakes of TLS, and how long the certificate is good. A server without TLS has these families, too,
// without samples.
#include "http/tls.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

static const char *const outcomes[TLS_OUTCOMES] = {
    [TLS_DONE] = "done", [TLS_RESUMED] = "resumed", [TLS_FAILED] = "failed", [TLS_REFUSED] = "refused"};

void metrics_tls(const struct context *context, struct buf *out)
{
    exposition_family(out, "reckoner_tls_certificate_end_seconds", EXPOSITION_GAUGE,
        "When the server's certificate ends, in seconds since 1970: clients refuse it from then on.");
    if (context->tls != NULL)
        exposition_number(
            out, "reckoner_tls_certificate_end_seconds", span_of(""), (double)tls_ends_s(context->tls));
    exposition_family(out, "reckoner_tls_handshakes_total", EXPOSITION_COUNTER,
        "Handshakes that are over, by their outcome: refused ones found too many others.");
    for (size_t i = 0; context->tls != NULL && i < TLS_OUTCOMES; i++)
        metrics_write_labelled(out, "reckoner_tls_handshakes_total", "outcome", outcomes[i],
            tls_counted(context->tls, (enum tls_outcome)i));
}
