/* Taking one message: try_pop, blocking_pop, receive, iteration (§6.2, §6.3). */
#include <string.h>

#include "handles.h"

/* ---- messages pending delivery: a signal's handler raised after they had been taken [CON-6] ---- */

void keep_pending(consumer_endpoint *endpoint, const omni_message *messages, size_t count) {
  if (endpoint->closed) return; /* they have expired */
  size_t left = endpoint->pending_count - endpoint->pending_next;
  omni_message *kept = PyMem_New(omni_message, count + left);
  if (!kept) return; /* no memory: they are lost */
  memcpy(kept, messages, count * sizeof *kept);
  if (left) memcpy(kept + count, endpoint->pending + endpoint->pending_next, left * sizeof *kept);
  PyMem_Free(endpoint->pending);
  endpoint->pending = kept;
  endpoint->pending_count = count + left;
  endpoint->pending_next = 0;
}

size_t take_pending(consumer_endpoint *endpoint, size_t wanted, omni_message *messages) {
  size_t left = endpoint->pending_count - endpoint->pending_next, count = wanted < left ? wanted : left;
  memcpy(messages, endpoint->pending + endpoint->pending_next, count * sizeof *messages);
  endpoint->pending_next += count;
  if (endpoint->pending_next == endpoint->pending_count) endpoint->pending_next = endpoint->pending_count = 0;
  return count;
}

/* ---- pops ---- */

PyObject *without_message(const handles_state *state, int code) {
  if (UNLIKELY(code < 0)) return raise_by(state->refuse, "(i)", code);
  return Py_NewRef(state->nothing[code]);
}

/* After EMPTY: a code, or OMNI_INTERRUPTED with an exception set. The GIL is released only to wait. */
static __attribute__((noinline)) int pop_waiting(consumer_endpoint *endpoint, int64_t timeout, omni_message *message) {
  int code;
  if (timeout == 0) return omni_blocking_pop(endpoint->handle, 0, message); /* counts the failure [STA-2] */
  for (int64_t deadline = deadline_after(timeout);; timeout = time_left(deadline)) {
    PyThreadState *thread = gil_give();
    code = omni_blocking_pop(endpoint->handle, timeout, message);
    gil_take(thread);
    if (PyErr_CheckSignals() < 0) {
      if (code == OMNI_POP_SUCCESS) keep_pending(endpoint, message, 1);
      return OMNI_INTERRUPTED;
    }
    if (code != OMNI_INTERRUPTED) return code;
  }
}

/* omni_try_pop, or the first message pending delivery. */
static inline int pop_once(consumer_endpoint *endpoint, omni_message *message) {
  pin_live_exports(endpoint);
  if (!has_pending(endpoint)) return omni_try_pop(endpoint->handle, message);
  take_pending(endpoint, 1, message);
  return OMNI_POP_SUCCESS;
}

/* A blocking pop, with the results of pop_waiting. */
static inline int pop(consumer_endpoint *endpoint, int64_t timeout, omni_message *message) {
  int code = pop_once(endpoint, message);
  return LIKELY(code != OMNI_POP_EMPTY) ? code : pop_waiting(endpoint, timeout, message);
}

/* (SUCCESS, the message). The last such tuple, and the message in it, are reused when their reference counts are 1. */
static PyObject *with_message(consumer_endpoint *endpoint, const omni_message *raw) {
  PyObject *ready = endpoint->ready;
  if (LIKELY(ready != NULL && Py_REFCNT(ready) == 1)) {
    PyObject *message = PyTuple_GET_ITEM(ready, 1);
    if (Py_REFCNT(message) == 1) {
      ((message_object *)message)->raw = *raw;
    } else {
      PyObject *fresh = message_new(endpoint, raw);
      if (!fresh) goto lost;
      PyTuple_SET_ITEM(ready, 1, fresh);
      Py_DECREF(message);
    }
    return Py_NewRef(ready);
  }
  PyObject *message = message_new(endpoint, raw);
  if (!message) goto lost;
  ready = PyTuple_Pack(2, endpoint->state->pop_results[OMNI_POP_SUCCESS], message);
  Py_DECREF(message);
  if (!ready) goto lost;
  if (!endpoint->closed)
    Py_XSETREF(endpoint->ready,
               Py_NewRef(ready)); /* not after a close, which clears `ready`: it refers to the endpoint */
  return ready;
lost:
  keep_pending(endpoint, raw, 1);
  return NULL;
}

PyObject *consumer_try_pop(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  consumer_endpoint *endpoint = self->endpoint;
  if (UNLIKELY(endpoint == NULL)) return without_message(self->state, OMNI_POP_CHANNEL_CLOSED);
  omni_message raw;
  endpoint->references++;
  int code = pop_once(endpoint, &raw);
  PyObject *answer = code == OMNI_POP_SUCCESS ? with_message(endpoint, &raw) : without_message(self->state, code);
  consumer_endpoint_drop(endpoint);
  return answer;
}

