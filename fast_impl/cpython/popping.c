/* Taking messages: begin a pop, make its answer, end it (§6.2, §6.3) [POP-6].
 *
 * Between begin and end no Python code runs: what could run some while it is made, the tuples and lists that the
 * collector tracks, is made before. If the rest cannot be made, the pop ends with 0 and has taken nothing. */
#include <string.h>

#include "handles.h"

/* ---- one pop ---- */

/* The GIL is released only to wait, with nothing taken. */
static __attribute__((noinline)) int begin_waiting(consumer_endpoint *endpoint, uint64_t wanted, int64_t timeout,
                                                   omni_message *messages, size_t *count, omni_pop *pop) {
  int64_t deadline = deadline_after(timeout);
  for (;; timeout = time_left(deadline)) {
    PyThreadState *thread = gil_give(endpoint->state);
    int code = omni_consumer_wait(endpoint->handle, timeout);
    gil_take(endpoint->state, thread);
    if (check_signals() < 0) return OMNI_INTERRUPTED;
    if (code == OMNI_CONCURRENT_USE) return code;
    if (IS_SET(endpoint->detached)) return OMNI_POP_CHANNEL_CLOSED; /* the handle is somebody else's now */
    pin_live_exports(endpoint); /* a handler, or another thread, may have popped and kept a view */
    /* Where the time is up, this look is the last. */
    int otherwise = code == OMNI_POP_TIMEOUT ? OMNI_POP_TIMEOUT : OMNI_POP_EMPTY;
    code = omni_pop_begin(endpoint->handle, wanted, otherwise, messages, count, pop);
    if (code != OMNI_POP_EMPTY) return code;
  }
}

/* omni_pop_begin, waiting as long as `timeout` allows; where no message comes, `otherwise`, or TIMEOUT. A code;
 * OMNI_INTERRUPTED with an exception set. */
static inline int begin(consumer_endpoint *endpoint, uint64_t wanted, int64_t timeout, int otherwise,
                        omni_message *messages, size_t *count, omni_pop *pop) {
  pin_live_exports(endpoint);
  int code = omni_pop_begin(endpoint->handle, wanted, timeout ? OMNI_POP_EMPTY : otherwise, messages, count, pop);
  if (LIKELY(code != OMNI_POP_EMPTY || timeout == 0 || wanted == 0)) return code;
  return begin_waiting(endpoint, wanted, timeout, messages, count, pop);
}

/* The answer beside SUCCESS; NULL with an exception. */
static PyObject *without_message(const consumer_endpoint *endpoint, int code) {
  if (LIKELY(code >= 0)) return Py_NewRef(endpoint->state->nothing[code]);
  return code == OMNI_INTERRUPTED ? NULL : refuse_consumer(endpoint, code);
}

static int timeout_argument(const char *function, consumer_object *self, PyObject *const *args, Py_ssize_t nargs,
                            PyObject *kwnames, int64_t *timeout) {
  static const char *const names[] = {"timeout"};
  PyObject *given = Py_None;
  *timeout = FOREVER;
  if (LIKELY(!nargs && !kwnames)) return 0;
  if (LIKELY(nargs == 1 && !kwnames)) given = args[0];
  else if (bind(function, names, 0, 1, args, nargs, kwnames, &given) < 0) return -1;
  return convert_timeout(self->state, given, timeout);
}

/* ---- one message, where it lies ---- */

/* (SUCCESS, what it held last or None): the last such tuple, when nothing else refers to it. */
static inline PyObject *take_ready(consumer_endpoint *endpoint) {
  PyObject *ready = exchange(&endpoint->ready, NULL);
  if (LIKELY(ready != NULL && is_unique(ready))) return ready;
  Py_XDECREF(ready);
  return PyTuple_Pack(2, endpoint->state->pop_results[OMNI_POP_SUCCESS], Py_None);
}

