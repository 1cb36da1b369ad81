/* Taking messages: try_pop, blocking_pop, receive, iteration, batch_pop (§6.2, §6.3). */
#include "handles.h"

/* What a pop answers beside SUCCESS. */
static PyObject *without_message(const handles_state *state, int code) {
  if (UNLIKELY(code < 0)) return raise_by(state->refuse, "(i)", code);
  return Py_NewRef(state->nothing[code]);
}

/* ---- put aside: what a signal kept from being handed out ---- */

/* Before what is aside already. The caller is raising, and goes on to. */
static void put_aside(receiving_end *end, const omni_message *messages, size_t count) {
  if (end->closed) return; /* they have expired */
  size_t left = end->put_aside_count - end->put_aside_next;
  omni_message *kept = PyMem_New(omni_message, count + left);
  if (!kept) return; /* lost, with the memory */
  memcpy(kept, messages, count * sizeof *kept);
  if (left) memcpy(kept + count, end->put_aside + end->put_aside_next, left * sizeof *kept);
  PyMem_Free(end->put_aside);
  end->put_aside = kept;
  end->put_aside_count = count + left;
  end->put_aside_next = 0;
}

static size_t from_aside(receiving_end *end, size_t wanted, omni_message *messages) {
  size_t left = end->put_aside_count - end->put_aside_next, count = wanted < left ? wanted : left;
  memcpy(messages, end->put_aside + end->put_aside_next, count * sizeof *messages);
  end->put_aside_next += count;
  if (end->put_aside_next == end->put_aside_count) end->put_aside_next = end->put_aside_count = 0;
  return count;
}

static bool is_aside(const receiving_end *end) { return UNLIKELY(end->put_aside_count != 0); }

/* ---- one message ---- */

/* After it was EMPTY: a code, or OMNI_INTERRUPTED with an exception set. The GIL is given up only to wait. */
static __attribute__((noinline)) int pop_waiting(receiving_end *end, int64_t timeout, omni_message *message) {
  int code;
  if (timeout == 0) return omni_blocking_pop(end->handle, 0, message); /* counts the failure [STA-2] */
  for (int64_t deadline = deadline_after(timeout);; timeout = time_left(deadline)) {
    Py_BEGIN_ALLOW_THREADS;
    code = omni_blocking_pop(end->handle, timeout, message);
    Py_END_ALLOW_THREADS;
    if (PyErr_CheckSignals() < 0) {
      if (code == OMNI_POP_SUCCESS) put_aside(end, message, 1);
      return OMNI_INTERRUPTED;
    }
    if (code != OMNI_INTERRUPTED) return code;
  }
}

/* try_pop in the core. */
static inline int pop_once(receiving_end *end, omni_message *message) {
  settle(end);
  if (!is_aside(end)) return omni_try_pop(end->handle, message);
  from_aside(end, 1, message);
  return OMNI_POP_SUCCESS;
}

/* blocking_pop in the core, with the answers of pop_waiting. */
static inline int pop(receiving_end *end, int64_t timeout, omni_message *message) {
  int code = pop_once(end, message);
  return LIKELY(code != OMNI_POP_EMPTY) ? code : pop_waiting(end, timeout, message);
}

/* (SUCCESS, the message). The last such tuple, and the message in it, are used again if nobody else has them. */
static PyObject *with_message(receiving_end *end, const omni_message *raw) {
  PyObject *ready = end->ready;
  if (LIKELY(ready != NULL && Py_REFCNT(ready) == 1)) {
    PyObject *message = PyTuple_GET_ITEM(ready, 1);
    if (Py_REFCNT(message) == 1) {
      ((message_object *)message)->raw = *raw;
    } else {
      PyObject *fresh = message_new(end, raw);
      if (!fresh) goto lost;
      PyTuple_SET_ITEM(ready, 1, fresh);
      Py_DECREF(message);
    }
    return Py_NewRef(ready);
  }
  PyObject *message = message_new(end, raw);
  if (!message) goto lost;
  ready = PyTuple_Pack(2, end->state->pop_results[OMNI_POP_SUCCESS], message);
  Py_DECREF(message);
  if (!ready) goto lost;
  if (!end->closed) Py_XSETREF(end->ready, Py_NewRef(ready)); /* it refers to `end`: not after the close, which ends that */
  return ready;
lost:
  put_aside(end, raw, 1);
  return NULL;
}

