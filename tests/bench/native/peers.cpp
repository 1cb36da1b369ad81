/* Two pinned threads, one message size: our core beside the peers that the compiler finds, in interleaved rounds. */
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sched.h>
#include <thread>
#include <vector>

#if __has_include(<boost/lockfree/spsc_queue.hpp>)
#include <boost/lockfree/spsc_queue.hpp>
#define HAVE_BOOST 1
#endif
#if __has_include(<readerwriterqueue/readerwriterqueue.h>)
#include <readerwriterqueue/readerwriterqueue.h>
#define HAVE_MOODYCAMEL 1
#endif
#if __has_include("SPSCQueue.h")
#include "SPSCQueue.h"
#define HAVE_RIGTORP 1
#endif
extern "C" {
#include "omni_mailbox.h"
}

static constexpr size_t SIZE = 64, CAPACITY = 1024;
struct message { alignas(8) uint8_t bytes[SIZE]; };
static inline void relax() { __builtin_ia32_pause(); }

struct ours {
  static constexpr const char *name = "omnimailbox";
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  omni_producer *producer; omni_consumer *consumer;
  ours() { omni_request_channel(broker, "b", 1, CAPACITY, SIZE, &producer, &consumer); }
  ~ours() { omni_producer_free(producer); omni_consumer_free(consumer); omni_broker_free(broker); }
  bool push(const message &m) { return omni_try_push(producer, &m, SIZE) == OMNI_PUSH_SUCCESS; }
  bool pop(message &m) {
    omni_message v;
    if (omni_try_pop(consumer, &v) != OMNI_POP_SUCCESS) return false;
    memcpy(&m, v.data, SIZE);
    return true;
  }
};
#ifdef HAVE_BOOST
struct boosts {
  static constexpr const char *name = "boost";
  boost::lockfree::spsc_queue<message> q{CAPACITY};
  bool push(const message &m) { return q.push(m); }
  bool pop(message &m) { return q.pop(m); }
};
#endif
#ifdef HAVE_MOODYCAMEL
struct moodycamels {
  static constexpr const char *name = "moodycamel";
  moodycamel::ReaderWriterQueue<message> q{CAPACITY};
  bool push(const message &m) { return q.try_enqueue(m); }
  bool pop(message &m) { return q.try_dequeue(m); }
};
#endif
#ifdef HAVE_RIGTORP
struct rigtorps {
  static constexpr const char *name = "rigtorp";
  rigtorp::SPSCQueue<message> q{CAPACITY};
  bool push(const message &m) { return q.try_push(m); }
  bool pop(message &m) { message *f = q.front(); if (!f) return false; m = *f; q.pop(); return true; }
};
#endif

static void pin(int cpu) {
  cpu_set_t set; CPU_ZERO(&set); CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

template <typename Q> static double round_of(uint64_t count) {
  Q q;
  std::atomic<int> ready{0};
  double seconds = 0;
  std::thread consumer([&] {
    pin(1);
    ready++; while (ready < 2) relax();
    auto began = std::chrono::steady_clock::now();
    message m;
    for (uint64_t i = 0; i < count; i++) {
      while (!q.pop(m)) relax();
      uint64_t got; memcpy(&got, m.bytes, 8);
      if (got != i) { fprintf(stderr, "%s: %lu for %lu\n", Q::name, got, i); abort(); }
    }
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  });
  pin(0);
  ready++; while (ready < 2) relax();
  message m{};
  for (uint64_t i = 0; i < count; i++) {
    memcpy(m.bytes, &i, 8);
    while (!q.push(m)) relax();
  }
  consumer.join();
  return seconds / count * 1e9;
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 15;
  uint64_t count = argc > 2 ? strtoull(argv[2], 0, 10) : 200000;
  for (int r = 0; r < rounds; r++) {
    printf("%s %.2f", ours::name, round_of<ours>(count));
#ifdef HAVE_BOOST
    printf("  boost %.2f", round_of<boosts>(count));
#endif
#ifdef HAVE_MOODYCAMEL
    printf("  moodycamel %.2f", round_of<moodycamels>(count));
#endif
#ifdef HAVE_RIGTORP
    printf("  rigtorp %.2f", round_of<rigtorps>(count));
#endif
    printf("\n"); fflush(stdout);
  }
}
