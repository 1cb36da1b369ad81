/* There and back. With a time to think, each side is busy for so long before it answers that the other is asleep by
 * then: what is left of the time is two wakings. */
#ifndef BENCH_PING_PONG_HPP
#define BENCH_PING_PONG_HPP

#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queues.hpp"

static inline void think(int64_t ns) {
  if (!ns) return;
  for (auto until = steady::now() + std::chrono::nanoseconds(ns); steady::now() < until;) relax();
}

/* How often the calling thread has given up its processor to wait. */
static inline uint64_t waits() {
  rusage used;
  getrusage(RUSAGE_THREAD, &used);
  return (uint64_t)used.ru_nvcsw;
}

/* send(way, number) and receive(way, number): 0 is there, 1 is back. */
template <typename Send, typename Receive>
double ping_pong(const char *who, int64_t thought, uint64_t count, Send send, Receive receive) {
  uint64_t asleep[2] = {0, 0};
  const uint64_t warm = 16;
  auto side = [&](int way, uint64_t from, uint64_t to) {
    uint64_t before = waits();
    for (uint64_t i = from; i < to; i++) {
      if (way == 0) think(thought), send(0, i);
      receive(!way, i);
      if (way == 1) think(thought), send(1, i);
    }
    asleep[way] = waits() - before;
  };
  double ns = together(
      warm, count, [&](uint64_t from, uint64_t to) { side(0, from, to); },
      [&](uint64_t from, uint64_t to) { side(1, from, to); });
  for (int way = 0; thought && way < 2; way++)
    if (asleep[way] < count / 2) {
      fprintf(stderr, "%s: a side slept %llu times of %llu\n", who, (unsigned long long)asleep[way],
              (unsigned long long)count);
      exit(1);
    }
  return ns - 2.0 * (double)thought * (double)count;
}

static double channel_ping_pong(int64_t thought, uint64_t count) {
  channel there(8, 64), back(8, 64), *ways[] = {&there, &back};
  return ping_pong(
      "omnimailbox", thought, count,
      [&](int way, uint64_t number) {
        while (omni_blocking_push(ways[way]->producer, &number, 8, -1) == OMNI_INTERRUPTED);
      },
      [&](int way, uint64_t number) {
        omni_message view;
        uint64_t got;
        while (omni_blocking_pop(ways[way]->consumer, -1, &view) == OMNI_INTERRUPTED);
        memcpy(&got, view.data, 8);
        if (got != number) wrong("omnimailbox", got, number);
      });
}

static double futex_ping_pong(int64_t thought, uint64_t count) {
  struct alignas(64) word {
    std::atomic<uint32_t> value{0};
  } words[2];
  return ping_pong(
      "bare futex", thought, count,
      [&](int way, uint64_t number) {
        words[way].value.store((uint32_t)number + 1, std::memory_order_release);
        syscall(SYS_futex, &words[way].value, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
      },
      [&](int way, uint64_t number) {
        uint32_t got;
        while ((got = words[way].value.load(std::memory_order_acquire)) == (uint32_t)number)
          syscall(SYS_futex, &words[way].value, FUTEX_WAIT_PRIVATE, got, nullptr, nullptr, 0);
        if (got != (uint32_t)number + 1) wrong("bare futex", got - 1, number);
      });
}

#endif
