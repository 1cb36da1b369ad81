// A target in C++: classes with the names of the C++ library, and the C ABI of omni_mailbox.h as a thin layer over
// them.
//
// It has one broker for the process and no pins, and says so in omni_not_provided. One mutex guards everything;
// payloads lie in buffers that are used again, never overwritten while their message can be read.
#include "omni_mailbox.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace omni {

using Clock = std::chrono::steady_clock;
constexpr auto SLICE = std::chrono::milliseconds(50); // how long a signal can go unseen
enum Waited { READY, TIME_UP, INTERRUPTED };

struct Payload {
  std::unique_ptr<uint8_t[]> memory; // `new` aligns to 16
  size_t offset = 0, size = 0;
};

struct Side {
  bool open = true, ended = false;
  int inside = 0; // calls that have not returned, and a pop that has begun
  omni_handle_stats stats{};
};

struct Channel {
  std::string name;
  uint64_t capacity, max_message_size, number;
  Side producer, consumer;
  bool shut = false;
  std::deque<Payload> waiting;
  std::vector<Payload> held, spare; // of the last pop; to be used again
  Payload reserved;                 // has memory while a reservation is outstanding
  uint64_t regions = 0, taken = 0, pops = 0;
  bool pop_open = false;
  std::thread::id popper;
  size_t offered = 0; // to the open pop
  std::condition_variable changed;

  bool nobody_receives() const { return !consumer.open || shut; }
  bool nobody_sends() const { return !producer.open || shut; }

  Payload take_buffer() {
    if (spare.empty()) return {std::unique_ptr<uint8_t[]>(new uint8_t[max_message_size]), 0, 0};
    Payload payload = std::move(spare.back());
    spare.pop_back();
    return payload;
  }
};

class MailboxBroker {
 public:
  static MailboxBroker &instance() {
    static MailboxBroker broker;
    return broker;
  }

  std::mutex lock;
  std::condition_variable ended;
  std::map<std::string, std::shared_ptr<Channel>> channels;
  omni_broker_stats totals{};
};

using Lock = std::unique_lock<std::mutex>;
Lock locked() { return Lock(MailboxBroker::instance().lock); }

template <class Ready>
Waited await(std::condition_variable &changed, Lock &lock, int64_t timeout, Ready ready) {
  auto left = std::chrono::nanoseconds(timeout);
  bool sliced = timeout < 0 || left > SLICE;
  if (changed.wait_until(lock, Clock::now() + (sliced ? SLICE : left), ready)) return READY;
  return sliced ? INTERRUPTED : TIME_UP;
}

// The answer of a wait that was in vain.
int gave_up(Waited waited, int time_up) { return waited == INTERRUPTED ? static_cast<int>(OMNI_INTERRUPTED) : time_up; }

// What both handles have. A handle that C++ moves from is closed in the C ABI's terms: every call on it is safe.
class Handle {
 public:
  Handle(std::shared_ptr<Channel> of, Side Channel::*which) : channel(std::move(of)), side(channel.get()->*which) {}

  std::shared_ptr<Channel> channel;
  Side &side;

  bool close_begin(bool is_inside_itself) {
    side.open = false;
    channel->changed.notify_all();
    if (side.inside == 0) end();
    return side.inside > 0 && !is_inside_itself;
  }
  void close_end(Lock &lock) {
    channel->changed.wait(lock, [this] { return side.inside == 0; });
    end();
  }
  void leave() {
    side.inside--;
    if (!side.open && side.inside == 0) end();
    channel->changed.notify_all();
  }

 private:
  void end() { // BRK-8
    side.ended = true;
    MailboxBroker &broker = MailboxBroker::instance();
    auto found = broker.channels.find(channel->name);
    if (!channel->producer.ended || !channel->consumer.ended || found == broker.channels.end()) return;
    if (found->second == channel) broker.channels.erase(found);
    broker.ended.notify_all();
  }
};

// A call: locked, and inside where the handle is open.
class Call {
 public:
  explicit Call(Handle &of) : lock(locked()), entered(of.side.open), handle(of) { of.side.inside += entered; }
  ~Call() {
    if (entered) handle.leave();
  }
  // Counts what is a failure: not of a call that the close of its own handle has ended (STA-4).
  int counted(int result, int timeout, int closed) {
    handle.side.stats.failed += handle.side.open && (result == timeout || result == closed);
    return result;
  }
  Lock lock;
  bool entered;

 private:
  Handle &handle;
};

