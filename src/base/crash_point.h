// SPDX-License-Identifier: Apache-2.0
// Named steps at which a test has the process die as by SIGKILL. RECKONER_CRASH=STEP:N in the environment
// names the step and which of its times it is, from 1 on. Only builds with tests have them: in others nothing
// is left.
#ifndef RECKONER_BASE_CRASH_POINT_H
#define RECKONER_BASE_CRASH_POINT_H

#ifndef RECKONER_NO_CRASH_POINTS

// Any thread. `step` is a literal: lower-case words with dashes.
void crash_point(const char *step);

#define CRASH_POINT(step) crash_point(step)
#else
#define CRASH_POINT(step) ((void)0)
#endif

#endif
