// SPDX-License-Identifier: Apache-2.0
// A list of what is refused, and not of what is allowed: libraries take new calls in each release, and one
// that is missing there would end requests. The list of what is allowed is systemd's, in reckoner.service.
// execve(2) stays, as an upgrade needs it.
#include "cmd/syscalls.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "cmd/privileges.h"

// Names that a machine or a library does not know are passed over.
static const char *const REFUSED[] = {
    // other processes
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_getfd",
    // file systems and the view of them
    "mount",
    "umount",
    "umount2",
    "pivot_root",
    "chroot",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    "swapon",
    "swapoff",
    "quotactl",
    "quotactl_fd",
    "mknod",
    "mknodat",
    "open_by_handle_at",
    "name_to_handle_at",
    "fanotify_init",
    // namespaces
    "unshare",
    "setns",
    // the kernel and the machine
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "syslog",
    "acct",
    "vhangup",
    "iopl",
    "ioperm",
    "lookup_dcookie",
    "nfsservctl",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    // keys, names and clocks
    "add_key",
    "request_key",
    "keyctl",
    "sethostname",
    "setdomainname",
    "settimeofday",
    "clock_settime",
    "stime",
    "clock_adjtime",
    "adjtimex",
    // memory of more than this process
    "mbind",
    "move_pages",
    "migrate_pages",
    "set_mempolicy",
};

static int load(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int failed =
        filter != NULL ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) : -ENOMEM; // it is set before
    for (size_t i = 0; failed == 0 && i < ARRAY_LEN(REFUSED); i++) {
        int number = seccomp_syscall_resolve_name(REFUSED[i]);
        if (number != __NR_SCMP_ERROR)
            failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
    }
    if (failed == 0)
        failed = seccomp_load(filter);
    seccomp_release(filter);
    return failed;
}

enum err_code syscalls_refuse(struct err *err)
{
    enum err_code code = privileges_gain_none(err); // or only root could do it
    if (code != ERR_NONE)
        return code;
    int failed = load();
    if (failed == 0)
        return ERR_NONE;
    err_set(err, ERR_IO, "could not have the kernel refuse calls: %s", strerror(-failed));
    err_hint(err, "this kernel has no seccomp: leave --seccomp away");
    return ERR_IO;
}
