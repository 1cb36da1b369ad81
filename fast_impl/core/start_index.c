#include "seam.h"
#include "start_index.h"

#ifdef OMNI_START_INDEX_SETTABLE

static _Atomic uint64_t next_index;

/* relaxed: orders nothing; who makes channels in another thread has to synchronise with this one anyway */
void omni_set_start_index(uint64_t index) { seam_store(&next_index, index, relaxed); }

uint64_t start_index_of_next(void) { return seam_load(&next_index, relaxed); }

#endif