static inline void keep_ready(consumer_endpoint *endpoint, PyObject *answer) {
  /* Not after a close, which clears `ready`: it refers to the endpoint. */
  if (UNLIKELY(IS_SET(endpoint->closed))) return;
  Py_XDECREF(exchange(&endpoint->ready, Py_NewRef(answer)));
  /* Nor while one comes from another thread, which sees what was kept, or is seen (StoreLoad) */
  if (FREE_THREADED && UNLIKELY(endpoint->closed)) Py_XDECREF(exchange(&endpoint->ready, NULL));
}

/* Puts the message into the tuple, into the object that is there if nothing else refers to it. -1 without memory. */
static inline int put_message(consumer_endpoint *endpoint, PyObject *answer, const omni_message *raw) {
  PyObject *message = PyTuple_GET_ITEM(answer, 1);
  if (LIKELY(message != Py_None && is_unique(message))) {
    ((message_object *)message)->raw = *raw;
    return 0;
  }
  PyObject *fresh = message_new(endpoint, raw);
  if (!fresh) return -1;
  PyTuple_SET_ITEM(answer, 1, fresh);
  Py_DECREF(message);
  return 0;
}

static inline PyObject *pop_one(consumer_object *self, int64_t timeout, int otherwise) {
  consumer_endpoint *endpoint = receives(self);
  if (UNLIKELY(endpoint == NULL)) return Py_NewRef(self->state->nothing[OMNI_POP_CHANNEL_CLOSED]);
  omni_message raw;
  size_t count;
  omni_pop pop;
  PyObject *answer = take_ready(endpoint);
  if (LIKELY(answer != NULL)) {
    int code = begin(endpoint, 1, timeout, otherwise, &raw, &count, &pop);
    bool made = code == OMNI_POP_SUCCESS && put_message(endpoint, answer, &raw) == 0;
    if (LIKELY(code == OMNI_POP_SUCCESS)) omni_pop_end(endpoint->handle, &pop, made);
    keep_ready(endpoint, answer);
    if (UNLIKELY(!made)) {
      Py_DECREF(answer);
      answer = code == OMNI_POP_SUCCESS ? NULL : without_message(endpoint, code);
    }
  }
  return answer;
}

PyObject *consumer_try_pop(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return pop_one(self, 0, OMNI_POP_EMPTY);
}

PyObject *consumer_blocking_pop(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  int64_t timeout;
  if (timeout_argument("blocking_pop", self, args, nargs, kwnames, &timeout) < 0) return NULL;
  return pop_one(self, timeout, OMNI_POP_TIMEOUT);
}

/* ---- one payload, copied ---- */

/* Copies without the GIL, and ends the pop before it asks for it again: a daemon thread may never get it, and would
 * stay inside. Meanwhile every other pop is refused, and a close waits. */
static __attribute__((noinline)) PyObject *take_large(consumer_endpoint *endpoint, const omni_message *raw,
                                                      omni_pop *pop) {
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)raw->size);
  if (!bytes) {
    omni_pop_end(endpoint->handle, pop, 0);
    return NULL;
  }
  PyThreadState *thread = gil_give(endpoint->state);
  memcpy(PyBytes_AS_STRING(bytes), raw->data, raw->size);
  omni_pop_end(endpoint->handle, pop, 1);
  gil_take(endpoint->state, thread);
  return bytes;
}

/* The next payload; NULL with an exception, or with none and the answer in `code`. */
static PyObject *take(consumer_object *self, int64_t timeout, int *code) {
  consumer_endpoint *endpoint = receives(self);
  *code = OMNI_POP_CHANNEL_CLOSED;
  if (UNLIKELY(endpoint == NULL)) return NULL;
  omni_message raw;
  size_t count;
  omni_pop pop;
  PyObject *bytes = NULL;
  *code = begin(endpoint, 1, timeout, OMNI_POP_TIMEOUT, &raw, &count, &pop);
  if (LIKELY(*code == OMNI_POP_SUCCESS && raw.size < LARGE_COPY)) {
    bytes = payload_copy(endpoint, &raw);
    omni_pop_end(endpoint->handle, &pop, bytes != NULL);
  } else if (*code == OMNI_POP_SUCCESS) {
    bytes = take_large(endpoint, &raw, &pop);
  } else if (*code < 0 && *code != OMNI_INTERRUPTED) {
    refuse_consumer(endpoint, *code);
  }
  return bytes;
}

