/* The C side of the benchmark: rounds of every contender, one line each: workload, contender, nanoseconds.
 * main WORKLOAD ROUNDS SCALE */
#include <climits>
#include <linux/futex.h>
#include <memory>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "queues.hpp"

static double scale = 1;
static const char *workload;

static void report(const char *contender, double ns) {
  printf("%s\t%s\t%.3f\n", workload, contender, ns);
  fflush(stdout);
}

/* ---- messages one by one, polling ---- */

template <typename Queue, size_t SIZE> static double single() {
  auto queue = std::make_unique<Queue>();
  const uint64_t count = (uint64_t)(200000 * scale);
  return together(
             [&] {
               message<SIZE> m{};
               for (uint64_t i = 0; i < count; i++) {
                 memcpy(m.bytes, &i, 8);
                 while (!queue->push(m)) relax();
               }
             },
             [&] {
               message<SIZE> m;
               for (uint64_t i = 0, got; i < count; i++) {
                 while (!queue->pop(m)) relax();
                 memcpy(&got, m.bytes, 8);
                 if (got != i) wrong(Queue::name, got, i);
               }
             }) /
         (double)count;
}

/* ---- in batches of 32, each side going on with what did not fit ---- */

template <typename Queue, size_t SIZE> static double batched() {
  static constexpr size_t BATCH = 32;
  auto queue = std::make_unique<Queue>();
  const uint64_t count = (uint64_t)(400000 * scale) / BATCH * BATCH;
  return together(
             [&] {
               message<SIZE> m[BATCH] = {};
               for (uint64_t i = 0; i < count; i += BATCH) {
                 for (uint64_t k = 0; k < BATCH; k++) {
                   uint64_t number = i + k;
                   memcpy(m[k].bytes, &number, 8);
                 }
                 for (size_t done = 0; done < BATCH;) {
                   size_t pushed = queue->push(m + done, BATCH - done);
                   done += pushed;
                   if (!pushed) relax();
                 }
               }
             },
             [&] {
               message<SIZE> m[BATCH];
               for (uint64_t i = 0, got; i < count;) {
                 size_t taken = queue->pop(m, BATCH);
                 if (!taken) relax();
                 for (size_t k = 0; k < taken; k++, i++) {
                   memcpy(&got, m[k].bytes, 8);
                   if (got != i) wrong(Queue::name, got, i);
                 }
               }
             }) /
         (double)count;
}

template <size_t SIZE> static void singles() {
  report("omnimailbox", single<omnimailbox<SIZE>, SIZE>());
#ifdef HAVE_BOOST
  report("boost", single<boost_spsc<SIZE>, SIZE>());
#endif
#ifdef HAVE_MOODYCAMEL
  report("moodycamel", single<moodycamel_queue<SIZE>, SIZE>());
#endif
#ifdef HAVE_RIGTORP
  report("rigtorp", single<rigtorp_queue<SIZE>, SIZE>());
#endif
}

template <size_t SIZE> static void batches() {
  report("omnimailbox, batches of 32", batched<omnimailbox<SIZE>, SIZE>());
#ifdef HAVE_BOOST
  report("boost, batches of 32", batched<boost_spsc<SIZE>, SIZE>());
#endif
  singles<SIZE>();
}

/* ---- bandwidth: the producer copies a message in, the consumer copies it out ---- */

static double through_channel(size_t size, uint64_t count, uint64_t capacity) {
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  omni_producer *producer;
  omni_consumer *consumer;
  if (omni_request_channel(broker, "bench", 5, capacity, size, &producer, &consumer) != OMNI_CHANNEL_SUCCESS) abort();
  std::vector<uint8_t> source(size, 1), target(size);
  auto produce = [&](uint64_t count) {
    for (uint64_t i = 0; i < count; i++)
      while (omni_try_push(producer, source.data(), size) != OMNI_PUSH_SUCCESS) relax();
  };
  auto consume = [&](uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
      omni_message view;
      while (omni_try_pop(consumer, &view) != OMNI_POP_SUCCESS) relax();
      memcpy(target.data(), view.data, view.size);
    }
  };
  uint64_t warm = 4 * capacity; /* every page of the ring has been touched */
  together([&] { produce(warm); }, [&] { consume(warm); });
  double ns = together([&] { produce(count); }, [&] { consume(count); });
  omni_producer_free(producer);
  omni_consumer_free(consumer);
  omni_broker_free(broker);
  return ns / (double)count;
}

