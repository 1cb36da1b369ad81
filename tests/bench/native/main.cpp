/* The C side of the benchmark: a line for each turn, of contender, messages, nanoseconds in all.
 * main WORKLOAD ROUNDS SECONDS-OF-A-TURN, or main peers */
#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "queues.hpp"

/* ---- the rows: messages one by one or in batches, bandwidth, and round trips ---- */

/* Numbered messages through a queue, polling: one by one, or in batches of which each side takes what fits. */

template <typename Queue, size_t SIZE>
static double one_by_one(uint64_t warm, uint64_t count) {
  auto queue = std::make_unique<Queue>();
  return together(
      warm, count,
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

template <typename Queue, size_t SIZE>
struct single {
  static double carry(uint64_t count) { return one_by_one<Queue, SIZE>(4 * CAPACITY, count); }
};

/* Each 1024 messages through a queue that is new. */
template <typename Queue, size_t SIZE>
struct cold {
  static double carry(uint64_t count) {
    double ns = 0;
    for (uint64_t done = 0, some; done < count; done += some) {
      some = count - done < CAPACITY ? count - done : CAPACITY;
      ns += one_by_one<Queue, SIZE>(0, some);
    }
    return ns;
  }
};

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

/* Bandwidth: one side copies a message in, the other copies it out. Its number is at both its ends. */

static inline void number_ends(std::vector<uint8_t> &bytes, uint64_t number) {
  memcpy(bytes.data(), &number, 8);
  memcpy(bytes.data() + bytes.size() - 8, &number, 8);
}

static inline void check_ends(const char *name, const std::vector<uint8_t> &bytes, uint64_t number) {
  uint64_t ends[2];
  use(bytes.data());
  memcpy(&ends[0], bytes.data(), 8);
  memcpy(&ends[1], bytes.data() + bytes.size() - 8, 8);
  if (ends[0] != number) wrong(name, ends[0], number);
  if (ends[1] != number) wrong(name, ends[1], number);
}

static double through_channel(size_t size, uint64_t capacity, uint64_t count) {
  channel ends(capacity, size);
  std::vector<uint8_t> source(size, 1), target(size);
  return together(
      4 * capacity, count, /* the buffers are in use */
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

/* The calls of the channel without a second thread: each message is pushed and popped at once. */
static double calls(size_t size, uint64_t count) {
  channel ends(CAPACITY, size);
  std::vector<uint8_t> source(size, 1), target(size);
  double ns = 0;
  std::thread alone([&] {
    pin(allowed(), 0);
    steady::time_point began = steady::now();
    for (uint64_t i = 0; i < count; i++) {
      omni_message view;
      number_ends(source, i);
      while (omni_try_push(ends.producer, source.data(), size) != OMNI_PUSH_SUCCESS) relax();
      while (omni_try_pop(ends.consumer, &view) != OMNI_POP_SUCCESS) relax();
      memcpy(target.data(), view.data, view.size);
      check_ends("omnimailbox", target, i);
    }
    ns = std::chrono::duration<double, std::nano>(steady::now() - began).count();
  });
  alone.join();
  return ns;
}

/* The least work that moves a message: a memcpy in, a flag, a memcpy out, a flag. */
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

/* Round trips. Each side is busy for long enough before it answers that the other sleeps by then (0: not at all):
 * what remains of the time is two wake-ups. */

static inline void stay_busy(int64_t ns) {
  if (!ns) return;
  for (auto until = steady::now() + std::chrono::nanoseconds(ns); steady::now() < until;) relax();
}

/* Voluntary context switches of the calling thread. */
static inline uint64_t waits() {
  rusage used;
  getrusage(RUSAGE_THREAD, &used);
  return (uint64_t)used.ru_nvcsw;
}

/* send(way, number) and receive(way, number): 0 is there, 1 is back. */
template <typename Send, typename Receive>
double ping_pong(const char *name, int64_t busy, uint64_t count, Send send, Receive receive) {
  uint64_t asleep[2] = {0, 0};
  const uint64_t warm = 16;
  auto side = [&](int way, uint64_t from, uint64_t to) {
    uint64_t before = waits();
    for (uint64_t i = from; i < to; i++) {
      if (way == 0) stay_busy(busy), send(0, i);
      receive(!way, i);
      if (way == 1) stay_busy(busy), send(1, i);
    }
    asleep[way] = waits() - before;
  };
  double ns = together(
      warm, count, [&](uint64_t from, uint64_t to) { side(0, from, to); },
      [&](uint64_t from, uint64_t to) { side(1, from, to); });
  for (int way = 0; busy && way < 2; way++)
    if (asleep[way] < count / 2) {
      fprintf(stderr, "%s: a side slept %llu times of %llu\n", name, (unsigned long long)asleep[way],
              (unsigned long long)count);
      exit(1);
    }
  return ns - 2.0 * (double)busy * (double)count;
}

static double channel_ping_pong(int64_t busy, uint64_t count) {
  channel there(8, 64), back(8, 64), *ways[] = {&there, &back};
  return ping_pong(
      "omnimailbox", busy, count,
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

static double futex_ping_pong(int64_t busy, uint64_t count) {
  struct alignas(64) word {
    std::atomic<uint32_t> value{0};
  } words[2];
  return ping_pong(
      "bare futex", busy, count,
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

/* ---- the contenders of each workload, and their turns ---- */

/* carry: moves `count` messages, and returns their nanoseconds. */
struct contender {
  std::string name;
  std::function<double(uint64_t)> carry;
};
using contenders = std::vector<contender>;

enum { BUSY = 50000 }; /* ns; a blocked call spins for less before it sleeps */

/* `measure` of every queue: a type with a `carry` for each. */
template <template <typename, size_t> typename measure, size_t SIZE>
static contenders all_queues() {
  contenders all{{"omnimailbox", measure<omnimailbox<SIZE>, SIZE>::carry}};
#ifdef HAVE_BOOST
  all.push_back({"boost", measure<boost_spsc<SIZE>, SIZE>::carry});
#endif
#ifdef HAVE_MOODYCAMEL
  all.push_back({"moodycamel", measure<moodycamel_queue<SIZE>, SIZE>::carry});
#endif
#ifdef HAVE_RIGTORP
  all.push_back({"rigtorp", measure<rigtorp_queue<SIZE>, SIZE>::carry});
#endif
  return all;
}

template <size_t SIZE, size_t BATCH>
static contenders batches() {
  contenders all = all_queues<single, SIZE>();
  const std::string what = ": batches of " + std::to_string(BATCH);
  all.push_back({"omnimailbox" + what, batched<omnimailbox<SIZE>, SIZE, BATCH>});
#ifdef HAVE_BOOST
  all.push_back({"boost" + what, batched<boost_spsc<SIZE>, SIZE, BATCH>});
#endif
  return all;
}

static contenders bandwidth(size_t size, uint64_t capacity) {
  return {{"omnimailbox", [=](uint64_t count) { return through_channel(size, capacity, count); }},
          {"two memcpys", [=](uint64_t count) { return two_copies(size, 2, count); }}};
}

/* With what the time of a small message consists of. */
static contenders small_copies(size_t size) {
  contenders all = bandwidth(size, CAPACITY);
  all.push_back({"omnimailbox: the calls, in one thread", [=](uint64_t count) { return calls(size, count); }});
  all.push_back({"two memcpys: through as many buffers as messages fit",
                 [=](uint64_t count) { return two_copies(size, CAPACITY, count); }});
  return all;
}

static contenders round_trips(int64_t busy) {
  return {{"omnimailbox", [=](uint64_t count) { return channel_ping_pong(busy, count); }},
          {"bare futex", [=](uint64_t count) { return futex_ping_pong(busy, count); }}};
}

static contenders of(const std::string &workload) {
  if (workload == "c-8") return all_queues<single, 8>();
  if (workload == "c-64") return all_queues<single, 64>();
  if (workload == "c-256") return all_queues<single, 256>();
  if (workload == "c-batch-32-64") return batches<64, 32>();
  if (workload == "c-batch-512-64") return batches<64, 512>();
  if (workload == "c-cold-64") return all_queues<cold, 64>();
  if (workload == "c-copies-8") return small_copies(8);
  if (workload == "c-4KiB") return bandwidth(4096, 64);
  if (workload == "c-1MiB") return bandwidth(1 << 20, 8);
  if (workload == "c-waking") return round_trips(BUSY);
  if (workload == "c-ping-pong") return round_trips(0);
  fprintf(stderr, "no workload is called %s\n", workload.c_str());
  exit(2);
}

/* The peers that it was compiled with, a line each. */
static int peers() {
#ifdef HAVE_BOOST
  puts("boost " BOOST_LIB_VERSION);
#endif
#ifdef HAVE_MOODYCAMEL
  puts("moodycamel");
#endif
#ifdef HAVE_RIGTORP
  puts("rigtorp");
#endif
  return 0;
}

/* How many messages take about `seconds`. */
static uint64_t count_for(const contender &each, double seconds) {
  for (uint64_t count = 64;;) {
    steady::time_point began = steady::now();
    double took = each.carry(count), passed = std::chrono::duration<double>(steady::now() - began).count();
    double enough = seconds / (took > 0 ? took : 1) * 1e9 * (double)count;
    /* the busy time is not in `took`, but passes */
    if (enough > seconds / passed * (double)count && passed > seconds) enough = seconds / passed * (double)count;
    if (enough < 4 * (double)count || passed > seconds) return enough < 64 ? 64 : (uint64_t)enough;
    count *= 4;
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "peers")) return peers();
  if (argc != 4) return fprintf(stderr, "main peers | WORKLOAD ROUNDS SECONDS-OF-A-TURN\n"), 2;
  const cpu_set_t processors = allowed();
  if (CPU_COUNT(&processors) < 2) return fprintf(stderr, "two processors are needed, and one is allowed\n"), CANNOT;
  const contenders all = of(argv[1]);
  std::vector<uint64_t> counts;
  for (const contender &each : all) counts.push_back(count_for(each, atof(argv[3])));
  for (size_t round = 0; round < (size_t)atoi(argv[2]); round++)
    for (size_t place = 0; place < all.size(); place++) { /* another one first each time */
      size_t turn = (round + place) % all.size();
      printf("%s\t%llu\t%.1f\n", all[turn].name.c_str(), (unsigned long long)counts[turn],
             all[turn].carry(counts[turn]));
      fflush(stdout);
    }
}