static PyObject *unreceived(const consumer_object *self, int code) {
  return raise_by(self->state->unreceived, "(ON)", self->state->pop_results[code], consumer_snapshot(self));
}

PyObject *consumer_receive(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  int64_t timeout;
  int code;
  if (timeout_argument("receive", self, args, nargs, kwnames, &timeout) < 0) return NULL;
  PyObject *bytes = take(self, timeout, &code);
  if (LIKELY(bytes != NULL) || code <= OMNI_POP_SUCCESS) return bytes;
  return unreceived(self, code);
}

/* ---- several ---- */

static int batch_arguments(const char *function, consumer_object *self, PyObject *const *args, Py_ssize_t nargs,
                           PyObject *kwnames, uint64_t *wanted, int64_t *timeout) {
  static const char *const names[] = {"max_count", "timeout"};
  PyObject *values[2] = {NULL, NULL};
  if (LIKELY(nargs == 1 && !kwnames)) values[0] = args[0];
  else if (bind(function, names, 1, 2, args, nargs, kwnames, values) < 0) return -1;
  if (convert_count(self->state, "max_count", values[0], wanted) < 0) return -1;
  return values[1] ? convert_timeout(self->state, values[1], timeout) : 0;
}

/* A list with room for what waits now, out of the collector's sight while it is filled. */
static PyObject *list_ready(const consumer_endpoint *endpoint, uint64_t wanted) {
  uint64_t waiting = omni_consumer_available_messages(endpoint->handle);
  PyObject *list = PyList_New((Py_ssize_t)(wanted < waiting ? wanted : waiting));
  if (list) PyObject_GC_UnTrack(list);
  return list;
}

static void list_done(PyObject *list, Py_ssize_t filled) {
  if (filled < PyList_GET_SIZE(list)) Py_SET_SIZE(list, filled);
  PyObject_GC_Track(list);
}

/* Puts an item that was made into the list; -1 without one, or without memory. */
static inline int list_put(PyObject *list, Py_ssize_t nth, PyObject *item) {
  if (UNLIKELY(!item)) return -1;
  if (LIKELY(nth < PyList_GET_SIZE(list))) {
    PyList_SET_ITEM(list, nth, item);
    return 0;
  }
  int failed = PyList_Append(list, item); /* more has come since */
  Py_DECREF(item);
  return failed;
}

static int fill_with_messages(consumer_endpoint *endpoint, PyObject *list, omni_pop *pop, size_t count) {
  omni_message raw;
  int failed = 0;
  for (size_t i = 0; i < count && !failed; i++) {
    omni_pop_message(pop, i, &raw);
    failed = list_put(list, (Py_ssize_t)i, message_new(endpoint, &raw));
  }
  omni_pop_end(endpoint->handle, pop, failed ? 0 : count);
  return failed;
}

/* Large ones are copied without the GIL, as in take_large; the list is nobody else's yet. */
static int fill_with_payloads(consumer_endpoint *endpoint, PyObject *list, omni_pop *pop, size_t count) {
  omni_message raw;
  size_t total = 0, copied = 0;
  int failed = 0;
  for (size_t i = 0; i < count && !failed; i++) {
    omni_pop_message(pop, i, &raw);
    total += raw.size;
    const char *bytes = total < LARGE_COPY ? (const char *)raw.data : NULL;
    failed = list_put(list, (Py_ssize_t)i, PyBytes_FromStringAndSize(bytes, (Py_ssize_t)raw.size));
    if (bytes) copied = i + 1;
  }
  if (LIKELY(failed || copied == count)) {
    omni_pop_end(endpoint->handle, pop, failed ? 0 : count);
    return failed;
  }
  PyThreadState *thread = gil_give(endpoint->state);
  for (size_t i = copied; i < count; i++) {
    omni_pop_message(pop, i, &raw);
    memcpy(PyBytes_AS_STRING(PyList_GET_ITEM(list, (Py_ssize_t)i)), raw.data, raw.size);
  }
  omni_pop_end(endpoint->handle, pop, count);
  gil_take(endpoint->state, thread);
  return 0;
}

