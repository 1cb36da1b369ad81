/* What the client calls, directly or through its compiler. Before and after the threads, memory is used directly. */
#include <dlfcn.h>
#include <stdio.h>

#include "engine.h"

static bool is_alone(void) { return run.current < 0; }

int wm_self(void) { return run.current; }

static uint64_t direct(const volatile void *at, unsigned size) {
  uint64_t value = 0;
  memcpy(&value, (const void *)at, size);
  return value;
}

static request asking(event_kind kind, const volatile void *at, unsigned size, wm_order order, const wm_site *site) {
  return (request){
      .e = {.kind = kind, .order = order, .site = site, .from = NO_EVENT}, .at = (uintptr_t)at, .size = size};
}

/* The order of each half of a read-modify-write. */
static wm_order of_read(wm_order order) {
  return order == wm_release ? wm_relaxed : order == wm_acq_rel ? wm_acquire : order;
}
static wm_order of_write(wm_order order) {
  return order == wm_acquire ? wm_relaxed : order == wm_acq_rel ? wm_release : order;
}

uint64_t wm_load(const volatile void *at, unsigned size, wm_order order, const wm_site *site) {
  if (is_alone()) return direct(at, size);
  request r = asking(READ, at, size, order, site);
  return run_ask(&r);
}

void wm_store(volatile void *at, unsigned size, uint64_t value, wm_order order, const wm_site *site) {
  value = truncated(value, size);
  if (is_alone()) {
    memcpy((void *)at, &value, size);
    return;
  }
  request r = asking(WRITE, at, size, order, site);
  r.e.value = value;
  run_ask(&r);
}

/* Both halves of a read-modify-write; one that compares has the second half only where the first has read what it
 * expects. Gives what was read. */
static uint64_t both_halves(request *first, wm_change change, uint64_t operand, wm_order order) {
  request second = {.at = first->at, .size = first->size};
  second.e = (event){.kind = WRITE, .order = order, .site = first->e.site, .from = NO_EVENT, .exclusive = true};
  first->second = &second.e;
  first->change = change;
  first->operand = operand;
  uint64_t before = run_ask(first);
  if (first->e.compares && before != first->e.unwanted) return before;
  second.e.value = truncated(changed(change, before, operand), first->size);
  run_ask(&second);
  return before;
}

uint64_t wm_modify(volatile void *at, unsigned size, wm_change change, uint64_t operand, wm_order order,
                   const wm_site *site) {
  if (is_alone()) {
    uint64_t before = direct(at, size);
    wm_store(at, size, changed(change, before, operand), order, site);
    return before;
  }
  request r = asking(READ, at, size, of_read(order), site);
  return both_halves(&r, change, operand, of_write(order));
}

bool wm_replace(volatile void *at, unsigned size, uint64_t *expected, uint64_t value, wm_order order, wm_order failure,
                const wm_site *site) {
  if (is_alone()) {
    uint64_t before = direct(at, size);
    bool same = before == *expected;
    if (same) wm_store(at, size, value, order, site);
    *expected = before;
    return same;
  }
  /* The order of a read is known before its value: the explorer weakens it where the comparison fails. */
  request r = asking(READ, at, size, of_read(order), site);
  r.e.compares = true;
  r.e.unwanted = *expected;
  r.e.success = r.e.order;
  r.e.failure = failure;
  uint64_t before = both_halves(&r, wm_exchange, value, of_write(order));
  bool same = before == *expected;
  *expected = before;
  return same;
}

void wm_fence(wm_order order, const wm_site *site) {
  if (is_alone() || order == wm_relaxed) return;
  request r = asking(FENCE, NULL, 0, order, site);
  run_ask(&r);
}

unsigned wm_choose(unsigned below, const wm_site *site) {
  if (is_alone() || below < 2) return 0;
  request r = asking(CHOICE, NULL, 0, wm_relaxed, site);
  r.below = below;
  return (unsigned)run_ask(&r);
}

static request awaiting(const volatile void *at, unsigned size, uint64_t value, bool equal, wm_order order,
                        const wm_site *site) {
  request r = asking(READ, at, size, order, site);
  r.e.waits = true;
  r.e.equal = equal;
  r.e.unwanted = value;
  return r;
}

uint64_t wm_await(const volatile void *at, unsigned size, uint64_t unwanted, wm_order order, const wm_site *site) {
  if (is_alone()) return direct(at, size);
  request r = awaiting(at, size, unwanted, false, order, site);
  return run_ask(&r);
}

uint64_t wm_await_equal(const volatile void *at, unsigned size, uint64_t wanted, wm_order order, const wm_site *site) {
  if (is_alone()) return direct(at, size);
  request r = awaiting(at, size, wanted, true, order, site);
  return run_ask(&r);
}

uint64_t wm_await_modify(volatile void *at, unsigned size, uint64_t value, bool equal, wm_change change,
                         uint64_t operand, wm_order order, const wm_site *site) {
  if (is_alone()) return wm_modify(at, size, change, operand, order, site);
  request r = awaiting(at, size, value, equal, of_read(order), site);
  return both_halves(&r, change, operand, of_write(order));
}

void wm_sleep(const volatile void *word, unsigned size, uint64_t value, const wm_site *site) {
  if (is_alone()) return;
  request r = awaiting(word, size, value, false, wm_relaxed, site);
  r.e.sleeps = true;
  run_ask(&r);
}

