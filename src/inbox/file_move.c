// SPDX-License-Identifier: Apache-2.0
// Between the look at a name and its move somebody may put another file there, or write to it. So a file is
// looked at once more under its new name, and one that is not as it was read goes back. To another file
// system it is copied; then it gets a name that nobody looks at, is looked at there, and removed.
//
// All is done by descriptors of folders: these may be somebody else's, who might put links into a path.
//
// A report without its file is what a crash has left: it is replaced.
#include "inbox/file_move.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "app/app.h"
#include "app/body_format.h"
#include "base/crash_point.h"
#include "base/limits.h"
#include "base/new_file.h"
#include "inbox/outlet_file.h"

#define REPORT_ENDING WATCH_REPORT_ENDING

enum { REJECTED_BYTES = NAME_MAX - (int)sizeof(REPORT_ENDING) + 1 }; // so that a report has a name, too

static enum err_code fail(const char *what, const char *name, int why, struct err *err)
{
    bool is_full = why == ENOSPC || why == EDQUOT;
    bool is_refused = why == EACCES || why == EPERM || why == EROFS || why == ENOTDIR || why == ELOOP;
    return err_set(err,
        is_full      ? ERR_DISK_FULL
        : is_refused ? ERR_CONFIG
                     : ERR_IO,
        "%s %s: %s", what, name, strerror(why));
}

// --- where to

// Opens a folder that files go to, made where it is not there; -1 with an error.
static int open_outlet(int folder, const char *name, struct err *err)
{
    if (mkdirat(folder, name, 0777) != 0 && errno != EEXIST) {
        fail("could not make the folder", name, errno, err);
        return -1;
    }
    int outlet = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (outlet < 0)
        fail("could not open the folder", name, errno, err);
    return outlet;
}

static enum err_code check_outlet(int folder, const char *name, struct err *err)
{
    int outlet = open_outlet(folder, name, err);
    if (outlet < 0)
        return err->code;
    close(outlet);
    if (faccessat(folder, name, W_OK | X_OK, AT_EACCESS) != 0)
        return fail("may not write to the folder", name, errno, err);
    return ERR_NONE;
}

enum err_code file_move_prepare(int folder, struct err *err)
{
    if (faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return fail("may not move files out of the folder", "", errno, err);
    enum err_code code = check_outlet(folder, WATCH_DONE, err);
    return code == ERR_NONE ? check_outlet(folder, WATCH_REJECTED, err) : code;
}

// --- names

// Where the endings that a format and a coding have begin in a name.
static size_t ending_of(struct span name)
{
    struct span stem = name;
    if (body_coding_of_file(name) != CODING_IDENTITY) {
        while (stem.len > 0 && stem.at[--stem.len] != '.')
            ;
    }
    size_t at = stem.len;
    while (at > 0 && stem.at[at - 1] != '.')
        at--;
    return at > 1 ? at - 1 : name.len;
}

void file_move_name(const char *name, unsigned number, size_t most, char ret_name[FILE_NAME_BYTES])
{
    char digits[16] = "";
    struct span whole = span_of(name);
    size_t at = ending_of(whole);
    if (number > 1)
        snprintf(digits, sizeof(digits), ".%u", number);
    size_t more = strlen(digits) + whole.len - at, stem = at;
    if (stem + more > most)
        stem = most > more ? most - more : 0;
    snprintf(ret_name, FILE_NAME_BYTES, "%.*s%s%s", (int)stem, name, digits, name + at);
}

static bool is_taken(int folder, const char *name)
{
    return faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// --- moving

// Puts a file back that was taken and should not have been: under its name, or with a number. It was another
// one that has come in the place of the one that was read, or that one with other bytes.
static void put_back(const struct held_file *file, int folder, const char *name, struct err *err)
{
    char back[FILE_NAME_BYTES];
    int why = EEXIST;
    for (unsigned number = 1; why == EEXIST && number <= LIMIT_INBOX_NUMBERS; number++) {
        file_move_name(file->name, number, NAME_MAX, back);
        why = new_file_rename(folder, name, file->folder, back);
    }
    if (why != 0)
        err_set(err, ERR_IO, "a file that nobody has read was moved to %s, and could not be moved back: %s",
            name, strerror(why));
}

// What a file is that has been given another name: FILE_MOVED when it is the one that was read, as it was
// read.
static enum file_moved look_again(const struct held_file *file, int folder, const char *name)
{
    struct held_file moved = {.folder = folder, .name = name, .stamp = file->stamp, .fd = -1};
    if (!held_file_is_there(&moved))
        return FILE_GONE;
    return held_file_is_same(file) ? FILE_MOVED : FILE_CHANGED;
}

// Takes a file away that was copied: false where it is another one, or has changed since.
static enum file_moved remove_original(const struct held_file *file, struct err *err)
{
    char taken[OUTLET_NAME_CHARS];
    outlet_file_name(taken);
    int why = new_file_rename(file->folder, file->name, file->folder, taken);
    if (why == ENOENT)
        return FILE_GONE;
    if (why != 0) {
        fail("could not remove what was copied:", file->name, why, err);
        return FILE_STAYS;
    }
    enum file_moved moved = look_again(file, file->folder, taken);
    if (moved == FILE_MOVED)
        (void)unlinkat(file->folder, taken, 0); // else it lies there under a name that nobody looks at
    else
        put_back(file, file->folder, taken, err);
    return moved;
}

// Gives a new file the rights of the one that it is about, so that whoever may read that may read this.
static void take_rights(const struct held_file *file, int fd)
{
    struct stat status;
    if (fstat(file->fd, &status) == 0)
        (void)fchmod(fd, (status.st_mode & 0666) | 0600);
}

// 0, or an errno.
static int copy_bytes(const struct held_file *file, int fd)
{
    off_t offset = 0;
    ssize_t len;
    do
        len = sendfile(fd, file->fd, &offset, 1 << 20);
    while (len > 0 || (len < 0 && errno == EINTR));
    take_rights(file, fd);
    return len == 0 ? 0 : errno;
}

// To another file system: FILE_NAME_TAKEN where the name is.
static enum file_moved copy_to(const struct held_file *file, int outlet, const char *name, struct err *err)
{
    struct outlet_file copy = {.fd = -1};
    int why = outlet_file_begin(&copy, outlet);
    if (why == 0)
        why = copy_bytes(file, copy.fd);
    if (why == 0)
        why = outlet_file_commit(&copy, name, false);
    outlet_file_fini(&copy);
    if (why == EEXIST)
        return FILE_NAME_TAKEN;
    if (why != 0) {
        fail("could not copy the file to", name, why, err);
        return FILE_STAYS;
    }
    enum file_moved moved = remove_original(file, err);
    if (moved != FILE_MOVED)
        (void)unlinkat(outlet, name, 0);
    return moved;
}

// Moves it to that name, if that is free: FILE_NAME_TAKEN where it is not.
static enum file_moved move_to(const struct held_file *file, int outlet, const char *name, struct err *err)
{
    if (!held_file_is_there(file))
        return FILE_GONE;
    if (!held_file_is_same(file))
        return FILE_CHANGED;
    int why = new_file_rename(file->folder, file->name, outlet, name);
    if (why == EXDEV)
        return copy_to(file, outlet, name, err);
    if (why == ENOENT)
        return FILE_GONE;
    if (why == EEXIST)
        return FILE_NAME_TAKEN;
    if (why != 0) {
        fail("could not move the file to", name, why, err);
        return FILE_STAYS;
    }
    enum file_moved moved = look_again(file, outlet, name);
    if (moved != FILE_MOVED)
        put_back(file, outlet, name, err);
    return moved;
}

// --- with a report

static int write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t len = write(fd, bytes.at, bytes.len);
        if (len < 0 && errno != EINTR)
            return errno;
        if (len < 0)
            continue;
        bytes.at += len;
        bytes.len -= (size_t)len;
    }
    return 0;
}

