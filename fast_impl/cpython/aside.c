/* Messages put aside: what a signal kept from being handed out [CON-6]. */
#include <string.h>

#include "handles.h"

void put_aside(receiving_end *end, const omni_message *messages, size_t count) {
  if (end->closed) return; /* they have expired */
  size_t left = end->put_aside_count - end->put_aside_next;
  omni_message *kept = PyMem_New(omni_message, count + left);
  if (!kept) return; /* lost, with the memory */
  memcpy(kept, messages, count * sizeof *kept);
  if (left) memcpy(kept + count, end->put_aside + end->put_aside_next, left * sizeof *kept);
  PyMem_Free(end->put_aside);
  end->put_aside = kept;
  end->put_aside_count = count + left;
  end->put_aside_next = 0;
}

size_t from_aside(receiving_end *end, size_t wanted, omni_message *messages) {
  size_t left = end->put_aside_count - end->put_aside_next, count = wanted < left ? wanted : left;
  memcpy(messages, end->put_aside + end->put_aside_next, count * sizeof *messages);
  end->put_aside_next += count;
  if (end->put_aside_next == end->put_aside_count) end->put_aside_next = end->put_aside_count = 0;
  return count;
}
