/* What a client of the explorer sees: shared memory with C11's orders, plain memory that is watched for races,
 * sleeping, and the explorer itself.
 *
 * A client's threads are C functions. The explorer runs them as coroutines in one OS thread, again and again
 * from their start, until each execution that RC11 allows has been seen exactly once. They must be
 * deterministic but for what they read here, and keep their own state where `begin` sets it up again. */
#ifndef WM_EXPLORER_H
#define WM_EXPLORER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WM_THREADS = 8, WM_OUTCOME = 32 };

/* light and heavy are for fences only: an asymmetric pair (P1202). nonatomic: a relaxed access that may be part
 * of a data race, to ask whether it must be atomic at all. */
typedef enum { wm_relaxed, wm_acquire, wm_release, wm_acq_rel, wm_seq_cst, wm_light, wm_heavy, wm_nonatomic } wm_order;

/* Where in the source a step is. */
typedef struct {
  const char *file;
  int line;
  const char *text;
} wm_site;

#define WM_SITE(text)                                       \
  __extension__({                                           \
    static const wm_site site = {__FILE__, __LINE__, text}; \
    &site;                                                  \
  })

/* ---- shared memory: `size` is 1, 2, 4 or 8 bytes, and always the same for one address ---- */

typedef enum { wm_exchange, wm_add, wm_subtract, wm_or, wm_and } wm_change;

uint64_t wm_load(const volatile void *at, unsigned size, wm_order order, const wm_site *site);
void wm_store(volatile void *at, unsigned size, uint64_t value, wm_order order, const wm_site *site);
/* Read-modify-write; gives the value from before. */
uint64_t wm_modify(volatile void *at, unsigned size, wm_change change, uint64_t operand, wm_order order,
                   const wm_site *site);
/* Strong: fails only on another value, which *expected then holds. A failure loads with `failure`. */
bool wm_replace(volatile void *at, unsigned size, uint64_t *expected, uint64_t value, wm_order order, wm_order failure,
                const wm_site *site);
void wm_fence(wm_order order, const wm_site *site);

/* ---- plain memory: the access itself is the caller's; this only watches ---- */

void wm_plain_read(const volatile void *at, size_t size, const wm_site *site);
void wm_plain_write(volatile void *at, size_t size, const wm_site *site);

/* Zeroed memory, gone with the execution; NULL where the arena is used up. Freed memory is never given again,
 * and touching it fails. */
void *wm_allocate(size_t size);
void wm_free(void *memory, const wm_site *site);
/* How many blocks were allocated and are not freed. */
unsigned wm_allocated(void);

/* ---- waiting ---- */

/* Loads until the value is another than `unwanted`; as long as it is not, the thread is blocked. */
uint64_t wm_await(const volatile void *at, unsigned size, uint64_t unwanted, wm_order order, const wm_site *site);

/* ... until it is `wanted`. */
uint64_t wm_await_equal(const volatile void *at, unsigned size, uint64_t wanted, wm_order order, const wm_site *site);
/* A read-modify-write that waits until it reads another value than `value`, or with `equal` just that; as a lock is
 * taken. */
uint64_t wm_await_modify(volatile void *at, unsigned size, uint64_t value, bool equal, wm_change change,
                         uint64_t operand, wm_order order, const wm_site *site);

/* A futex: sleeps while the word has that value, in one step: a relaxed load of another value that orders nothing for
 * its thread. One that has fallen asleep before such a store goes on with it only if a wake follows in the store's
 * thread, or in that of a later one. A sleep that may also be over at any time is one of two choices. */
void wm_sleep(const volatile void *word, unsigned size, uint64_t value, const wm_site *site);
void wm_wake(const volatile void *word, unsigned size, const wm_site *site);

/* The thread that runs, or -1 before and after all of them. */
int wm_self(void);

/* Where the condition does not hold, this is no execution, and is dropped. */
void wm_assume(bool condition);

/* One of 0 .. below - 1: each is explored. */
unsigned wm_choose(unsigned below, const wm_site *site);

/* ---- verdicts ---- */

void wm_fail(const char *what);
#define WM_ASSERT(condition) ((condition) ? (void)0 : wm_fail("assertion: " #condition))
/* A value of this execution's outcome; from `end`, at most WM_OUTCOME of them. */
void wm_outcome(uint64_t value);
/* The name of an address in traces; the string must outlive the exploration. */
void wm_name(const volatile void *at, const char *name);