static enum err_code write_report(
    const struct held_file *file, int outlet, const char *name, struct span report, struct err *err)
{
    struct outlet_file out = {.fd = -1};
    int why = outlet_file_begin(&out, outlet);
    if (why == 0)
        why = write_all(out.fd, report);
    if (why == 0) {
        take_rights(file, out.fd);
        why = outlet_file_commit(&out, name, true);
    }
    outlet_file_fini(&out);
    return why == 0 ? ERR_NONE : fail("could not write the report", name, why, err);
}

// Under that name, if that is free: FILE_NAME_TAKEN where it is not.
static enum file_moved reject_as(
    const struct held_file *file, int outlet, const char *name, struct span report, struct err *err)
{
    char report_name[FILE_NAME_BYTES + sizeof(REPORT_ENDING)];
    if (is_taken(outlet, name))
        return FILE_NAME_TAKEN;
    snprintf(report_name, sizeof(report_name), "%s" REPORT_ENDING, name);
    if (write_report(file, outlet, report_name, report, err) != ERR_NONE)
        return FILE_STAYS;
    CRASH_POINT("file-reported");
    enum file_moved moved = move_to(file, outlet, name, err);
    if (moved != FILE_MOVED && !is_taken(outlet, name)) // else it is the report of whoever was quicker
        (void)unlinkat(outlet, report_name, 0);
    return moved;
}

// --- under the first name that is free

// `report`: NULL: it goes without one.
static enum file_moved move_out(const struct held_file *file, const char *outlet_name,
    const struct span *report, char ret_name[FILE_NAME_BYTES], struct err *err)
{
    size_t most = report != NULL ? REJECTED_BYTES : NAME_MAX;
    enum file_moved moved = FILE_NAME_TAKEN;
    int outlet = open_outlet(file->folder, outlet_name, err);
    for (unsigned number = 1; outlet >= 0 && moved == FILE_NAME_TAKEN; number++) {
        if (number > LIMIT_INBOX_NUMBERS) {
            fail("could not find a free name in", outlet_name, EEXIST, err);
            break;
        }
        file_move_name(file->name, number, most, ret_name);
        moved = report != NULL ? reject_as(file, outlet, ret_name, *report, err)
                               : move_to(file, outlet, ret_name, err);
    }
    if (outlet >= 0)
        close(outlet);
    return moved == FILE_NAME_TAKEN ? FILE_STAYS : moved;
}

enum file_moved file_move_to_done(
    const struct held_file *file, char ret_name[FILE_NAME_BYTES], struct err *err)
{
    return move_out(file, WATCH_DONE, NULL, ret_name, err);
}

enum file_moved file_move_to_rejected(
    const struct held_file *file, struct span report, char ret_name[FILE_NAME_BYTES], struct err *err)
{
    return move_out(file, WATCH_REJECTED, &report, ret_name, err);
}
