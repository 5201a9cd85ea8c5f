// SPDX-License-Identifier: Apache-2.0
// From options to contexts; what is in the files is judged by http/tls_context.c.
#include "cmd/serving_tls.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/cmd.h"
#include "cmd/message.h"

enum { WARNING_BYTES = 256, MS_PER_S = 1000 };

static enum tls_client client_of(const struct options *options)
{
    if (strcmp(options->tls_client, "required") == 0)
        return TLS_CLIENT_REQUIRED;
    return strcmp(options->tls_client, "optional") == 0 ? TLS_CLIENT_OPTIONAL : TLS_CLIENT_NONE;
}

static struct tls_options tls_options_of(const struct options *options)
{
    return (struct tls_options){.cert = options->tls_cert,
        .key = options->tls_key,
        .client_ca = options->tls_client_ca,
        .client_crl = options->tls_client_crl,
        .client = client_of(options),
        .is_13_only = strcmp(options->tls_min, "1.3") == 0};
}

// What options want of each other.
static enum err_code check(const struct options *options, struct err *err)
{
    bool is_asked = client_of(options) != TLS_CLIENT_NONE;
    if (options->tls_cert == NULL || options->tls_key == NULL) {
        err_set(err, ERR_CONFIG, "TLS needs a certificate and its key: --tls-cert FILE and --tls-key FILE");
        err_hint(err, "--%s is missing", options->tls_cert == NULL ? "tls-cert" : "tls-key");
    } else if (is_asked && options->tls_client_ca == NULL) {
        err_set(err, ERR_CONFIG,
            "--tls-client %s needs the authorities of clients' certificates: --tls-client-ca FILE",
            options->tls_client);
    } else if (!is_asked && options->tls_client_ca != NULL) {
        err_set(err, ERR_CONFIG,
            "--tls-client-ca is for clients that are asked for certificates: --tls-client optional, or required");
    } else if (options->tls_client_crl != NULL && options->tls_client_ca == NULL) {
        err_set(err, ERR_CONFIG, "--tls-client-crl is a list of the authorities of --tls-client-ca");
    } else {
        return ERR_NONE;
    }
    return ERR_CONFIG;
}

static void warn(const struct tls_context *context, const char *cert)
{
    char text[WARNING_BYTES];
    if (tls_context_warning(context, clock_wall_ms() / MS_PER_S, text, sizeof(text)))
        fprintf(stderr, "reckoner: %s: %s\n", cert, text);
}

static enum err_code open_tls(const struct options *options, struct tls **ret_tls, struct err *err)
{
    struct tls_options wanted = tls_options_of(options);
    struct tls_context *context;
    enum err_code code = check(options, err);
    if (code == ERR_NONE)
        code = tls_context_new(&wanted, NULL, &context, err);
    if (code != ERR_NONE)
        return code;
    warn(context, options->tls_cert);
    code = tls_new(context, options->loops, ret_tls, err);
    if (code != ERR_NONE)
        tls_context_unref(context);
    return code;
}

bool serving_tls_open(const struct options *options, bool is_wanted, struct tls **ret_tls, int *ret_exit)
{
    struct err err = {0};
    *ret_tls = NULL;
    if (!is_wanted) {
        if (options->tls_cert == NULL && options->tls_key == NULL)
            return true;
        fputs(
            "reckoner: --tls-cert and --tls-key are for --tls-listen ADDR:PORT, which says where TLS is spoken\n",
            stderr);
        *ret_exit = EXIT_USAGE;
        return false;
    }
    if (open_tls(options, ret_tls, &err) == ERR_NONE)
        return true;
    message_error("serve", &err);
    *ret_exit = err.code == ERR_CONFIG ? EXIT_USAGE : EXIT_FAILED;
    return false;
}

enum err_code serving_tls_reload(
    const struct options *options, struct tls *tls, struct tls_context **ret_context, struct err *err)
{
    struct tls_context *made = NULL;
    if (tls == NULL) {
        *ret_context = NULL;
        return ERR_NONE;
    }
    struct tls_options wanted = tls_options_of(options);
    struct tls_context *former = tls_take_context(tls);
    enum err_code code = check(options, err);
    if (code == ERR_NONE)
        code = tls_context_new(&wanted, former, &made, err);
    tls_context_unref(former);
    if (code != ERR_NONE)
        return code;
    warn(made, options->tls_cert);
    *ret_context = made;
    return ERR_NONE;
}
