// SPDX-License-Identifier: Apache-2.0
// All tests of an executable talk TLS, by a certificate of their own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "certificates.h"
#include "fixture.h"
#include "http/tls.h"

struct tls *fixture_tls(void)
{
    struct err err = {0};
    struct certificate certificate;
    struct tls_context *context;
    struct tls *tls = NULL;
    char dir[CERTIFICATES_DIR_BYTES];
    certificates_dir(dir);
    certificate_make(dir, &(struct certificate_wish){.name = "localhost", .ends_s = 3600}, &certificate);
    struct tls_options options = {.cert = certificate.cert_path, .key = certificate.key_path};
    if (tls_context_new(&options, NULL, &context, &err) || tls_new(context, 1, &tls, &err))
        fail_msg("%s", err.text);
    certificate_fini(&certificate);
    certificates_remove(dir);
    return tls;
}