static inline int timeout_argument(const char *function, consumer_object *self, PyObject *const *args, Py_ssize_t nargs,
                                   PyObject *kwnames, int64_t *timeout) {
  static const char *const names[] = {"timeout"};
  PyObject *given = Py_None;
  *timeout = FOREVER;
  if (LIKELY(!nargs && !kwnames)) return 0;
  if (LIKELY(nargs == 1 && !kwnames && args[0] == self->state->zero)) {
    *timeout = 0;
    return 0;
  }
  if (LIKELY(nargs == 1 && !kwnames)) given = args[0];
  else if (bind(function, names, 0, 1, args, nargs, kwnames, &given) < 0) return -1;
  return convert_timeout(self->state, given, timeout);
}

PyObject *consumer_blocking_pop(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  int64_t timeout;
  if (timeout_argument("blocking_pop", self, args, nargs, kwnames, &timeout) < 0) return NULL;
  consumer_endpoint *endpoint = self->endpoint; /* read after the conversion, which may run Python code that moves it */
  if (UNLIKELY(endpoint == NULL)) return without_message(self->state, OMNI_POP_CHANNEL_CLOSED);
  omni_message raw;
  PyObject *answer = NULL;
  endpoint->references++;
  int code = pop(endpoint, timeout, &raw);
  if (code == OMNI_POP_SUCCESS) answer = with_message(endpoint, &raw);
  else if (code != OMNI_INTERRUPTED) answer = without_message(self->state, code);
  consumer_endpoint_drop(endpoint);
  return answer;
}

enum { KEPT_BYTES = 4096 }; /* the largest payload that is kept, to be reused */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* After the bytes have changed, for the cached hash is that of the previous ones. */
static inline void forget_hash(PyObject *bytes) { ((PyBytesObject *)bytes)->ob_shash = -1; }
#pragma GCC diagnostic pop

/* The payload as bytes. A loop over payloads drops each one when the next has come, at the latest: so of the last two,
 * the older bytes object is reused when its reference count is 1 and its length is right. That saves allocating and
 * freeing an object, the most expensive part of a receive. */
static inline PyObject *payload_copy(consumer_endpoint *endpoint, const omni_message *raw) {
  PyObject **older = &endpoint->given[endpoint->given_last ^= 1], *bytes = *older;
  if (LIKELY(bytes != NULL && Py_REFCNT(bytes) == 1 && (size_t)PyBytes_GET_SIZE(bytes) == raw->size)) {
    memcpy(PyBytes_AS_STRING(bytes), raw->data, raw->size);
    forget_hash(bytes);
    return Py_NewRef(bytes);
  }
  bytes = PyBytes_FromStringAndSize((const char *)raw->data, (Py_ssize_t)raw->size);
  if (bytes && raw->size <= KEPT_BYTES && !endpoint->closed) Py_XSETREF(*older, Py_NewRef(bytes));
  return bytes;
}

/* The slow path of `take`, for what pop_once returned as `code`: to wait, to copy without the GIL, or to raise. */
static __attribute__((noinline)) PyObject *take_on(consumer_endpoint *endpoint, int64_t timeout, omni_message *raw,
                                                   int *code) {
  PyObject *bytes = NULL;
  endpoint->references++;
  if (*code == OMNI_POP_EMPTY) *code = pop_waiting(endpoint, timeout, raw);
  if (*code == OMNI_POP_SUCCESS) {
    bytes = message_copy(endpoint, raw);
    if (UNLIKELY(!bytes) && PyErr_ExceptionMatches(PyExc_MemoryError)) keep_pending(endpoint, raw, 1);
  } else if (*code < 0 && *code != OMNI_INTERRUPTED) {
    raise_by(endpoint->state->refuse, "(i)", *code);
  }
  consumer_endpoint_drop(endpoint);
  return bytes;
}

/* The next payload; NULL with an exception, or with none and the answer in `code`. */
static PyObject *take(consumer_object *self, int64_t timeout, int *code) {
  consumer_endpoint *endpoint = self->endpoint;
  *code = OMNI_POP_CHANNEL_CLOSED;
  if (UNLIKELY(endpoint == NULL)) return NULL;
  omni_message raw;
  *code = pop_once(endpoint, &raw);
  if (UNLIKELY(*code != OMNI_POP_SUCCESS || endpoint->native || raw.size >= LARGE_COPY))
    return take_on(endpoint, timeout, &raw, code);
  /* Readable: since the pop no Python thread has had the GIL to pop or close, and native code has no handle. */
  PyObject *bytes = payload_copy(endpoint, &raw);
  if (UNLIKELY(!bytes)) keep_pending(endpoint, &raw, 1);
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
  PyObject_HEAD consumer_object *consumer; /* NULL when the channel has been drained */
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