/* The least that carries a message over: a memcpy in, a flag, a memcpy out, a flag; as many buffers as asked for. */
static double two_copies(size_t size, uint64_t count, uint64_t buffers) {
  struct alignas(64) buffer {
    std::atomic<int> full{0};
    std::vector<uint8_t> bytes;
  };
  std::vector<buffer> ring(buffers);
  for (buffer &each : ring) each.bytes.assign(size, 0);
  std::vector<uint8_t> source(size, 1), target(size);
  auto produce = [&](uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
      buffer &b = ring[i % buffers];
      while (b.full.load(std::memory_order_acquire)) relax();
      memcpy(b.bytes.data(), source.data(), size);
      b.full.store(1, std::memory_order_release);
    }
  };
  auto consume = [&](uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
      buffer &b = ring[i % buffers];
      while (!b.full.load(std::memory_order_acquire)) relax();
      memcpy(target.data(), b.bytes.data(), size);
      b.full.store(0, std::memory_order_release);
    }
  };
  uint64_t warm = 2 * buffers;
  together([&] { produce(warm); }, [&] { consume(warm); });
  return together([&] { produce(count); }, [&] { consume(count); }) / (double)count;
}

static void bandwidth(size_t size, uint64_t capacity) {
  uint64_t count = (uint64_t)((size > 100000 ? 200 : 40000) * scale) + 1;
  report("omnimailbox", through_channel(size, count, capacity));
  report("two memcpys", two_copies(size, count, capacity));
}

/* ---- asleep to awake: there and back ---- */

static double channel_ping_pong(uint64_t count) {
  omni_broker *broker = omni_broker_new(UINT64_MAX);
  omni_producer *to[2];
  omni_consumer *from[2];
  for (int way = 0; way < 2; way++)
    if (omni_request_channel(broker, way ? "back" : "forth", way ? 4 : 5, 8, 64, &to[way], &from[way])) abort();
  auto side = [&](int way) {
    omni_message view;
    for (uint64_t i = 0; i < count; i++) {
      if (way == 0) omni_blocking_push(to[0], "ping", 4, -1);
      omni_blocking_pop(from[!way], -1, &view);
      if (way == 1) omni_blocking_push(to[1], "pong", 4, -1);
    }
  };
  double ns = together([&] { side(0); }, [&] { side(1); });
  for (int way = 0; way < 2; way++) omni_producer_free(to[way]), omni_consumer_free(from[way]);
  omni_broker_free(broker);
  return ns / (double)count;
}

static double futex_ping_pong(uint64_t count) {
  struct alignas(64) word {
    std::atomic<uint32_t> value{0};
  } words[2];
  auto tell = [&](int way) {
    words[way].value.store(1, std::memory_order_release);
    syscall(SYS_futex, &words[way].value, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  };
  auto hear = [&](int way) {
    while (!words[way].value.load(std::memory_order_acquire))
      syscall(SYS_futex, &words[way].value, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
    words[way].value.store(0, std::memory_order_relaxed);
  };
  return together(
             [&] {
               for (uint64_t i = 0; i < count; i++) tell(0), hear(1);
             },
             [&] {
               for (uint64_t i = 0; i < count; i++) hear(0), tell(1);
             }) /
         (double)count;
}

static void waking() {
  uint64_t count = (uint64_t)(3000 * scale) + 1;
  report("omnimailbox", channel_ping_pong(count));
  report("bare futex", futex_ping_pong(count));
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "main WORKLOAD ROUNDS SCALE\n"), 2;
  workload = argv[1];
  scale = atof(argv[3]);
  for (int round = atoi(argv[2]); round-- > 0;) {
    if (!strcmp(workload, "c-8")) singles<8>();
    else if (!strcmp(workload, "c-64")) singles<64>();
    else if (!strcmp(workload, "c-256")) singles<256>();
    else if (!strcmp(workload, "c-batch-64")) batches<64>();
    else if (!strcmp(workload, "c-4096")) bandwidth(4096, 64);
    else if (!strcmp(workload, "c-1MiB")) bandwidth(1 << 20, 8);
    else if (!strcmp(workload, "c-waking")) waking();
    else return fprintf(stderr, "no workload is called %s\n", workload), 2;
  }
}
