/* Two pinned threads, started together, and how long the whole takes. */
#ifndef BENCH_TWO_HPP
#define BENCH_TWO_HPP

#include <pthread.h>
#include <sched.h>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

using steady = std::chrono::steady_clock;

enum { CANNOT = 3 }; /* exit code: the machine lacks something */

static inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

/* The compiler must have all of it in memory here: no copy is left out because few of its bytes are looked at. */
static inline void use(const void *bytes) { __asm__ __volatile__("" ::"r"(bytes) : "memory"); }

static inline cpu_set_t allowed() {
  cpu_set_t set;
  sched_getaffinity(0, sizeof set, &set);
  return set;
}

/* The calling thread stays on the processor that is the `place`th of `from`. */
static inline void pin(const cpu_set_t &from, int place) {
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &from) || place-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    return;
  }
}

/* Nanoseconds for messages [warm, warm + count), from when both sides have done those before. Each side is a function
 * of the first number and the one after the last. */
template <typename Produce, typename Consume>
double together(uint64_t warm, uint64_t count, Produce produce, Consume consume) {
  const cpu_set_t processors = allowed();
  std::atomic<int> ready{0};
  steady::time_point began, ended;
  auto meet = [&](int all) {
    ready++;
    while (ready < all) relax();
  };
  std::thread consumer([&] {
    pin(processors, 1);
    meet(2);
    consume(0, warm);
    meet(4);
    began = steady::now();
    consume(warm, warm + count);
    ended = steady::now();
  });
  std::thread producer([&] {
    pin(processors, 0);
    meet(2);
    produce(0, warm);
    meet(4);
    produce(warm, warm + count);
  });
  producer.join();
  consumer.join();
  return std::chrono::duration<double, std::nano>(ended - began).count();
}

[[noreturn]] static inline void wrong(const char *who, uint64_t got, uint64_t wanted) {
  fprintf(stderr, "%s: message %llu came where %llu was due\n", who, (unsigned long long)got,
          (unsigned long long)wanted);
  exit(1);
}

#endif
