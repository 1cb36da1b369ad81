/* Times and sizes of the platform: no duration overflows a deadline, and no size its rounding. */
#include "platform/platform.c"

#include "proof.h"

int platform_asymmetric;

static int64_t now_seconds, now_nanoseconds;
static size_t allocated;

int clock_gettime(clockid_t clock, struct timespec *now) {
  (void)clock;
  *now = (struct timespec){now_seconds, now_nanoseconds};
  return 0;
}
void *aligned_alloc(size_t boundary, size_t size) {
  CLAIM(boundary == OMNI_LINE && size % OMNI_LINE == 0);
  allocated = size;
  return NULL;
}

int main(void) {
  int64_t timeout = nondet_i64();
  size_t size = nondet_u64();
  now_seconds = nondet_i64() & 0x1ffffffff; /* 272 years since the machine started */
  now_nanoseconds = nondet_i64() & 0x3fffffff;
  ASSUME(now_nanoseconds < PLATFORM_SECOND);
  int64_t deadline = platform_deadline(timeout);
  CLAIM(timeout >= 0 || deadline == PLATFORM_NEVER);
  if (deadline == PLATFORM_NEVER) REACHED("never");
  if (deadline != PLATFORM_NEVER) REACHED("a deadline");
  /* the longest: a channel with the longest name that channel_new lets in */
  ASSUME(size >= 1 && size <= SIZE_MAX / 2 + sizeof(omni_channel));
  (void)platform_allocate(size);
  CLAIM(allocated >= size && allocated - size < OMNI_LINE);
}
