/* The sequences of calls that the bindings make of the core, each as the function that its comment names. Part of
 * harness.c, which includes it behind the operations. */
#ifndef SEQUENCES_H
#define SEQUENCES_H

static uint64_t operate(actor *me, const script *s, const operation *o);

/* A lock that stands for the GIL; where the interpreter has none, for the own lock of what several threads use. By
 * tickets, so that every order in which it can be taken is explored once. */
static _Atomic uint32_t lock_next, lock_serves;
static uint64_t lock_ticket; /* of the thread that holds it */
static bool has_gil;

static void lock_take(const wm_site *site) {
  uint64_t ticket = wm_modify(&lock_next, sizeof lock_next, wm_add, 1, wm_relaxed, site);
  lock_ticket = wm_await_equal(&lock_serves, sizeof lock_serves, ticket, wm_acquire, site);
}

static void lock_leave(const wm_site *site) {
  wm_store(&lock_serves, sizeof lock_serves, lock_ticket + 1, wm_release, site);
}

/* gil_take and gil_give of cpython/gil.c, without the hint */
static void gil_take(void) {
  if (has_gil) lock_take(WM_SITE("the GIL"));
}

static void gil_give(void) {
  if (has_gil) lock_leave(WM_SITE("the GIL"));
}

/* LOCK, UNLOCK and the critical sections of cpython/handles.h */
static void own_take(void) {
  if (!has_gil) lock_take(WM_SITE("an object's lock"));
}

static void own_leave(void) {
  if (!has_gil) lock_leave(WM_SITE("an object's lock"));
}

/* Every call through cffi is made without the GIL. */
#define CFFI(call)                        \
  __extension__({                         \
    gil_give();                           \
    __typeof__(call) cffi_given = (call); \
    gil_take();                           \
    cffi_given;                           \
  })

/* Where Python code may run, with the GIL: whether it has raised, which is a result too. A handler without operations
 * raises; one with some may be a finaliser as well, and raises nothing. A signal has come if it has ended the wait,
 * else it may have. As in Python, handlers run in one thread, the first. */
static bool check_signals(actor *me, const script *s, int waited) {
  if (wm_self() != 0) return false;
  if (waited != OMNI_INTERRUPTED) {
    if (!signals[0] || !wm_choose(2, WM_SITE("a signal"))) return false;
    signals[0]--;
  }
  for (int i = 0; i < s->length[HANDLER]; i++) {
    uint64_t result = operate(me, s, &s->operations[HANDLER][i]);
    if (result != NO_RESULT) me->results[me->used++] = result;
  }
  if (s->length[HANDLER]) return false;
  me->results[me->used++] = code(OMNI_INTERRUPTED);
  return true;
}

/* What the threads share of the endpoints: exports of messages by their places in the pop, of which those listed are
 * not pinned yet, and the view of the region. */
static struct {
  omni_message raw;
  omni_pin pin;
  bool exported, listed;
} exports[MESSAGES];
static int listed;
static omni_pin view;
static bool viewed;

/* pin_exported_messages of cpython/message.c */
static void pin_live_exports(omni_consumer *consumer) {
  for (int i = 0; listed && i < MESSAGES; i++) {
    if (!exports[i].listed) continue;
    exports[i].listed = false;
    listed--;
    WM_ASSERT(omni_message_pin(consumer, &exports[i].raw, &exports[i].pin) == 0);
  }
}

/* release of cpython/message.c */
static void c_unexport(int place) {
  if (exports[place].listed) listed--;
  exports[place].exported = exports[place].listed = false;
  omni_unpin(&exports[place].pin);
}

/* message_getbuffer of cpython/message.c */
static uint64_t c_export(actor *me, int place) {
  if ((size_t)place >= me->held_count) return NO_RESULT;
  own_take();
  exports[place].raw = me->held[place];
  exports[place].exported = true;
  int refused = 0;
  if (!has_gil) refused = omni_message_pin(me->consumer, &exports[place].raw, &exports[place].pin);
  else exports[place].listed = true, listed++;
  bool readable = !refused && omni_message_is_readable(me->consumer, &exports[place].raw);
  if (!readable) c_unexport(place);
  own_leave();
  return readable ? 0 : code(OMNI_EXPIRED);
}

/* message_releasebuffer of cpython/message.c */
static void c_release(int place) {
  own_take();
  if (exports[place].exported) c_unexport(place);
  own_leave();
}

/* begin_waiting of cpython/popping.c */
static int c_begin_waiting(actor *me, const script *s, size_t wanted, int64_t timeout, omni_message *messages,
                           size_t *count, omni_pop *pop) {
  for (;;) {
    gil_give();
    int result = omni_consumer_wait(me->consumer, timeout);
    gil_take();
    if (check_signals(me, s, result)) return OMNI_INTERRUPTED;
    if (result == OMNI_CONCURRENT_USE) return result;
    pin_live_exports(me->consumer);
    int otherwise = result == OMNI_POP_TIMEOUT ? OMNI_POP_TIMEOUT : OMNI_POP_EMPTY;
    result = omni_pop_begin(me->consumer, wanted, otherwise, messages, count, pop);
    if (result != OMNI_POP_EMPTY) return result;
  }
}

