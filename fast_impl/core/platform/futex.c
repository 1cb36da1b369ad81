/* The Linux variant: words to sleep on are futexes, and membarrier makes the fences asymmetric. */
#include "platform.h"

#ifndef OMNI_PORTABLE

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int platform_asymmetric;

static long membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0); }

/* OMNI_FENCES=full in the environment keeps the full fences, for comparison and where a process may not be
 * interrupted on every processor at once. */
__attribute__((constructor)) void platform_choose_fences(void) {
  const char *wanted = getenv("OMNI_FENCES");
  if (wanted && strcmp(wanted, "full") == 0) return;
  platform_asymmetric = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

void platform_fence_heavy(void) {
  platform_fence_full();
  if (platform_asymmetric) membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

int platform_word_init(platform_word *word) {
  atomic_init(&word->value, 0);
  atomic_init(&word->asleep_since, 0);
  return 0;
}

void platform_word_destroy(platform_word *word) { (void)word; }

int platform_sleep(platform_word *word, uint32_t value, int64_t deadline) {
  struct timespec until = platform_timespec(deadline);
  /* FUTEX_WAIT_BITSET takes a deadline of the monotonic clock, which a signal does not move. */
  long slept = syscall(SYS_futex, &word->value, FUTEX_WAIT_BITSET_PRIVATE, value,
                       deadline == PLATFORM_NEVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
  if (slept == 0 || errno == EAGAIN) return PLATFORM_AWAKE;
  return errno == ETIMEDOUT ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;
}

bool platform_descriptor_ends(int ends[2]) { return (ends[0] = ends[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) >= 0; }

void platform_wake(platform_word *word) {
  syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

#endif
