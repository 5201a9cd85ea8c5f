// SPDX-License-Identifier: Apache-2.0
// The process as a whole, under the names that Prometheus' own client libraries give (process_…), what was
// built, whether it is ready, and the logs. /proc is read, which is memory of the kernel.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>
#include <uv.h>

#include "base/clock.h"
#include "serve/descriptors.h"
#include "serve/health_page.h"
#include "serve/metrics.h"
#include "serve/metrics_samples.h"

enum { STAT_BYTES = 2048 };

// The fields of /proc/self/stat behind the name, which may have blanks (proc(5)); false where there is none.
static bool read_stat(unsigned long long *ret_start_ticks, long long *ret_resident_pages)
{
    char text[STAT_BYTES];
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL)
        return false;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *behind_name = strrchr(text, ')');
    // From the third field, the state, on: number 22 is the start, number 24 the resident set.
    return behind_name != NULL &&
           sscanf(behind_name + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu %*u %lld",
               ret_start_ticks, ret_resident_pages) == 2;
}

// Seconds since 1970 at which the process was started: the kernel has it since its own start. Worked out
// once, as it would differ by a little each time, which looks like a restart. On the scraper's thread alone.
static double start_s(unsigned long long ticks)
{
    static double start;
    struct timespec since_boot;
    if (start > 0.0)
        return start;
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    double boot_s = (double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9;
    start = (double)clock_wall_ms() / 1e3 - boot_s + (double)ticks / (double)sysconf(_SC_CLK_TCK);
    return start;
}

static double cpu_s(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void write_process(struct buf *out)
{
    unsigned long long start_ticks = 0;
    long long resident_pages = 0;
    struct rlimit files = {0};
    bool has_stat = read_stat(&start_ticks, &resident_pages);
    (void)getrlimit(RLIMIT_NOFILE, &files);
    exposition_single_number(out, "process_cpu_seconds_total", EXPOSITION_COUNTER,
        "Processor time of the process, in user and system mode.", cpu_s());
    if (has_stat) {
        exposition_single_number(out, "process_start_time_seconds", EXPOSITION_GAUGE,
            "When the process was started, in seconds since 1970.", start_s(start_ticks));
        exposition_single_count(out, "process_resident_memory_bytes", EXPOSITION_GAUGE,
            "Memory that is resident.", (uint64_t)resident_pages * (uint64_t)sysconf(_SC_PAGESIZE));
    }
    exposition_single_count(out, "process_open_fds", EXPOSITION_GAUGE, "File descriptors that are open.",
        descriptors_count_open());
    exposition_single_count(out, "process_max_fds", EXPOSITION_GAUGE, "File descriptors that may be open.",
        (uint64_t)files.rlim_cur);
}

static void write_build(const struct context *context, struct buf *out)
{
    AUTO(buf_fini) struct buf labels;
    buf_init(&labels, METRICS_LABELS_BYTES);
    exposition_label(&labels, "version", span_of(RECKONER_VERSION));
    exposition_label(&labels, "sqlite", span_of(sqlite3_libversion()));
    exposition_label(&labels, "libuv", span_of(uv_version_string()));
    exposition_family(out, "reckoner_build_info", EXPOSITION_GAUGE, "Always 1: the versions are its labels.");
    exposition_count(out, "reckoner_build_info", buf_span(&labels), 1);
    exposition_single_count(out, "reckoner_ready", EXPOSITION_GAUGE,
        "1 where /-/readyz says that the server takes requests and all stores are in reach, else 0.",
        health_is_ready(context));
    exposition_single_count(out, "reckoner_edition", EXPOSITION_GAUGE,
        "The number of the apps' files in force: it is raised by each reload of an app.",
        editions_number(&context->editions));
}

static void write_logs(const struct context *context, struct buf *out)
{
    const struct {
        const char *name;
        struct log *log;
    } logs[] = {{"error", context->error_log}, {"access", context->access_log}};
    exposition_family(out, "reckoner_log_lines_dropped_total", EXPOSITION_COUNTER,
        "Lines of logs that are lost, as what reads the log was too slow, or its disk is full.");
    for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
        if (logs[i].log != NULL)
            metrics_write_labelled(
                out, "reckoner_log_lines_dropped_total", "log", logs[i].name, log_dropped(logs[i].log));
    }
}

void metrics_process(const struct context *context, struct buf *out)
{
    write_build(context, out);
    write_process(out);
    write_logs(context, out);
}