/* begin of cpython/popping.c */
static int c_begin(actor *me, const script *s, size_t wanted, int64_t timeout, omni_message *messages, size_t *count,
                   omni_pop *pop) {
  pin_live_exports(me->consumer);
  int result = omni_pop_begin(me->consumer, wanted, OMNI_POP_EMPTY, messages, count, pop);
  if (result != OMNI_POP_EMPTY || timeout == 0) return result;
  return c_begin_waiting(me, s, wanted, timeout, messages, count, pop);
}

/* pop_one, take and pop_list of cpython/popping.c; `large`: take_large */
static uint64_t c_pop(actor *me, const script *s, size_t wanted, int64_t timeout, bool large) {
  omni_message messages[MESSAGES];
  size_t count = 0;
  omni_pop pop;
  int result = c_begin(me, s, wanted, timeout, messages, &count, &pop);
  if (result != OMNI_POP_SUCCESS) return code(result);
  if (large) gil_give();
  uint64_t answer = popped(me, result, messages, count);
  omni_pop_end(me->consumer, &pop, count);
  if (large) gil_take();
  return answer;
}

/* begin and finish of cpython/consumer.c */
static void c_close_consumer(actor *me) {
  pin_live_exports(me->consumer);
  if (!omni_consumer_close_begin(me->consumer)) return;
  gil_give();
  omni_consumer_close_end(me->consumer);
  gil_take();
}

/* wait_for_space of cpython/pushing.c */
static int c_wait_for_space(actor *me, const script *s, int64_t timeout) {
  for (;;) {
    gil_give();
    int result = omni_producer_wait(me->producer, timeout);
    gil_take();
    if (check_signals(me, s, result)) return OMNI_INTERRUPTED;
    if (result != OMNI_INTERRUPTED) return result;
  }
}

/* push and push_waiting of cpython/pushing.c */
static int c_push(actor *me, const script *s, const uint8_t *data, size_t size, int64_t timeout) {
  int result = omni_try_push(me->producer, data, size);
  while (result == OMNI_PUSH_QUEUE_FULL) {
    result = c_wait_for_space(me, s, timeout);
    if (result < 0) return result;
    if (result == OMNI_PUSH_TIMEOUT) return omni_blocking_push(me->producer, data, size, 0);
    result = omni_try_push(me->producer, data, size);
  }
  return result;
}

/* reserve of cpython/reservation.c */
static int c_reserve(actor *me, const script *s) {
  own_take();
  int result = omni_reserve(me->producer, 1, &me->region);
  own_leave();
  while (result == OMNI_PUSH_QUEUE_FULL) {
    result = c_wait_for_space(me, s, -1);
    if (result < 0) return result;
    own_take();
    result = omni_reserve(me->producer, 1, &me->region);
    own_leave();
  }
  return result;
}

/* reservation_release of cpython/reservation.c; a view is taken to be released in one step */
static void release_view(void) {
  own_take();
  if (viewed) omni_unpin(&view);
  viewed = false;
  own_leave();
}

/* reservation_data of cpython/reservation.c */
static int c_data(actor *me, const script *s) {
  own_take();
  bool had_view = viewed;
  own_leave();
  if (!had_view && omni_region_is_writable(me->producer, &me->region)) {
    omni_pin pin;
    check_signals(me, s, 0); /* finalisers only, here and below */
    int result = omni_region_pin(me->producer, &me->region, &pin);
    if (result != 0) return result;
    check_signals(me, s, 0);
    own_take();
    view = pin;
    viewed = true;
    own_leave();
  }
  if (omni_region_is_writable(me->producer, &me->region)) return 0;
  release_view();
  return OMNI_EXPIRED;
}

/* finish of cpython/reservation.c */
static int c_commit(actor *me, const script *s) {
  for (bool released = false;; released = true) {
    own_take();
    int result = omni_commit(me->producer, 8, 0);
    own_leave();
    if (result != OMNI_PINNED || released) return result;
    release_view();
    check_signals(me, s, 0);
  }
}

/* finish of cpython/producer.c */
static void c_close_producer(actor *me) {
  if (omni_producer_close_begin(me->producer)) {
    gil_give();
    omni_producer_close_end(me->producer);
    gil_take();
  }
  release_view();
}

