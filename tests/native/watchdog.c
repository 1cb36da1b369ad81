/* A mistake and a hang are told with the phase they happened in; a hang with the stack of every thread too. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "native.h"

_Atomic uint64_t progress_made;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended;
static bool running;
static unsigned seconds;
static pthread_t thread;
static char current[160] = "start";

_Noreturn void fail(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: in phase \"%s\": not so: %s\n", file, line, current, what);
  fflush(NULL);
  _exit(1); /* the other threads go on; nothing of theirs may be torn down */
}

void phase(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  pthread_mutex_lock(&mutex);
  vsnprintf(current, sizeof current, format, arguments);
  pthread_mutex_unlock(&mutex);
  va_end(arguments);
  progress(1);
  printf("   %s\n", current);
  fflush(stdout);
}

/* Asks gdb, where there is one. */
static void print_stacks(void) {
  char process[32];
  snprintf(process, sizeof process, "%ld", (long)getpid());
#ifdef PR_SET_PTRACER
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
#endif
  pid_t child = fork();
  if (child == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    unsetenv("LD_PRELOAD");
    execlp("gdb", "gdb", "-nx", "-batch", "-p", process, "-ex", "thread apply all backtrace", (char *)NULL);
    fprintf(stderr, "no stacks: gdb is not on the PATH\n");
    _exit(1);
  }
  if (child > 0) waitpid(child, NULL, 0);
}

static void *watch(void *nothing) {
  (void)nothing;
  struct timespec until;
  uint64_t seen = 0;
  pthread_mutex_lock(&mutex);
  while (running) {
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    int error = 0;
    while (running && !error) error = pthread_cond_timedwait(&ended, &mutex, &until);
    uint64_t now = atomic_load_explicit(&progress_made, memory_order_relaxed);
    if (error == ETIMEDOUT && now == seen) {
      fprintf(stderr, "hung: no progress for %u s in phase \"%s\"\n", seconds, current);
      print_stacks();
      fflush(NULL);
      _exit(2);
    }
    seen = now;
  }
  pthread_mutex_unlock(&mutex);
  return nothing;
}

void watchdog_begin(unsigned limit) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  CHECK(pthread_cond_init(&ended, &monotonic) == 0);
  pthread_condattr_destroy(&monotonic);
  running = true;
  seconds = limit;
  thread_start(&thread, watch, NULL);
}

void watchdog_end(void) {
  pthread_mutex_lock(&mutex);
  running = false;
  pthread_cond_signal(&ended);
  pthread_mutex_unlock(&mutex);
  thread_join(thread);
  pthread_cond_destroy(&ended);
}
