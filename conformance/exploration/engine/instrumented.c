/* What a compiler's thread sanitizer calls (-fsanitize=thread) at each access, here for the explorer: so plain
 * memory is watched, and atomics that no platform maps are explored too. The sanitizer's own library is not linked. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "run.h"

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