/* A pop of several into a list: its code, with the list in `*list`; the list is NULL with an exception. */
static int pop_list(consumer_endpoint *endpoint, uint64_t wanted, int64_t timeout, bool payloads, PyObject **list) {
  uint64_t capacity = omni_consumer_capacity(endpoint->handle);
  if (wanted > capacity) wanted = capacity;
  size_t count = 0;
  omni_pop pop;
  int code = OMNI_INTERRUPTED, failed = 0;
  if (!(*list = list_ready(endpoint, wanted))) return code;
  code = begin(endpoint, wanted, timeout, OMNI_POP_EMPTY, NULL, &count, &pop);
  if (LIKELY(code == OMNI_POP_SUCCESS))
    failed = (payloads ? fill_with_payloads : fill_with_messages)(endpoint, *list, &pop, count);
  if (LIKELY(!failed)) list_done(*list, (Py_ssize_t)count);
  if (UNLIKELY(failed || code < 0)) {
    if (code < 0 && code != OMNI_INTERRUPTED) refuse_consumer(endpoint, code);
    Py_CLEAR(*list); /* with what was put into it */
  }
  return code;
}

/* (PopResult, list) */
static PyObject *pop_with_result(const char *function, consumer_object *self, PyObject *const *args, Py_ssize_t nargs,
                                 PyObject *kwnames, bool payloads) {
  uint64_t wanted;
  int64_t timeout = 0;
  if (batch_arguments(function, self, args, nargs, kwnames, &wanted, &timeout) < 0) return NULL;
  consumer_endpoint *endpoint = receives(self);
  if (UNLIKELY(endpoint == NULL)) return Py_BuildValue("(O[])", self->state->pop_results[OMNI_POP_CHANNEL_CLOSED]);
  PyObject *answer = PyTuple_New(2), *list;
  if (!answer) return NULL;
  int code = pop_list(endpoint, wanted, timeout, payloads, &list);
  if (UNLIKELY(!list)) {
    Py_DECREF(answer);
    return NULL;
  }
  PyTuple_SET_ITEM(answer, 0, Py_NewRef(self->state->pop_results[code]));
  PyTuple_SET_ITEM(answer, 1, list);
  return answer;
}

PyObject *consumer_batch_pop(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  return pop_with_result("batch_pop", self, args, nargs, kwnames, false);
}

PyObject *consumer_pop_bytes(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  return pop_with_result("_pop_bytes", self, args, nargs, kwnames, true);
}

PyObject *consumer_receive_many(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  uint64_t wanted;
  int64_t timeout = FOREVER;
  if (batch_arguments("receive_many", self, args, nargs, kwnames, &wanted, &timeout) < 0) return NULL;
  consumer_endpoint *endpoint = receives(self);
  PyObject *list = NULL;
  int code = OMNI_POP_CHANNEL_CLOSED;
  if (LIKELY(endpoint != NULL)) {
    code = pop_list(endpoint, wanted, timeout, true, &list);
    if (LIKELY(code == OMNI_POP_SUCCESS || !list || (code == OMNI_POP_EMPTY && wanted == 0))) return list;
    Py_DECREF(list);
  }
  if (code == OMNI_POP_EMPTY) code = OMNI_POP_TIMEOUT; /* no time was given */
  return unreceived(self, code);
}

