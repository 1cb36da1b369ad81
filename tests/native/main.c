/* The native program: the core over its C ABI, with system threads and nothing in between, under a watchdog.
 *
 * Usage: native MESSAGES ROUNDS [LIMIT]: unit tests, then so many messages exchanged in all, then so many rounds
 * of each race; 0 leaves a part out. LIMIT: seconds without progress that count as a hang (60).
 * Exits with 0; or with 1 and the mistake; or with 2 and the phase that hung. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "native.h"

/* ---- watchdog ---- */

_Atomic uint64_t progress_made;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended;
static bool running;
static unsigned seconds;
static pthread_t watcher;
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
  thread_start(&watcher, watch, NULL);
}

void watchdog_end(void) {
  pthread_mutex_lock(&mutex);
  running = false;
  pthread_cond_signal(&ended);
  pthread_mutex_unlock(&mutex);
  thread_join(watcher);
  pthread_cond_destroy(&ended);
}

/* ---- messages and threads ---- */

uint64_t random_of(uint64_t seed) {
  /* splitmix64 */
  seed += 0x9e3779b97f4a7c15u;
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
  return seed ^ (seed >> 31);
}

size_t message_write(uint64_t number, uint8_t *to, size_t longest) {
  size_t size = MESSAGE_MIN + random_of(number) % (longest - MESSAGE_MIN + 1);
  memcpy(to, &number, MESSAGE_MIN);
  memset(to + MESSAGE_MIN, (int)(number * 31 + 7), size - MESSAGE_MIN);
  return size;
}

void message_check(uint64_t number, const omni_message *message, size_t longest) {
  uint8_t expected[longest];
  size_t size = message_write(number, expected, longest);
  CHECK(message->number == number);
  CHECK(message->size == size);
  CHECK(memcmp(message->data, expected, size) == 0);
}

void channel_open(omni_broker *broker, const char *name, uint64_t capacity, uint64_t longest, omni_producer **producer,
                  omni_consumer **consumer) {
  CHECK(omni_request_channel(broker, name, strlen(name), capacity, longest, producer, consumer) ==
        OMNI_CHANNEL_SUCCESS);
}

void thread_start(pthread_t *thread, void *(*run)(void *), void *argument) {
  CHECK(pthread_create(thread, NULL, run, argument) == 0);
}

void thread_join(pthread_t thread) { CHECK(pthread_join(thread, NULL) == 0); }

/* ---- the program ---- */

static uint64_t number(const char *text) {
  char *end;
  errno = 0;
  uint64_t value = strtoull(text, &end, 10);
  if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0) return value;
  fprintf(stderr, "not a number: \"%s\"; usage: native MESSAGES ROUNDS [LIMIT]\n", text);
  exit(64);
}

int main(int argc, char **argv) {
  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: native MESSAGES ROUNDS [LIMIT]\n");
    return 64;
  }
  uint64_t messages = number(argv[1]), rounds = number(argv[2]), limit = argc == 4 ? number(argv[3]) : 60;
  watchdog_begin((unsigned)limit);
  units();
  if (insides) insides();
  if (messages) exchanges(messages);
  if (rounds) {
    race_endpoints(rounds);
    race_pins(rounds);
    race_registry(rounds);
  }
  watchdog_end();
  printf("%" PRIu64 " messages, %" PRIu64 " rounds of each race: no mistake\n", messages, rounds);
  return 0;
}
