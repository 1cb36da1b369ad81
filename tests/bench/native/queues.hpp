/* Two pinned threads, started together, and the queues between them, each with the same calls: single messages, and
 * batches of which it takes what fits. */
#ifndef BENCH_QUEUES_HPP
#define BENCH_QUEUES_HPP

#include <pthread.h>
#include <sched.h>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/version.hpp>
#define HAVE_BOOST
#endif
#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#include <readerwriterqueue/readerwriterqueue.h>
#define HAVE_MOODYCAMEL
#endif
#ifdef RIGTORP
#include RIGTORP
#define HAVE_RIGTORP
#endif
extern "C" {
#include "omni_mailbox.h"
}

using steady = std::chrono::steady_clock;

enum { CANNOT = 3 }; /* exit code: the machine lacks something */

static inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

/* The compiler must have all of it in memory here: no copy is elided because few of its bytes are read. */
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

[[noreturn]] static inline void wrong(const char *name, uint64_t got, uint64_t wanted) {
  fprintf(stderr, "%s: message %llu came where %llu was due\n", name, (unsigned long long)got,
          (unsigned long long)wanted);
  exit(1);
}

static constexpr size_t CAPACITY = 1024, MOST = 512; /* messages; messages of a batch */

template <size_t SIZE>
struct message {
  alignas(8) uint8_t bytes[SIZE];
};

struct channel {
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  omni_producer *producer;
  omni_consumer *consumer;
  channel(uint64_t capacity, uint64_t size) {
    if (broker && omni_request_channel(broker, "bench", 5, capacity, size, &producer, &consumer) == 0) return;
    fprintf(stderr, "no channel for %llu messages of %llu bytes\n", (unsigned long long)capacity,
            (unsigned long long)size);
    exit(CANNOT);
  }
  channel(const channel &) = delete;
  ~channel() {
    omni_producer_free(producer);
    omni_consumer_free(consumer);
    omni_broker_free(broker);
  }
};

template <size_t SIZE>
struct omnimailbox {
  static constexpr const char *name = "omnimailbox";
  channel ends{CAPACITY, SIZE};
  bool push(const message<SIZE> &m) { return omni_try_push(ends.producer, &m, SIZE) == OMNI_PUSH_SUCCESS; }
  bool pop(message<SIZE> &m) {
    omni_message view;
    if (omni_try_pop(ends.consumer, &view) != OMNI_POP_SUCCESS) return false;
    memcpy(&m, view.data, SIZE);
    return true;
  }
  size_t push(const message<SIZE> *from, size_t count) {
    omni_bytes messages[MOST];
    for (size_t i = 0; i < count; i++) messages[i] = omni_bytes{from[i].bytes, SIZE};
    return (size_t)omni_batch_push(ends.producer, messages, count);
  }
  size_t pop(message<SIZE> *to, size_t count) {
    omni_message views[MOST];
    size_t taken = 0;
    if (omni_batch_pop(ends.consumer, count, 0, views, &taken) != OMNI_POP_SUCCESS) return 0;
    for (size_t i = 0; i < taken; i++) memcpy(&to[i], views[i].data, SIZE);
    return taken;
  }
};

#ifdef HAVE_BOOST
template <size_t SIZE>
struct boost_spsc {
  static constexpr const char *name = "boost";
  boost::lockfree::spsc_queue<message<SIZE>> queue{CAPACITY};
  bool push(const message<SIZE> &m) { return queue.push(m); }
  bool pop(message<SIZE> &m) { return queue.pop(m); }
  size_t push(const message<SIZE> *from, size_t count) { return queue.push(from, count); }
  size_t pop(message<SIZE> *to, size_t count) { return queue.pop(to, count); }
};
#endif

#ifdef HAVE_MOODYCAMEL
template <size_t SIZE>
struct moodycamel_queue {
  static constexpr const char *name = "moodycamel";
  moodycamel::ReaderWriterQueue<message<SIZE>> queue{CAPACITY};
  bool push(const message<SIZE> &m) { return queue.try_enqueue(m); }
  bool pop(message<SIZE> &m) { return queue.try_dequeue(m); }
};
#endif

#ifdef HAVE_RIGTORP
template <size_t SIZE>
struct rigtorp_queue {
  static constexpr const char *name = "rigtorp";
  rigtorp::SPSCQueue<message<SIZE>> queue{CAPACITY};
  bool push(const message<SIZE> &m) { return queue.try_push(m); }
  bool pop(message<SIZE> &m) {
    message<SIZE> *front = queue.front();
    if (!front) return false;
    m = *front;
    queue.pop();
    return true;
  }
};
#endif

#endif
