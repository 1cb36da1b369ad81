/* What the parts of the native program share: checks, a watchdog, messages that carry their number, and races. */
#ifndef OMNI_TESTS_NATIVE_H
#define OMNI_TESTS_NATIVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "omni_mailbox.h"

/* A check that fails exits with 1 and one line: where, in which phase, what did not hold. */
#define CHECK(what) ((what) ? (void)0 : fail(__FILE__, __LINE__, #what))
_Noreturn void fail(const char *file, int line, const char *what);

/* ---- watchdog ---- */

/* From here on `limit` seconds without progress end the program, with the phase and each thread's stack. */
void watchdog_begin(unsigned limit);
void watchdog_end(void);
/* What is done from here on; printed, and named by a mistake and by the watchdog. */
void phase(const char *format, ...) __attribute__((format(printf, 1, 2)));

extern _Atomic uint64_t progress_made;
/* Something was achieved. Relaxed, so that no thread is ordered against another by it. */
static inline void progress(uint64_t steps) { atomic_fetch_add_explicit(&progress_made, steps, memory_order_relaxed); }

/* ---- messages ---- */

enum { MESSAGE_MIN = 8 };

/* Message `number` of at most `longest` bytes: the number itself and a pattern made of it. Its size. */
size_t message_write(uint64_t number, uint8_t *to, size_t longest);
/* It is that message, whole. */
void message_check(uint64_t number, const omni_message *message, size_t longest);

/* ---- threads ---- */

/* A channel of `broker`, which must have room for it. */
void channel_open(omni_broker *broker, const char *name, uint64_t capacity, uint64_t longest, omni_producer **producer,
                  omni_consumer **consumer);
void thread_start(pthread_t *thread, void *(*run)(void *), void *argument);
void thread_join(pthread_t thread);
/* Repeatable, for a round's choices. */
uint64_t random_of(uint64_t seed);

/* ---- races: three threads, each with a part of its own, and a new short-lived channel in each round ---- */

enum { RACE_THREADS = 3, RACE_CAPACITY = 8, RACE_LONGEST = 64 };

typedef struct {
  omni_broker *broker; /* NULL once a part has given it up */
  omni_producer *producer;
  omni_consumer *consumer;
  uint64_t number;                 /* of the round, from 0 */
  _Atomic uint64_t pushed, popped; /* by the parts; `pushed` begins with what the channel holds already */
  _Atomic int stage;               /* how far the parts have come, for each other */
  omni_message message;            /* what they share: a message, a region, a pin, an open pop */
  omni_region region;
  omni_pin pin;
  omni_pop step;
  _Atomic int64_t sleeper; /* the thread that is about to block, 0 while none is, or NO_SLEEPER */
} race_round;

enum { NO_SLEEPER = -1 };

typedef struct {
  const char *name;
  uint64_t filled;                           /* messages that wait when a round begins */
  bool sleeps;                               /* some part says about_to_block */
  void (*parts[RACE_THREADS])(race_round *); /* NULL: nobody */
  void (*verify)(race_round *);              /* afterwards, alone */
} race_kind;

/* Every round must leave no channel behind. */
void races_run(const race_kind *kinds, size_t count, uint64_t rounds);

/* In a part: about to call something that may block. */
void about_to_block(race_round *round);
/* In another: waits for a moment that differs from round to round; where a part sleeps, often until it does. */
void choose_moment(race_round *round);
void reach(race_round *round, int stage);
void await(race_round *round, int stage);

/* Calls that check what they move, and add it to the round's counts. Numbers continue from them. */
int try_push_next(race_round *round);
int try_pop_next(race_round *round, omni_message *message);
/* Until it answers something else than SUCCESS; signals and pins do not count. */
int push_on(race_round *round);
int pop_on(race_round *round);

/* ---- what there is to run ---- */

void units(void);
__attribute__((weak)) void insides(void); /* left out over another library than the core */
/* Moves `messages` through channels of several shapes. */
void exchanges(uint64_t messages);
/* Races over short-lived channels, `rounds` of each kind. */
void race_endpoints(uint64_t rounds);
void race_pins(uint64_t rounds);
void race_registry(uint64_t rounds);

#endif
