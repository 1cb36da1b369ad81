/* The C side of the benchmark: a line for each turn, of contender, messages, nanoseconds in all.
 * main WORKLOAD ROUNDS SECONDS-OF-A-TURN, or main peers */
#include <functional>
#include <string>
#include <vector>

#include "rows.hpp"

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