PyObject *consumer_batch_pop_buffer(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  uint64_t wanted;
  int64_t timeout = 0;
  if (batch_arguments("batch_pop_buffer", self, args, nargs, kwnames, &wanted, &timeout) < 0) return NULL;
  consumer_endpoint *endpoint = receives(self);
  if (UNLIKELY(endpoint == NULL)) return Py_NewRef(self->state->nothing[OMNI_POP_CHANNEL_CLOSED]);
  PyObject *answer = PyTuple_Pack(2, self->state->pop_results[OMNI_POP_SUCCESS], Py_None);
  if (!answer) return NULL;
  size_t count;
  omni_pop pop;
  uint64_t capacity = omni_consumer_capacity(endpoint->handle);
  int code = begin(endpoint, wanted < capacity ? wanted : capacity, timeout, OMNI_POP_EMPTY, NULL, &count, &pop);
  PyObject *batch = code == OMNI_POP_SUCCESS ? batch_new(endpoint, &pop, count) : NULL;
  if (LIKELY(code == OMNI_POP_SUCCESS)) omni_pop_end(endpoint->handle, &pop, batch ? count : 0);
  if (LIKELY(batch != NULL)) {
    PyTuple_SET_ITEM(answer, 1, batch);
    Py_DECREF(Py_None);
  } else {
    Py_DECREF(answer);
    answer = code == OMNI_POP_SUCCESS ? NULL : without_message(endpoint, code);
  }
  return answer;
}

/* ---- waiting only ---- */

PyObject *consumer_wait(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  int64_t timeout;
  if (timeout_argument("wait", self, args, nargs, kwnames, &timeout) < 0) return NULL;
  consumer_endpoint *endpoint = receives(self);
  int code = OMNI_POP_CHANNEL_CLOSED;
  PyObject *answer = NULL;
  if (LIKELY(endpoint != NULL)) {
    code = omni_consumer_wait(endpoint->handle, 0);
    int64_t deadline = deadline_after(timeout);
    while (code == OMNI_INTERRUPTED || (code == OMNI_POP_TIMEOUT && timeout != 0)) {
      PyThreadState *thread = gil_give(endpoint->state);
      code = omni_consumer_wait(endpoint->handle, time_left(deadline));
      gil_take(endpoint->state, thread);
      if (check_signals() < 0) break;
      if (IS_SET(endpoint->detached)) code = OMNI_POP_CHANNEL_CLOSED;
      if (code == OMNI_POP_TIMEOUT) timeout = 0;
    }
    if (code < 0 && !PyErr_Occurred()) refuse_consumer(endpoint, code);
  }
  if (!PyErr_Occurred()) answer = Py_NewRef(self->state->pop_results[code]);
  return answer;
}

/* ---- iteration ---- */

typedef struct {
  PyObject_HEAD consumer_object *consumer; /* NULL when the channel has been drained */
} payloads_object;

PyObject *consumer_iter(PyObject *self) {
  payloads_object *payloads = PyObject_New(payloads_object, ((consumer_object *)self)->state->payloads);
  if (payloads) payloads->consumer = (consumer_object *)Py_NewRef(self);
  return (PyObject *)payloads;
}

static PyObject *payloads_next(payloads_object *self) {
  consumer_object *consumer, *drained;
  Py_BEGIN_CRITICAL_SECTION(self);
  consumer = (consumer_object *)Py_XNewRef(self->consumer);
  Py_END_CRITICAL_SECTION();
  if (!consumer) return NULL;
  int code;
  PyObject *bytes = take(consumer, FOREVER, &code);
  Py_DECREF(consumer);
  if (LIKELY(bytes) || code <= OMNI_POP_SUCCESS) return bytes;
  Py_BEGIN_CRITICAL_SECTION(self);
  drained = self->consumer;
  self->consumer = NULL;
  Py_END_CRITICAL_SECTION();
  Py_XDECREF(drained);
  return NULL;
}

static void payloads_dealloc(payloads_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(self->consumer);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_ConsumerHandle___iter__},
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