PyObject *consumer_try_pop(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  receiving_end *end = self->end;
  if (UNLIKELY(end == NULL)) return without_message(self->state, OMNI_POP_CHANNEL_CLOSED);
  omni_message raw;
  end->references++;
  int code = pop_once(end, &raw);
  PyObject *answer = code == OMNI_POP_SUCCESS ? with_message(end, &raw) : without_message(self->state, code);
  receiving_end_drop(end);
  return answer;
}

static inline int timeout_argument(const char *function, consumer_object *self, PyObject *const *args, Py_ssize_t nargs,
                            PyObject *kwnames, int64_t *timeout) {
  static const char *const names[] = {"timeout"};
  PyObject *given = Py_None;
  *timeout = FOREVER;
  if (LIKELY(!nargs && !kwnames)) return 0;
  if (bind(function, names, 0, 1, args, nargs, kwnames, &given) < 0) return -1;
  return convert_timeout(self->state, given, timeout);
}

PyObject *consumer_blocking_pop(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  int64_t timeout;
  if (timeout_argument("blocking_pop", self, args, nargs, kwnames, &timeout) < 0) return NULL;
  receiving_end *end = self->end; /* only now: a timeout of a type in Python could have moved it */
  if (UNLIKELY(end == NULL)) return without_message(self->state, OMNI_POP_CHANNEL_CLOSED);
  omni_message raw;
  PyObject *answer = NULL;
  end->references++;
  int code = pop(end, timeout, &raw);
  if (code == OMNI_POP_SUCCESS) answer = with_message(end, &raw);
  else if (code != OMNI_INTERRUPTED) answer = without_message(self->state, code);
  receiving_end_drop(end);
  return answer;
}

/* The next payload; NULL with an exception, or with none and the answer in `code`. */
static inline PyObject *take(consumer_object *self, int64_t timeout, int *code) {
  receiving_end *end = self->end;
  *code = OMNI_POP_CHANNEL_CLOSED;
  if (UNLIKELY(end == NULL)) return NULL;
  omni_message raw;
  PyObject *bytes = NULL;
  end->references++;
  *code = pop(end, timeout, &raw);
  if (LIKELY(*code == OMNI_POP_SUCCESS)) {
    bytes = message_copy(end, &raw);
    if (UNLIKELY(!bytes) && PyErr_ExceptionMatches(PyExc_MemoryError)) put_aside(end, &raw, 1);
  } else if (*code < 0 && *code != OMNI_INTERRUPTED) {
    raise_by(self->state->refuse, "(i)", *code);
  }
  receiving_end_drop(end);
  return bytes;
}

PyObject *consumer_receive(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  int64_t timeout;
  int code;
  if (timeout_argument("receive", self, args, nargs, kwnames, &timeout) < 0) return NULL;
  PyObject *bytes = take(self, timeout, &code);
  if (LIKELY(bytes != NULL) || code <= OMNI_POP_SUCCESS) return bytes;
  return raise_by(self->state->unreceived, "(O)", self->state->pop_results[code]);
}

/* ---- iteration ---- */

typedef struct {
  PyObject_HEAD
  consumer_object *consumer; /* NULL when the channel has been drained */
} payloads_object;

PyObject *consumer_iter(PyObject *self) {
  payloads_object *payloads = PyObject_New(payloads_object, ((consumer_object *)self)->state->payloads);
  if (payloads) payloads->consumer = (consumer_object *)Py_NewRef(self);
  return (PyObject *)payloads;
}

static PyObject *payloads_next(payloads_object *self) {
  consumer_object *consumer = self->consumer;
  if (!consumer) return NULL;
  int code;
  Py_INCREF(consumer);
  PyObject *bytes = take(consumer, FOREVER, &code);
  Py_DECREF(consumer);
  if (UNLIKELY(!bytes) && code > OMNI_POP_SUCCESS) Py_CLEAR(self->consumer);
  return bytes;
}

static void payloads_dealloc(payloads_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(self->consumer);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_doc, "Payloads, waiting for each, until the channel is closed and drained."},
    {Py_tp_dealloc, payloads_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, payloads_next},
    {0, NULL},
};

