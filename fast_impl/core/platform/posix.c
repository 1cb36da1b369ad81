/* The portable variant, wherever there are POSIX threads: a mutex and a condition variable per word, full fences. */
#include "platform.h"

#ifdef OMNI_PORTABLE

void platform_fence_heavy(void) { platform_fence_full(); }

#define SLICE (PLATFORM_SECOND / 10) /* how long a signal can go unseen */

int platform_word_init(platform_word *word) {
  pthread_condattr_t monotonic;
  atomic_init(&word->value, 0);
  int error = pthread_condattr_init(&monotonic);
  if (error) return error;
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  error = pthread_cond_init(&word->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (error) return error;
  error = pthread_mutex_init(&word->mutex, NULL);
  if (error) pthread_cond_destroy(&word->changed);
  return error;
}

void platform_word_destroy(platform_word *word) {
  pthread_mutex_destroy(&word->mutex);
  pthread_cond_destroy(&word->changed);
}

int platform_sleep(platform_word *word, uint32_t value, int64_t deadline) {
  int64_t slice = platform_deadline(SLICE);
  struct timespec until = platform_timespec(deadline < slice ? deadline : slice);
  int error = 0, awake;
  pthread_mutex_lock(&word->mutex);
  /* acquire: a word may be changed with a release, and then orders what came before */
  while (!(awake = platform_load(&word->value, acquire) != value) && !error)
    error = pthread_cond_timedwait(&word->changed, &word->mutex, &until);
  pthread_mutex_unlock(&word->mutex);
  if (awake) return PLATFORM_AWAKE;
  return deadline <= slice ? PLATFORM_TIME_UP : PLATFORM_SIGNAL;
}

void platform_wake(platform_word *word) {
  /* Under the mutex: a sleeper has either not checked the word yet, or is in its wait and is woken. */
  pthread_mutex_lock(&word->mutex);
  pthread_cond_broadcast(&word->changed);
  pthread_mutex_unlock(&word->mutex);
}

#endif
