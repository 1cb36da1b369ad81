/* Where the indices of a ring begin: at 0, and nothing is kept of it.
 *
 * In a test build (OMNI_START_INDEX_SETTABLE) they can begin anywhere, so that 64 bits wrap within a test;
 * each ring then remembers where, for numbers of messages count from 0 all the same. */
#ifndef OMNI_START_INDEX_H
#define OMNI_START_INDEX_H

#include <stdint.h>

#ifdef OMNI_START_INDEX_SETTABLE

#define START_INDEX_MEMBER uint64_t start_index;
#define START_INDEX(ring) ((ring)->start_index)
#define START_INDEX_KEEP(ring, index) ((void)((ring)->start_index = (index)))

/* Any thread. Channels made from now on begin at `index`. */
void omni_set_start_index(uint64_t index);
uint64_t start_index_of_next(void);

#else

#define START_INDEX_MEMBER
#define START_INDEX(ring) UINT64_C(0)
#define START_INDEX_KEEP(ring, index) ((void)0)
#define start_index_of_next() UINT64_C(0)

#endif
#endif
