/* The portable variant, wherever there are POSIX threads: a mutex and a condition variable per word, full fences. */
#include "platform.h"

#ifdef OMNI_PORTABLE

#include <fcntl.h>
#include <unistd.h>

void platform_fence_heavy(void) { platform_fence_full(); }

void platform_choose_fences(void) {}

#define SLICE (PLATFORM_SECOND / 10) /* how long a signal can go unseen */

#ifdef __APPLE__ /* its condition variables have one clock, which can be set; but they can wait for a time */

static int changed_init(pthread_cond_t *changed) { return pthread_cond_init(changed, NULL); }

static int changed_wait(platform_word *word, int64_t deadline) {
  int64_t left = deadline - platform_now();
  struct timespec time = platform_timespec(left > 0 ? left : 0);
  return pthread_cond_timedwait_relative_np(&word->changed, &word->mutex, &time);
}

#else

static int changed_init(pthread_cond_t *changed) {
  pthread_condattr_t monotonic;
  int error = pthread_condattr_init(&monotonic);
  if (error) return error;
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  error = pthread_cond_init(changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  return error;
}

static int changed_wait(platform_word *word, int64_t deadline) {
  struct timespec until = platform_timespec(deadline);
  return pthread_cond_timedwait(&word->changed, &word->mutex, &until);
}

#endif

int platform_word_init(platform_word *word) {
  atomic_init(&word->value, 0);
  atomic_init(&word->asleep_since, 0);
  int error = changed_init(&word->changed);
  if (error) return error;
  error = pthread_mutex_init(&word->mutex, NULL);
  if (error) pthread_cond_destroy(&word->changed);
  return error;
}

void platform_word_destroy(platform_word *word) {
  pthread_mutex_destroy(&word->mutex);
  pthread_cond_destroy(&word->changed);
}

bool platform_descriptor_ends(int ends[2]) {
  if (pipe(ends) != 0) return false;
  for (int end = 0; end < 2; end++) {
    fcntl(ends[end], F_SETFD, FD_CLOEXEC);
    fcntl(ends[end], F_SETFL, O_NONBLOCK);
  }
  return true;
}

int platform_sleep(platform_word *word, uint32_t value, int64_t deadline) {
  int64_t slice = platform_deadline(SLICE);
  int error = 0, awake;
  pthread_mutex_lock(&word->mutex);
  /* acquire: a word may be changed with a release, and then orders what came before */
  while (!(awake = platform_load(&word->value, acquire) != value) && !error)
    error = changed_wait(word, deadline < slice ? deadline : slice);
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
