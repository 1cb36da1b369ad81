/* For the bindings of this project: what they need of the platform besides the C ABI. Not part of that: a
 * library that replaces the core need not export it. */
#ifndef OMNI_INTERNAL_H
#define OMNI_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "omni_mailbox.h"

/* What the handles, channels and brokers made from now on begin with: a table of functions (omni_functions.h), so that
 * native code that was built apart calls the core that made them. Set by a binding as it is loaded, NULL where the core
 * is linked by itself. */
extern const void *omni_core;
/* The fences of this process: "asymmetric" (membarrier) or "full". Any thread; does not block. */
const char *omni_fences(void);
/* Whether the handle was open in a parent of this process when that forked [LIF-9]. Any thread. */
bool omni_producer_is_inherited(const omni_producer *producer);
bool omni_consumer_is_inherited(const omni_consumer *consumer);
/* One thread at a time. For a coroutine that waits, and so is inside no call: until unclaim, calls of the handle are
 * refused with OMNI_CONCURRENT_USE, but not its close [ASY-4]. 0, OMNI_CONCURRENT_USE or OMNI_EXPIRED. */
int omni_producer_claim(omni_producer *producer);
int omni_consumer_claim(omni_consumer *consumer);
/* Any thread, once for each claim. */
void omni_producer_unclaim(omni_producer *producer);
void omni_consumer_unclaim(omni_consumer *consumer);
/* Polls the flag as often as a blocked call polls before it sleeps; whether it was set. Orders nothing. */
bool omni_spin_until(_Atomic bool *flag);

#endif
