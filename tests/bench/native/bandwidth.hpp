/* Bandwidth: one side copies a message in, the other copies it out. Its number is at both its ends. */
#ifndef BENCH_BANDWIDTH_HPP
#define BENCH_BANDWIDTH_HPP

#include <memory>
#include <vector>

#include "queues.hpp"

static inline void number_ends(std::vector<uint8_t> &bytes, uint64_t number) {
  memcpy(bytes.data(), &number, 8);
  memcpy(bytes.data() + bytes.size() - 8, &number, 8);
}

static inline void check_ends(const char *who, const std::vector<uint8_t> &bytes, uint64_t number) {
  uint64_t ends[2];
  use(bytes.data());
  memcpy(&ends[0], bytes.data(), 8);
  memcpy(&ends[1], bytes.data() + bytes.size() - 8, 8);
  if (ends[0] != number) wrong(who, ends[0], number);
  if (ends[1] != number) wrong(who, ends[1], number);
}

static double through_channel(size_t size, uint64_t capacity, uint64_t count) {
  channel ends(capacity, size);
  std::vector<uint8_t> source(size, 1), target(size);
  return together(
      4 * capacity, count, /* every page of the ring has been touched */
      [&](uint64_t from, uint64_t to) {
        for (uint64_t i = from; i < to; i++) {
          number_ends(source, i);
          while (omni_try_push(ends.producer, source.data(), size) != OMNI_PUSH_SUCCESS) relax();
        }
      },
      [&](uint64_t from, uint64_t to) {
        for (uint64_t i = from; i < to; i++) {
          omni_message view;
          while (omni_try_pop(ends.consumer, &view) != OMNI_POP_SUCCESS) relax();
          memcpy(target.data(), view.data, view.size);
          check_ends("omnimailbox", target, i);
        }
      });
}

/* The least that carries a message over: a memcpy in, a flag, a memcpy out, a flag. */
static double two_copies(size_t size, uint64_t buffers, uint64_t count) {
  struct alignas(64) buffer {
    std::atomic<int> full{0};
    std::vector<uint8_t> bytes;
  };
  std::vector<buffer> ring(buffers);
  for (buffer &each : ring) each.bytes.assign(size, 0);
  std::vector<uint8_t> source(size, 1), target(size);
  return together(
      4 * buffers, count,
      [&](uint64_t from, uint64_t to) {
        for (uint64_t i = from; i < to; i++) {
          buffer &b = ring[i % buffers];
          number_ends(source, i);
          while (b.full.load(std::memory_order_acquire)) relax();
          memcpy(b.bytes.data(), source.data(), size);
          b.full.store(1, std::memory_order_release);
        }
      },
      [&](uint64_t from, uint64_t to) {
        for (uint64_t i = from; i < to; i++) {
          buffer &b = ring[i % buffers];
          while (!b.full.load(std::memory_order_acquire)) relax();
          memcpy(target.data(), b.bytes.data(), size);
          b.full.store(0, std::memory_order_release);
          check_ends("two memcpys", target, i);
        }
      });
}

#endif