/* ---- exploring ---- */

typedef struct {
  int threads;
  void (*begin)(void *context);              /* alone, before the threads */
  void (*thread)(void *context, int number); /* from 0 */
  void (*end)(void *context);                /* alone, after all of them ended; may be NULL */
  void *context;
  /* The outcome where threads wait for ever: a lost wakeup, unless `allowed` says otherwise. NULL: always one. */
  void (*stuck)(void *context);
} wm_client;

typedef struct wm_report wm_report;
typedef struct wm_execution wm_execution;

typedef struct {
  bool cxx20;             /* release sequences without later stores of the same thread (C++20) */
  bool blocking_allowed;  /* a thread that is never woken is no failure */
  bool check_repetition;  /* remember every execution, and count those met again */
  bool all;               /* go on after a failure, and keep the shortest */
  uint32_t steps;         /* bound on the steps of one thread; 0: what fits */
  uint64_t executions;    /* bound on executions; 0: none */
  const uint16_t *prefix; /* explore only below these decisions */
  uint32_t prefix_length;
  uint32_t split;   /* stop as soon as so many subtrees are open, and leave them for wm_open */
  uint64_t seed;    /* not 0: one run only, each decision below the prefix by chance; wm_path has them */
  uint32_t further; /* after the first failure go on for so many runs, and keep the shortest */
  /* Both are given the client's context, and may be NULL. progress: now and then, after some runs; false stops,
   * and leaves what is still open for wm_open. allowed: for each different outcome; false makes it a failure. */
  bool (*progress)(void *context, const wm_report *report);
  bool (*allowed)(void *context, const uint64_t *values, uint32_t length);
  /* Each execution as it ends, whole: one that fails goes on as far as it can, but for the thread that fails. May be
   * NULL; with it, go with `all`. */
  void (*ended)(void *context, const wm_execution *execution);
} wm_options;

typedef enum {
  WM_NONE,
  WM_ASSERTION,
  WM_RACE,
  WM_LOST_WAKEUP,
  WM_FREED,
  WM_MISUSE,
  WM_FORBIDDEN,
  WM_FAILURES
} wm_failure;

struct wm_report {
  uint64_t complete; /* every thread ended */
  uint64_t blocked;  /* some thread waits for ever, as allowed */
  uint64_t cut;      /* ended by a bound: with any of these, the exploration is not exhaustive */
  uint64_t
      dropped; /* not executions: a read-modify-write with no place, a waiter that loaded a stale value, wm_assume */
  uint64_t repeated; /* met again, where that is checked; must be 0 */
  uint64_t failures; /* more than one only with `all` or `further` */
  uint64_t kinds[WM_FAILURES];
  uint64_t checks;   /* graphs below the prefix whose consistency was decided */
  uint64_t outcomes; /* different ones */
  double estimate;   /* with `seed`: runs that there are, on average over all seeds (Knuth 1975) */
  uint32_t open;     /* subtrees left by `split` or `progress` */
  uint32_t longest;  /* steps of the longest execution */
  wm_failure failure;
  char message[512];
  uint32_t trace_length, path_length;
};

void wm_explore(const wm_client *client, const wm_options *options, wm_report *report);

/* Of the last exploration, until the next. */
typedef struct {
  uint64_t values[WM_OUTCOME];
  uint32_t length;
  bool allowed;
  uint64_t count;
} wm_outcome_seen;
const wm_outcome_seen *wm_outcomes(void); /* as many as the report says */

typedef struct {
  const char *kind, *order, *file, *text;
  char place[48];
  uint64_t value;
  int32_t thread, line, from; /* from: the number of the step whose store was read; -1: the initial value, -2: none */
  bool led;                   /* to the failure; all are where there is none */
} wm_step;

struct wm_execution {
  wm_failure failure; /* the first that was met */
  const char *message;
  int32_t stopped; /* what this thread did after the failure may not be what it would have done; or -1 */
  uint32_t count;
  const wm_step *steps;
};

bool wm_trace_at(uint32_t number, wm_step *step);     /* in an order that respects po and rf */
uint32_t wm_path(uint16_t *decisions, uint32_t room); /* of the failure: a prefix that leads there; or of the one run */
uint32_t wm_open(uint32_t number, uint16_t *decisions, uint32_t room);

#endif
