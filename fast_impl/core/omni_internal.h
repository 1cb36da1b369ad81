/* For the bindings of this project: what they need of the platform besides the C ABI. Not part of that: a
 * library that replaces the core need not export it. */
#ifndef OMNI_INTERNAL_H
#define OMNI_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

/* The fences of this process: "asymmetric" (membarrier) or "full". Any thread; does not block. */
const char *omni_fences(void);
/* Polls the flag as often as a blocked call polls before it sleeps; whether it was set. Orders nothing. */
bool omni_spin_until(_Atomic bool *flag);

#endif
