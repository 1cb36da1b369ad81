/* Messages through a queue, numbered, polling: one by one, or in batches of which each side takes what fits. */
#ifndef BENCH_MESSAGES_HPP
#define BENCH_MESSAGES_HPP

#include <memory>
#include <vector>

#include "queues.hpp"

template <typename Queue, size_t SIZE>
static double single(uint64_t count) {
  auto queue = std::make_unique<Queue>();
  return together(
      4 * CAPACITY, count,
      [&](uint64_t from, uint64_t to) {
        message<SIZE> m{};
        for (uint64_t i = from; i < to; i++) {
          memcpy(m.bytes, &i, 8);
          while (!queue->push(m)) relax();
        }
      },
      [&](uint64_t from, uint64_t to) {
        message<SIZE> m;
        for (uint64_t i = from, got; i < to; i++) {
          while (!queue->pop(m)) relax();
          use(&m);
          memcpy(&got, m.bytes, 8);
          if (got != i) wrong(Queue::name, got, i);
        }
      });
}

template <typename Queue, size_t SIZE, size_t BATCH>
static double batched(uint64_t count) {
  auto queue = std::make_unique<Queue>();
  return together(
      4 * CAPACITY, count,
      [&](uint64_t from, uint64_t to) {
        std::vector<message<SIZE>> m(BATCH);
        for (uint64_t i = from; i < to;) {
          size_t some = to - i < BATCH ? to - i : BATCH;
          for (size_t k = 0; k < some; k++) {
            uint64_t number = i + k;
            memcpy(m[k].bytes, &number, 8);
          }
          for (size_t done = 0; done < some;) {
            size_t pushed = queue->push(&m[done], some - done);
            done += pushed;
            if (!pushed) relax();
          }
          i += some;
        }
      },
      [&](uint64_t from, uint64_t to) {
        std::vector<message<SIZE>> m(BATCH);
        for (uint64_t i = from, got; i < to;) {
          size_t taken = queue->pop(m.data(), to - i < BATCH ? to - i : BATCH);
          if (!taken) relax();
          use(m.data());
          for (size_t k = 0; k < taken; k++, i++) {
            memcpy(&got, m[k].bytes, 8);
            if (got != i) wrong(Queue::name, got, i);
          }
        }
      });
}

#endif
