/* Two pinned threads, started together, and how long the whole takes. */
#ifndef BENCH_ROUNDS_HPP
#define BENCH_ROUNDS_HPP

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sched.h>
#include <thread>

static inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

/* The calling thread stays on the processor that is the `place`th of those allowed. */
static inline void pin(int place) {
  static const cpu_set_t allowed = [] {
    cpu_set_t set;
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  int wanted = place % CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed) || wanted-- > 0) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    pthread_setaffinity_np(pthread_self(), sizeof one, &one);
    return;
  }
}

/* Nanoseconds from when both are ready until both are done. */
template <typename Produce, typename Consume> double together(Produce produce, Consume consume) {
  using clock = std::chrono::steady_clock;
  std::atomic<int> ready{0};
  clock::time_point began, ended;
  auto meet = [&] {
    ready++;
    while (ready < 2) relax();
  };
  std::thread consumer([&] {
    pin(1);
    meet();
    began = clock::now();
    consume();
    ended = clock::now();
  });
  std::thread producer([&] {
    pin(0);
    meet();
    produce();
  });
  producer.join();
  consumer.join();
  return std::chrono::duration<double, std::nano>(ended - began).count();
}

[[noreturn]] static inline void wrong(const char *who, uint64_t got, uint64_t wanted) {
  fprintf(stderr, "%s: message %llu came where %llu was due\n", who, (unsigned long long)got, (unsigned long long)wanted);
  exit(1);
}

#endif