/* payloads of cffi/message.py: whether each could be pinned and copied */
static bool cffi_copy(actor *me, const omni_message *messages, size_t count, uint64_t *copies) {
  bool made = true;
  *copies = OMNI_POP_SUCCESS;
  for (size_t i = 0; i < count; i++) {
    omni_pin pin;
    if (CFFI(omni_message_pin(me->consumer, &messages[i], &pin)) == 0) {
      *copies |= payload_id_of(&messages[i]) << (8 * (i + 1));
      gil_give();
      omni_unpin(&pin);
      gil_take();
    } else {
      made = false;
    }
  }
  return made;
}

/* _pop of cffi/consumer.py */
static uint64_t cffi_pop(actor *me, const script *s, size_t wanted, int64_t timeout) {
  omni_message messages[MESSAGES];
  for (;;) {
    size_t count;
    omni_pop pop;
    uint64_t copies;
    int result = CFFI(omni_pop_begin(me->consumer, wanted, OMNI_POP_EMPTY, messages, &count, &pop));
    bool raised = check_signals(me, s, result);
    if (result == OMNI_POP_SUCCESS && !raised) {
      bool made = cffi_copy(me, messages, count, &copies);
      raised = check_signals(me, s, 0);
      if (!raised) {
        result = CFFI(omni_pop_end(me->consumer, &pop, made ? count : 0));
        if (result == 0 && made) return copies;
        continue;
      }
    }
    if (raised) {
      gil_give();
      omni_pop_abandon(&pop);
      gil_take();
      return code(OMNI_INTERRUPTED);
    }
    if (result != OMNI_POP_EMPTY || timeout == 0) return code(result);
    do {
      result = CFFI(omni_consumer_wait(me->consumer, timeout));
      if (check_signals(me, s, result)) return code(OMNI_INTERRUPTED);
    } while (result == OMNI_INTERRUPTED);
    if (result < 0) return code(result);
  }
}

/* _push of cffi/producer.py */
static int cffi_push(actor *me, const script *s, const uint8_t *data, size_t size) {
  int result = CFFI(omni_try_push(me->producer, data, size));
  while (result == OMNI_PUSH_QUEUE_FULL) {
    do {
      result = CFFI(omni_producer_wait(me->producer, -1));
      if (check_signals(me, s, result)) return OMNI_INTERRUPTED;
    } while (result == OMNI_INTERRUPTED);
    if (result < 0) return result;
    result = CFFI(omni_try_push(me->producer, data, size));
  }
  return result;
}

/* With the GIL. */
static uint64_t sequence(actor *me, const script *s, operation_kind kind, int argument) {
  uint8_t data[16];
  memset(data, argument, sizeof data);
  size_t size = (size_t)argument % 8 + 1, wanted = argument ? (size_t)argument : 1;
  switch (kind) {
    case C_TRY_POP:
      return c_pop(me, s, wanted, 0, false);
    case C_RECEIVE:
      return c_pop(me, s, wanted, -1, false);
    case C_TIMED_RECEIVE:
      return c_pop(me, s, wanted, 1, false);
    case C_RECEIVE_LARGE:
      return c_pop(me, s, wanted, -1, true);
    case C_EXPORT:
      return c_export(me, argument);
    case C_VIEW:
      return exports[argument].exported ? payload_id_of(&exports[argument].raw) : NO_RESULT;
    case C_RELEASE:
      c_release(argument);
      return NO_RESULT;
    case C_CLOSE_CONSUMER:
      c_close_consumer(me);
      return NO_RESULT;
    case C_SEND:
      return code(c_push(me, s, data, size, -1));
    case C_TIMED_SEND:
      return code(c_push(me, s, data, size, 1));
    case C_RESERVE:
      return code(c_reserve(me, s));
    case C_DATA:
      return code(c_data(me, s));
    case C_WRITE:
      own_take();
      if (viewed) platform_copy(me->region.data, data, 8);
      own_leave();
      return NO_RESULT;
    case C_COMMIT:
      return code(c_commit(me, s));
    case C_CLOSE_PRODUCER:
      c_close_producer(me);
      return NO_RESULT;
    case CFFI_TRY_POP:
      return cffi_pop(me, s, wanted, 0);
    case CFFI_RECEIVE:
      return cffi_pop(me, s, wanted, -1);
    case CFFI_SEND:
      return code(cffi_push(me, s, data, size));
    default: /* slot_close_consumer and slot_close_producer of _sources.py */
      gil_give();
      if (kind == CFFI_CLOSE_CONSUMER) omni_consumer_close(me->consumer);
      else omni_producer_close(me->producer);
      gil_take();
      return NO_RESULT;
  }
}

/* Nothing is exported, and nobody holds the lock. */
static void sequences_begin(bool gil) {
  atomic_init(&lock_next, 0);
  atomic_init(&lock_serves, 0);
  has_gil = gil;
  memset(exports, 0, sizeof exports);
  listed = 0;
  viewed = false;
}

#endif
