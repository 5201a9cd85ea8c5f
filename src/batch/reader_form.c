// SPDX-License-Identifier: Apache-2.0
// A form is small, so it is gathered and read when it is whole. One thread at a time.
#include "batch/reader_form.h"

#include <string.h>

#include "app/rule_time.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "text/url.h"

struct reader_form {
    struct row_check *check; // borrowed
    struct buf body;         // all of it so far
};

// Fails a form that is another format, as `curl -d` says of everything that it is a form. Only for one whose
// first name is no field.
static bool is_no_form(struct reader_form *form, struct span first_name)
{
    struct row_check *check = form->check;
    struct span text = span_trim(buf_span(&form->body));
    if (text.len == 0 || row_check_field(check, first_name) != NO_FIELD)
        return false;
    bool is_json = text.at[0] == '{' || text.at[0] == '[';
    bool is_csv = memchr(text.at, '=', text.len) == NULL && memchr(text.at, ',', text.len) != NULL;
    if (is_json)
        row_check_fail(
            check, err_set(check->err, ERR_MEDIA_TYPE,
                       "the body is JSON, and its Content-Type a form's: send it with Content-Type: "
                       "application/json"));
    else if (is_csv)
        row_check_fail(
            check, err_set(check->err, ERR_MEDIA_TYPE,
                       "the body is no form, but looks like CSV: send it with Content-Type: text/csv (curl: "
                       "by --data-binary)"));
    return is_json || is_csv;
}

enum err_code reader_form_new(struct row_check *check, struct reader_form **ret_form, struct err *err)
{
    struct reader_form *form = mem_zalloc(1, sizeof(*form));
    if (form == NULL)
        return err_no_memory(err);
    form->check = check;
    buf_init(&form->body, LIMIT_FORM_BYTES);
    *ret_form = form;
    return ERR_NONE;
}

enum err_code reader_form_feed(struct reader_form *form, struct span bytes, struct err *err)
{
    enum err_code code = buf_append(&form->body, bytes.at, bytes.len);
    if (code == ERR_TOO_LARGE)
        return err_set(err, code, "the form is larger than %d bytes", LIMIT_FORM_BYTES);
    return code == ERR_NONE ? code : err_no_memory(err);
}

enum err_code reader_form_finish(struct reader_form *form)
{
    struct row_check *check = form->check;
    struct span rest = buf_span(&form->body), name, value;
    size_t faults_before = check->report->total;
    if (!row_check_begin(check, 1))
        return check->status;
    while (url_next_pair(&rest, &name, &value)) {
        struct span plain_name, plain_value;
        if (name.at == form->body.data && is_no_form(form, name))
            return check->status;
        if (!url_decode(name, true, &check->arena, &plain_name) ||
            !url_decode(value, true, &check->arena, &plain_value))
            return err_set(check->err, ERR_MALFORMED, "the form is badly percent-encoded at %.*s",
                (int)name.len, name.at);
        int field = row_check_field(check, plain_name);
        if (field == NO_FIELD)
            row_check_report_unknown_field(check, 1, plain_name);
        else if (!rule_time_restore_plus(&check->fields[field], &check->arena, &plain_value))
            return err_set(check->err, ERR_TOO_LARGE, "the form is larger than %d bytes", LIMIT_FORM_BYTES);
        else if (row_check_mark(check, 1, field))
            row_check_text(check, 1, field, plain_value);
    }
    (void)row_check_end(check, 1, faults_before);
    return check->status;
}

void reader_form_free(struct reader_form *form)
{
    if (form == NULL)
        return;
    buf_fini(&form->body);
    mem_free(form);
}