PyType_Spec payloads_spec = {
    .name = "fast_impl._handles.Payloads",
    .basicsize = sizeof(payloads_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

/* ---- batches ---- */

enum { FEW = 512 }; /* messages that a batch may have without memory of its own */

typedef struct {
  omni_message *items;
  size_t count;
  omni_message few[FEW];
} popped;

/* batch_pop in the core, with the same answers as `pop`. The caller frees `items` where they are not `few`. */
static int pop_batch(receiving_end *end, uint64_t wanted, int64_t timeout, popped *batch) {
  batch->items = batch->few;
  batch->count = 0;
  if (wanted > FEW) {
    /* Room for what waits now; what comes meanwhile may as well have come later. */
    uint64_t waiting = omni_consumer_available_messages(end->handle), aside = end->put_aside_count;
    uint64_t room = waiting > aside ? waiting : aside;
    if (wanted > room) wanted = room;
    if (wanted < FEW) wanted = FEW;
    if (wanted > FEW) batch->items = PyMem_New(omni_message, wanted);
    if (!batch->items) {
      PyErr_NoMemory();
      return OMNI_INTERRUPTED;
    }
  }
  if (is_aside(end) && wanted) {
    batch->count = from_aside(end, wanted, batch->items);
    return OMNI_POP_SUCCESS;
  }
  if (wanted) settle(end);
  int code = omni_batch_pop(end->handle, wanted, 0, batch->items, &batch->count);
  if (code != OMNI_POP_EMPTY || timeout == 0 || wanted == 0) return code;
  for (int64_t deadline = deadline_after(timeout);; timeout = time_left(deadline)) {
    Py_BEGIN_ALLOW_THREADS;
    code = omni_batch_pop(end->handle, wanted, timeout, batch->items, &batch->count);
    Py_END_ALLOW_THREADS;
    if (PyErr_CheckSignals() < 0) {
      if (code == OMNI_POP_SUCCESS) put_aside(end, batch->items, batch->count);
      return OMNI_INTERRUPTED;
    }
    if (code != OMNI_INTERRUPTED) return code;
  }
}

static PyObject *list_of(receiving_end *end, const omni_message *messages, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list && i < count; i++) {
    PyObject *message = message_new(end, &messages[i]);
    if (message) PyList_SET_ITEM(list, (Py_ssize_t)i, message);
    else Py_CLEAR(list);
  }
  return list;
}

static int batch_arguments(const char *function, consumer_object *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames, uint64_t *wanted, int64_t *timeout) {
  static const char *const names[] = {"max_count", "timeout"};
  PyObject *values[2] = {NULL, NULL};
  *timeout = 0;
  if (LIKELY(nargs == 1 && !kwnames)) values[0] = args[0];
  else if (bind(function, names, 1, 2, args, nargs, kwnames, values) < 0) return -1;
  if (convert_count(self->state, "max_count", values[0], wanted) < 0) return -1;
  return values[1] ? convert_timeout(self->state, values[1], timeout) : 0;
}

/* Either way of taking a batch: `made` of the messages, `none` without any. */
static PyObject *pop_into(consumer_object *self, uint64_t wanted, int64_t timeout,
                          PyObject *(*made)(receiving_end *, const omni_message *, size_t),
                          PyObject *(*none)(const handles_state *, int)) {
  receiving_end *end = self->end;
  if (UNLIKELY(end == NULL)) return none(self->state, OMNI_POP_CHANNEL_CLOSED);
  uint64_t capacity = omni_consumer_capacity(end->handle);
  popped batch;
  PyObject *answer = NULL;
  end->references++;
  int code = pop_batch(end, wanted < capacity ? wanted : capacity, timeout, &batch);
  if (LIKELY(code == OMNI_POP_SUCCESS)) {
    PyObject *messages = made(end, batch.items, batch.count);
    if (messages) answer = PyTuple_Pack(2, self->state->pop_results[code], messages);
    Py_XDECREF(messages);
    if (!answer) put_aside(end, batch.items, batch.count);
  } else if (code != OMNI_INTERRUPTED) {
    answer = none(self->state, code);
  }
  if (batch.items != batch.few) PyMem_Free(batch.items);
  receiving_end_drop(end);
  return answer;
}

static PyObject *no_messages(const handles_state *state, int code) {
  if (UNLIKELY(code < 0)) return raise_by(state->refuse, "(i)", code);
  return Py_BuildValue("(O[])", state->pop_results[code]);
}

PyObject *consumer_batch_pop(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  uint64_t wanted;
  int64_t timeout;
  if (batch_arguments("batch_pop", self, args, nargs, kwnames, &wanted, &timeout) < 0) return NULL;
  return pop_into(self, wanted, timeout, list_of, no_messages);
}

PyObject *consumer_batch_pop_buffer(consumer_object *self, PyObject *const *args, Py_ssize_t nargs,
                                    PyObject *kwnames) {
  uint64_t wanted;
  int64_t timeout;
  if (batch_arguments("batch_pop_buffer", self, args, nargs, kwnames, &wanted, &timeout) < 0) return NULL;
  return pop_into(self, wanted, timeout, batch_new, without_message);
}
