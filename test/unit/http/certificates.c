// SPDX-License-Identifier: Apache-2.0
#include "certificates.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void add_extension(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void write_files(const char *dir, const char *name, struct certificate *certificate)
{
    snprintf(certificate->cert_path, CERTIFICATE_PATH_BYTES, "%s/%s.pem", dir, name);
    snprintf(certificate->key_path, CERTIFICATE_PATH_BYTES, "%s/%s.key", dir, name);
    FILE *cert = fopen(certificate->cert_path, "w"), *key = fopen(certificate->key_path, "w");
    assert_true(cert != NULL && key != NULL);
    assert_int_equal(PEM_write_X509(cert, certificate->x509), 1);
    assert_int_equal(PEM_write_PrivateKey(key, certificate->key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(cert);
    fclose(key);
}

void certificate_make(const char *dir, const struct certificate_wish *wish, struct certificate *ret)
{
    static long serial = 1;
    struct certificate made = {.x509 = X509_new()};
    const struct certificate *issuer = wish->issuer != NULL ? wish->issuer : &made;
    made.key = wish->is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509_NAME *name = X509_NAME_new();
    assert_true(made.x509 != NULL && made.key != NULL && name != NULL);
    if (wish->name != NULL)
        X509_NAME_add_entry_by_NID(
            name, NID_commonName, MBSTRING_UTF8, (const unsigned char *)wish->name, -1, -1, 0);
    X509_set_version(made.x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), wish->begins_s);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), wish->ends_s);
    X509_set_subject_name(made.x509, name);
    X509_set_issuer_name(made.x509, wish->issuer != NULL ? X509_get_subject_name(issuer->x509) : name);
    X509_set_pubkey(made.x509, made.key);
    add_extension(made.x509, NID_basic_constraints, wish->is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (wish->uri != NULL) {
        char value[512];
        snprintf(value, sizeof(value), "URI:%s", wish->uri);
        add_extension(made.x509, NID_subject_alt_name, value);
    }
    assert_true(X509_sign(made.x509, issuer->key, EVP_sha256()) > 0);
    X509_NAME_free(name);
    write_files(dir, wish->name != NULL ? wish->name : "nameless", &made);
    *ret = made;
}

void certificate_make_crl(
    const char *dir, const struct certificate *authority, long ends_s, char ret_path[CERTIFICATE_PATH_BYTES])
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *time = X509_gmtime_adj(NULL, 0);
    assert_true(list != NULL && time != NULL);
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(authority->x509));
    X509_CRL_set1_lastUpdate(list, time);
    X509_CRL_set1_nextUpdate(list, X509_gmtime_adj(time, ends_s));
    assert_true(X509_CRL_sign(list, authority->key, EVP_sha256()) > 0);
    snprintf(ret_path, CERTIFICATE_PATH_BYTES, "%s/revoked.pem", dir);
    FILE *file = fopen(ret_path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509_CRL(file, list), 1);
    fclose(file);
    ASN1_TIME_free(time);
    X509_CRL_free(list);
}

void certificate_fini(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    *certificate = (struct certificate){0};
}

void certificates_dir(char ret_dir[CERTIFICATES_DIR_BYTES])
{
    strcpy(ret_dir, "/tmp/reckoner-test-XXXXXX");
    assert_non_null(mkdtemp(ret_dir));
}

void certificates_remove(const char *dir)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r '%s'", dir);
    assert_int_equal(system(command), 0);
}