class ProducerHandle : public Handle {
 public:
  explicit ProducerHandle(std::shared_ptr<Channel> of) : Handle(std::move(of), &Channel::producer) {}

  int look_for_room() const {
    if (!side.open || channel->nobody_receives()) return OMNI_PUSH_CHANNEL_CLOSED;
    bool full = channel->reserved.memory || channel->waiting.size() >= channel->capacity;
    return full ? OMNI_PUSH_QUEUE_FULL : OMNI_PUSH_SUCCESS;
  }
  int wait_for_room(Call &call, int64_t timeout) {
    Waited waited = TIME_UP;
    if (timeout != 0 && !channel->reserved.memory) // PSH-5
      waited = await(channel->changed, call.lock, timeout, [this] { return look_for_room() != OMNI_PUSH_QUEUE_FULL; });
    int result = look_for_room();
    if (result != OMNI_PUSH_QUEUE_FULL) return result;
    return gave_up(waited, OMNI_PUSH_TIMEOUT);
  }
  bool fits(size_t size) const { return size > 0 && size <= channel->max_message_size; }
  int push(const void *data, size_t size) {
    int result = fits(size) ? look_for_room() : OMNI_PUSH_INVALID_SIZE;
    if (result != OMNI_PUSH_SUCCESS) return result;
    Payload payload = channel->take_buffer();
    std::memcpy(payload.memory.get(), data, size);
    publish(std::move(payload), 0, size);
    return result;
  }
  void publish(Payload payload, size_t offset, size_t size) {
    payload.offset = offset;
    payload.size = size;
    channel->waiting.push_back(std::move(payload));
    side.stats.messages++;
    side.stats.bytes += size;
    MailboxBroker::instance().totals.total_messages_sent++;
    MailboxBroker::instance().totals.total_bytes_transferred += size;
    channel->changed.notify_all();
  }
  void drop_reservation() {
    if (channel->reserved.memory) channel->spare.push_back(std::move(channel->reserved));
  }
};

class ConsumerHandle : public Handle {
 public:
  explicit ConsumerHandle(std::shared_ptr<Channel> of) : Handle(std::move(of), &Channel::consumer) {}

  void expire() {
    channel->pops++;
    for (Payload &payload : channel->held) channel->spare.push_back(std::move(payload));
    channel->held.clear();
  }
  omni_message message_at(size_t nth) const {
    const Payload &payload = channel->waiting[nth];
    return {payload.memory.get() + payload.offset, payload.size, channel->taken + nth, channel->pops};
  }
  int look(size_t wanted, omni_message *messages, size_t *count) const {
    if (!side.open) return OMNI_POP_CHANNEL_CLOSED;
    if (channel->waiting.empty()) return channel->nobody_sends() ? OMNI_POP_CHANNEL_CLOSED : OMNI_POP_EMPTY;
    *count = std::min(wanted, channel->waiting.size());
    for (size_t i = 0; messages && i < *count; i++) messages[i] = message_at(i);
    return OMNI_POP_SUCCESS;
  }
  void take(size_t count) {
    for (; count > 0; count--) {
      side.stats.messages++;
      side.stats.bytes += channel->waiting.front().size;
      channel->held.push_back(std::move(channel->waiting.front()));
      channel->waiting.pop_front();
      channel->taken++;
    }
    channel->changed.notify_all();
  }
  int wait(Call &call, int64_t timeout) {
    auto ready = [this] { return !side.open || !channel->waiting.empty() || channel->nobody_sends(); };
    Waited waited = timeout == 0 ? TIME_UP : await(channel->changed, call.lock, timeout, ready);
    if (!side.open) return OMNI_POP_CHANNEL_CLOSED;
    if (!channel->waiting.empty()) return OMNI_POP_SUCCESS;
    if (channel->nobody_sends()) return OMNI_POP_CHANNEL_CLOSED;
    return gave_up(waited, OMNI_POP_TIMEOUT);
  }
  bool is_open_here() const { return channel->pop_open && channel->popper == std::this_thread::get_id(); }
  void end_pop(size_t taken) {
    channel->pop_open = false;
    if (taken == 0) channel->pops++; // what was shown and not taken cannot be read any more
    take(std::min(taken, channel->offered));
    leave();
  }
  int pop(size_t wanted, int64_t timeout, int otherwise, omni_message *messages, size_t *count) {
    Call call(*this);
    if (!call.entered) return OMNI_POP_CHANNEL_CLOSED;
    if (is_open_here()) end_pop(0);
    expire();
    int result = look(wanted, messages, count);
    if (result == OMNI_POP_EMPTY) result = timeout == 0 ? otherwise : wait(call, timeout);
    if (result == OMNI_POP_SUCCESS) result = look(wanted, messages, count);
    if (result == OMNI_POP_SUCCESS) take(*count);
    return call.counted(result, OMNI_POP_TIMEOUT, OMNI_POP_CHANNEL_CLOSED);
  }
  bool is_readable(const omni_message *message) const { return side.open && message->pop == channel->pops; }
};

} // namespace omni