void wm_wake(const volatile void *word, unsigned size, const wm_site *site) {
  if (is_alone()) return;
  request r = asking(WAKE, word, size, wm_relaxed, site);
  run_ask(&r);
}

/* What happens before the next step of the thread that runs. */
static const clock_vector *clock_now(void) {
  static const clock_vector nothing;
  int done = run.threads[run.current].replayed;
  return done ? &run.graph.events[run.graph.of[run.current][done - 1]].before : &nothing;
}

static void watch(const volatile void *at, size_t size, bool write, const wm_site *site) {
  if (is_alone()) return;
  memory_access((uintptr_t)at, size, write, run.current, run.threads[run.current].replayed, clock_now(), site);
  if (run.failure) run_stop(); /* before the access itself */
}

void wm_plain_read(const volatile void *at, size_t size, const wm_site *site) { watch(at, size, false, site); }
void wm_plain_write(volatile void *at, size_t size, const wm_site *site) { watch(at, size, true, site); }

void wm_free(void *memory, const wm_site *site) {
  if (!memory || is_alone()) return;
  memory_free(memory, run.current, run.threads[run.current].replayed, clock_now(), site);
  if (run.failure) run_stop();
}

void wm_fail(const char *what) {
  run_failed(WM_ASSERTION, "%s", what);
  if (is_alone()) return;
  run.threads[run.current].state = ENDED;
  run_stop();
}

void wm_assume(bool condition) {
  if (condition || is_alone()) return;
  run.threads[run.current].state = GIVEN_UP;
  run_stop();
}

void wm_outcome(uint64_t value) {
  if (run.outcome.length == WM_OUTCOME) run_failed(WM_MISUSE, "an outcome has at most %d values", WM_OUTCOME);
  else run.outcome.values[run.outcome.length++] = value;
}

/* ---- the calls that -fsanitize=thread inserts at each access ----
 *
 * So plain memory is watched, and atomics that no platform maps are explored too. The sanitizer's own library is not
 * linked. */

/* A site for the caller's address: offset in its library, for addr2line. */
static const wm_site *site_of(void *address) {
  enum { ROOM = 4096 };
  static struct {
    void *address;
    wm_site site;
    char text[24];
  } known[ROOM];
  size_t at = (uintptr_t)address * 0x9E3779B1u % ROOM;
  while (known[at].address && known[at].address != address) at = (at + 1) % ROOM;
  if (!known[at].address) {
    Dl_info library;
    uintptr_t offset = dladdr(address, &library) ? (uintptr_t)address - (uintptr_t)library.dli_fbase : 0;
    known[at].address = address;
    snprintf(known[at].text, sizeof known[at].text, "%#lx", (unsigned long)offset - 1);
    known[at].site = (wm_site){.file = known[at].text, .line = 0, .text = ""};
  }
  return &known[at].site;
}

#define SITE site_of(__builtin_return_address(0))

void __tsan_init(void) {}
void __tsan_func_entry(void *caller) { (void)caller; }
void __tsan_func_exit(void) {}

#define PLAIN(size)                                                             \
  void __tsan_read##size(void *at) { wm_plain_read(at, size, SITE); }           \
  void __tsan_write##size(void *at) { wm_plain_write(at, size, SITE); }         \
  void __tsan_unaligned_read##size(void *at) { wm_plain_read(at, size, SITE); } \
  void __tsan_unaligned_write##size(void *at) { wm_plain_write(at, size, SITE); }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)
void __tsan_read_range(void *at, size_t size) { wm_plain_read(at, size, SITE); }
void __tsan_write_range(void *at, size_t size) { wm_plain_write(at, size, SITE); }

static wm_order order_of(int order) {
  static const wm_order orders[] = {wm_relaxed, wm_acquire, wm_acquire, wm_release, wm_acq_rel, wm_seq_cst};
  return orders[order]; /* relaxed, consume, acquire, release, acq_rel, seq_cst */
}

#define CHANGE(bits, type, name, change)                                        \
  type __tsan_atomic##bits##_##name(volatile type *at, type value, int order) { \
    return (type)wm_modify(at, bits / 8, change, value, order_of(order), SITE); \
  }
#define REPLACE(bits, type, name)                                                                             \
  int __tsan_atomic##bits##_compare_exchange_##name(volatile type *at, type *expected, type value, int order, \
                                                    int failure) {                                            \
    uint64_t old = *expected;                                                                                 \
    bool done = wm_replace(at, bits / 8, &old, value, order_of(order), order_of(failure), SITE);              \
    *expected = (type)old;                                                                                    \
    return done;                                                                                              \
  }
#define ATOMIC(bits, type)                                                     \
  type __tsan_atomic##bits##_load(const volatile type *at, int order) {        \
    return (type)wm_load(at, bits / 8, order_of(order), SITE);                 \
  }                                                                            \
  void __tsan_atomic##bits##_store(volatile type *at, type value, int order) { \
    wm_store(at, bits / 8, value, order_of(order), SITE);                      \
  }                                                                            \
  CHANGE(bits, type, exchange, wm_exchange)                                    \
  CHANGE(bits, type, fetch_add, wm_add)                                        \
  CHANGE(bits, type, fetch_sub, wm_subtract)                                   \
  CHANGE(bits, type, fetch_or, wm_or)                                          \
  CHANGE(bits, type, fetch_and, wm_and)                                        \
  REPLACE(bits, type, strong)                                                  \
  REPLACE(bits, type, weak)
ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
void __tsan_atomic_thread_fence(int order) { wm_fence(order_of(order), SITE); }
