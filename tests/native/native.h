/* What the native programs share: checks, phases under a watchdog, and messages that say which one they are. */
#ifndef OMNI_TESTS_NATIVE_H
#define OMNI_TESTS_NATIVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "omni_mailbox.h"

/* A mistake ends the program with 1 and one line: where, in which phase, what did not hold. */
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

/* ---- what there is to run ---- */

void units(void);
/* One of them, from inside the ring. */
void patience(void);
/* Moves `messages` through channels of several shapes. */
void exchanges(uint64_t messages);
/* Races over short-lived channels, `rounds` of each kind. */
void race_ends(uint64_t rounds);
void race_holds(uint64_t rounds);
void race_registry(uint64_t rounds);

#endif