struct omni_broker {};
struct omni_producer : omni::ProducerHandle {
  using ProducerHandle::ProducerHandle;
};
struct omni_consumer : omni::ConsumerHandle {
  using ConsumerHandle::ConsumerHandle;
};

using namespace omni;

extern "C" {

// ---- the broker, of which there is one

omni_broker *omni_broker_new(uint64_t) {
  static omni_broker the_one;
  return &the_one;
}
void omni_broker_free(omni_broker *) {}

int omni_request_channel(omni_broker *, const void *name, size_t name_size, uint64_t capacity, uint64_t size,
                         omni_producer **producer, omni_consumer **consumer) try {
  if (name_size == 0) return OMNI_CHANNEL_INVALID_CONFIG;
  Lock lock = locked();
  MailboxBroker &broker = MailboxBroker::instance();
  std::string key(static_cast<const char *>(name), name_size);
  if (broker.channels.count(key)) return OMNI_CHANNEL_NAME_EXISTS;
  auto channel = std::make_shared<Channel>();
  channel->name = key;
  channel->capacity = 8; // CFG-2
  while (channel->capacity < std::min<uint64_t>(capacity, 524288)) channel->capacity *= 2;
  channel->max_message_size = std::clamp<uint64_t>(size, 64, 16777216);
  channel->number = broker.totals.total_channels_created + 1;
  auto one = std::make_unique<omni_producer>(channel);
  auto other = std::make_unique<omni_consumer>(channel);
  broker.channels.emplace(key, channel);
  broker.totals.total_channels_created++;
  *producer = one.release();
  *consumer = other.release();
  return OMNI_CHANNEL_SUCCESS;
} catch (const std::bad_alloc &) {
  return OMNI_CHANNEL_ALLOCATION_FAILED;
}

int omni_has_channel(omni_broker *, const void *name, size_t size) {
  Lock lock = locked();
  return MailboxBroker::instance().channels.count(std::string(static_cast<const char *>(name), size)) > 0;
}
int omni_remove_channel(omni_broker *, const void *, size_t) { return 0; }
void omni_broker_get_stats(omni_broker *, omni_broker_stats *stats) {
  Lock lock = locked();
  *stats = MailboxBroker::instance().totals;
  stats->active_channels = MailboxBroker::instance().channels.size();
}

uint64_t omni_shutdown_begin(omni_broker *) {
  Lock lock = locked();
  MailboxBroker &broker = MailboxBroker::instance();
  std::vector<std::shared_ptr<Channel>> shut;
  for (auto &each : broker.channels) shut.push_back(each.second);
  uint64_t generation = broker.totals.total_channels_created;
  for (auto &channel : shut) {
    channel->shut = true;
    channel->changed.notify_all();
  }
  for (auto &channel : shut) channel->changed.wait(lock, [&] { return channel->producer.inside == 0; });
  return generation;
}
int omni_shutdown_wait(omni_broker *, uint64_t generation, int64_t timeout) {
  Lock lock = locked();
  MailboxBroker &broker = MailboxBroker::instance();
  auto done = [&] {
    return std::none_of(broker.channels.begin(), broker.channels.end(),
                        [&](auto &each) { return each.second->number <= generation; });
  };
  if (done()) return 1;
  if (timeout == 0) return 0;
  Waited waited = await(broker.ended, lock, timeout, done);
  return waited == READY ? 1 : gave_up(waited, 0);
}
int omni_shutdown(omni_broker *broker, int64_t timeout) {
  return omni_shutdown_wait(broker, omni_shutdown_begin(broker), timeout);
}

// ---- the producer

int omni_try_push(omni_producer *p, const void *data, size_t size) {
  Call call(*p);
  if (!call.entered) return OMNI_PUSH_CHANNEL_CLOSED;
  return call.counted(p->push(data, size), OMNI_PUSH_TIMEOUT, OMNI_PUSH_CHANNEL_CLOSED);
}
int omni_blocking_push(omni_producer *p, const void *data, size_t size, int64_t timeout) {
  Call call(*p);
  if (!call.entered) return OMNI_PUSH_CHANNEL_CLOSED;
  int result = p->push(data, size);
  if (result == OMNI_PUSH_QUEUE_FULL) result = p->wait_for_room(call, timeout);
  else return call.counted(result, OMNI_PUSH_TIMEOUT, OMNI_PUSH_CHANNEL_CLOSED);
  if (result == OMNI_PUSH_SUCCESS) result = p->push(data, size);
  return call.counted(result, OMNI_PUSH_TIMEOUT, OMNI_PUSH_CHANNEL_CLOSED);
}
int omni_producer_wait(omni_producer *p, int64_t timeout) {
  Call call(*p);
  return call.entered ? p->wait_for_room(call, timeout) : OMNI_PUSH_CHANNEL_CLOSED;
}
int64_t omni_batch_push(omni_producer *p, const omni_bytes *messages, size_t count) {
  Call call(*p);
  size_t done = 0;
  while (call.entered && done < count && p->push(messages[done].data, messages[done].size) == OMNI_PUSH_SUCCESS) done++;
  return static_cast<int64_t>(done);
}
int omni_reserve(omni_producer *p, size_t size, omni_region *region) {
  Call call(*p);
  *region = {};
  if (!call.entered) return OMNI_PUSH_CHANNEL_CLOSED;
  int result = p->fits(size) ? p->look_for_room() : OMNI_PUSH_INVALID_SIZE;
  if (result == OMNI_PUSH_QUEUE_FULL && p->channel->reserved.memory) return OMNI_RESERVED;
  if (result != OMNI_PUSH_SUCCESS) return result;
  p->channel->reserved = p->channel->take_buffer();
  *region = {p->channel->reserved.memory.get(), p->channel->max_message_size, ++p->channel->regions};
  return result;
}
int omni_commit(omni_producer *p, size_t size, size_t offset) {
  Call call(*p);
  if (!call.entered) return OMNI_PUSH_CHANNEL_CLOSED;
  uint64_t most = p->channel->max_message_size;
  if (!p->channel->reserved.memory) return OMNI_EXPIRED;
  if (size == 0 || offset > most || size > most - offset) return OMNI_PUSH_INVALID_SIZE;
  if (p->channel->nobody_receives()) return p->drop_reservation(), OMNI_PUSH_CHANNEL_CLOSED;
  p->publish(std::move(p->channel->reserved), offset, size);
  return OMNI_PUSH_SUCCESS;
}
int omni_rollback(omni_producer *p) {
  Call call(*p);
  if (call.entered) p->drop_reservation();
  return 0;
}
int omni_region_is_writable(const omni_producer *p, const omni_region *region) {
  Lock lock = locked();
  return p->side.open && p->channel->reserved.memory && region->number == p->channel->regions;
}
int omni_region_pin(omni_producer *p, const omni_region *region, omni_pin *pin) {
  *pin = {};
  return omni_region_is_writable(p, region) ? 0 : OMNI_EXPIRED;
}
int omni_producer_is_connected(const omni_producer *p) {
  Lock lock = locked();
  return p->side.open && !p->channel->nobody_receives();
}
uint64_t omni_producer_capacity(const omni_producer *p) { return p->channel->capacity; }
uint64_t omni_producer_max_message_size(const omni_producer *p) { return p->channel->max_message_size; }
uint64_t omni_producer_available_slots(const omni_producer *p) {
  Lock lock = locked();
  return p->side.open ? p->channel->capacity - p->channel->waiting.size() : 0;
}
void omni_producer_get_stats(const omni_producer *p, omni_handle_stats *stats) {
  Lock lock = locked();
  *stats = p->side.stats;
}
const void *omni_producer_name(const omni_producer *p, size_t *size) {
  *size = p->channel->name.size();
  return p->channel->name.data();
}
int omni_producer_close_begin(omni_producer *p) {
  Lock lock = locked();
  return p->close_begin(false);
}
void omni_producer_close_end(omni_producer *p) {
  Lock lock = locked();
  p->close_end(lock);
}
void omni_producer_close(omni_producer *p) {
  if (omni_producer_close_begin(p)) omni_producer_close_end(p);
}
void omni_producer_free(omni_producer *p) {
  omni_producer_close(p);
  delete p;
}

// ---- the consumer

int omni_try_pop(omni_consumer *k, omni_message *message) {
  size_t count;
  return k->pop(1, 0, OMNI_POP_EMPTY, message, &count);
}
int omni_blocking_pop(omni_consumer *k, int64_t timeout, omni_message *message) {
  size_t count;
  return k->pop(1, timeout, OMNI_POP_TIMEOUT, message, &count);
}
static int no_pop(const omni_consumer *k) { // MSG-5
  Lock lock = locked();
  return k->side.open ? OMNI_POP_EMPTY : OMNI_POP_CHANNEL_CLOSED;
}
int omni_batch_pop(omni_consumer *k, size_t most, int64_t timeout, omni_message *messages, size_t *count) {
  *count = 0;
  return most == 0 ? no_pop(k) : k->pop(most, timeout, OMNI_POP_EMPTY, messages, count);
}
int omni_consumer_wait(omni_consumer *k, int64_t timeout) {
  Call call(*k);
  return call.entered ? k->wait(call, timeout) : OMNI_POP_CHANNEL_CLOSED;
}
int omni_pop_begin(omni_consumer *k, size_t most, int otherwise, omni_message *messages, size_t *count, omni_pop *pop) {
  *count = 0;
  pop->consumer = nullptr;
  if (most == 0) return no_pop(k);
  Call call(*k);
  if (!call.entered) return OMNI_POP_CHANNEL_CLOSED;
  if (k->channel->pop_open && !k->is_open_here()) return OMNI_CONCURRENT_USE;
  if (k->is_open_here()) k->end_pop(0);
  k->expire();
  int result = k->look(most, messages, count);
  if (result == OMNI_POP_EMPTY) result = otherwise;
  if (result != OMNI_POP_SUCCESS) return call.counted(result, OMNI_POP_TIMEOUT, OMNI_POP_CHANNEL_CLOSED);
  k->channel->pop_open = true;
  k->channel->popper = std::this_thread::get_id();
  k->channel->offered = *count;
  *pop = {k, k->channel->pops};
  call.entered = false; // it stays inside, until omni_pop_end
  return result;
}
void omni_pop_message(const omni_pop *pop, size_t nth, omni_message *message) {
  Lock lock = locked();
  *message = pop->consumer->message_at(nth);
}
int omni_pop_is_adjacent(const omni_pop *, size_t count) { return count <= 1; }
int omni_pop_end(omni_consumer *k, omni_pop *pop, size_t taken) {
  Lock lock = locked();
  bool is_open = pop->consumer && k->channel->pop_open && pop->number == k->channel->pops;
  pop->consumer = nullptr;
  if (!is_open) return OMNI_EXPIRED;
  k->end_pop(taken);
  return 0;
}
void omni_pop_abandon(omni_pop *pop) {
  if (pop->consumer) omni_pop_end(pop->consumer, pop, 0);
}
int omni_message_is_readable(const omni_consumer *k, const omni_message *message) {
  Lock lock = locked();
  return k->is_readable(message);
}
int omni_message_pin(omni_consumer *k, const omni_message *message, omni_pin *pin) {
  *pin = {};
  return omni_message_is_readable(k, message) ? 0 : OMNI_EXPIRED;
}
void omni_unpin(omni_pin *pin) { *pin = {}; }
int omni_consumer_is_connected(const omni_consumer *k) {
  Lock lock = locked();
  return k->side.open && !k->channel->nobody_sends();
}
uint64_t omni_consumer_capacity(const omni_consumer *k) { return k->channel->capacity; }
uint64_t omni_consumer_max_message_size(const omni_consumer *k) { return k->channel->max_message_size; }
uint64_t omni_consumer_available_messages(const omni_consumer *k) {
  Lock lock = locked();
  return k->side.open ? k->channel->waiting.size() : 0;
}
void omni_consumer_get_stats(const omni_consumer *k, omni_handle_stats *stats) {
  Lock lock = locked();
  *stats = k->side.stats;
}
const void *omni_consumer_name(const omni_consumer *k, size_t *size) {
  *size = k->channel->name.size();
  return k->channel->name.data();
}
int omni_consumer_close_begin(omni_consumer *k) {
  Lock lock = locked();
  return k->close_begin(k->is_open_here());
}
void omni_consumer_close_end(omni_consumer *k) {
  Lock lock = locked();
  k->close_end(lock);
}
void omni_consumer_close(omni_consumer *k) {
  if (omni_consumer_close_begin(k)) omni_consumer_close_end(k);
}
void omni_consumer_free(omni_consumer *k) {
  omni_consumer_close(k);
  delete k;
}

const char *omni_not_provided(void) {
  return "brokers memory-limit pins concurrent-use bounded-memory fork ended-threads";
}
}
