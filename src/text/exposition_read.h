// SPDX-License-Identifier: Apache-2.0
// Reads the text that exposition.h writes, sample by sample. Any thread.
#ifndef RECKONER_TEXT_EXPOSITION_READ_H
#define RECKONER_TEXT_EXPOSITION_READ_H

#include <stdbool.h>

#include "base/span.h"

// Borrows the text.
struct exposition_sample {
    struct span name;   // "reckoner_batches_total"
    struct span labels; // as they stand between the braces; empty: none
    double value;
};

// Takes the next sample off the front of *text, and passes over comments and lines that are none; false at
// the end.
bool exposition_next(struct span *text, struct exposition_sample *ret_sample);

// The value of a label as it was written, with its escapes; empty where there is no such label.
struct span exposition_label_of(struct span labels, const char *name);

#endif
