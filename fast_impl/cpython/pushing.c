/* Sending copies: try_push, blocking_push, send, batch_push, send_many (§5.1, §5.2). */
#include "handles.h"

static const char *const names[] = {"data", "timeout"};

static PyObject *push_result(const producer_endpoint *endpoint, int code) {
  if (LIKELY(code >= 0)) return Py_NewRef(endpoint->state->push_results[code]);
  return code == OMNI_INTERRUPTED ? NULL : refuse_producer(endpoint, code);
}

/* ---- one message ---- */

/* Never waits; large ones are copied without the GIL. */
static inline int push_once(producer_endpoint *endpoint, const payload *bytes) {
  if (LIKELY(bytes->size < LARGE_COPY)) return omni_try_push(endpoint->handle, bytes->data, bytes->size);
  PyThreadState *thread = gil_give(endpoint->state);
  int code = omni_try_push(endpoint->handle, bytes->data, bytes->size);
  gil_take(endpoint->state, thread);
  return code;
}

int wait_for_space(producer_endpoint *endpoint, int64_t deadline) {
  for (;;) {
    PyThreadState *thread = gil_give(endpoint->state);
    int code = omni_producer_wait(endpoint->handle, time_left(deadline));
    gil_take(endpoint->state, thread);
    if (check_signals() < 0) return OMNI_INTERRUPTED;
    if (IS_SET(endpoint->detached)) return OMNI_PUSH_CHANNEL_CLOSED; /* the handle is somebody else's now */
    if (code != OMNI_INTERRUPTED) return code;
  }
}

/* After QUEUE_FULL: waits, and tries again until the time is up. A code; OMNI_INTERRUPTED with an exception set. */
static __attribute__((noinline)) int push_waiting(producer_endpoint *endpoint, const payload *bytes, int64_t deadline) {
  for (;;) {
    int code = wait_for_space(endpoint, deadline);
    if (code < 0) return code;
    if (code == OMNI_PUSH_TIMEOUT) break;
    if (code == OMNI_PUSH_CHANNEL_CLOSED && IS_SET(endpoint->detached)) return code;
    code = push_once(endpoint, bytes);
    if (code != OMNI_PUSH_QUEUE_FULL) return code;
  }
  return omni_blocking_push(endpoint->handle, bytes->data, bytes->size, 0); /* the last look counts a failure [STA-1] */
}

/* Waits until `deadline`, or without one for `timeout`, whose clock starts where the queue is full. */
static inline int push(producer_endpoint *endpoint, const payload *bytes, int64_t timeout, const int64_t *deadline) {
  int code = push_once(endpoint, bytes);
  if (LIKELY(code != OMNI_PUSH_QUEUE_FULL)) return code;
  if (timeout == 0) return omni_blocking_push(endpoint->handle, bytes->data, bytes->size, 0);
  return push_waiting(endpoint, bytes, deadline ? *deadline : deadline_after(timeout));
}

PyObject *producer_try_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  PyObject *data = NULL;
  payload bytes;
  if (LIKELY(nargs == 1 && !kwnames)) data = args[0];
  else if (bind("try_push", names, 1, 1, args, nargs, kwnames, &data) < 0) return NULL;
  if (payload_of(self->state, data, &bytes) < 0) return NULL;
  producer_endpoint *endpoint = sends(self); /* read after the conversion, which may run Python code that moves it */
  PyObject *answer;
  if (LIKELY(endpoint != NULL)) answer = push_result(endpoint, push_once(endpoint, &bytes));
  else answer = Py_NewRef(self->state->push_results[OMNI_PUSH_CHANNEL_CLOSED]);
  payload_release(&bytes);
  return answer;
}

/* The data first, as in the model [ARG-1, ARG-2]. The caller releases the bytes. */
static inline int push_arguments(const char *function, producer_object *self, PyObject *const *args, Py_ssize_t nargs,
                                 PyObject *kwnames, payload *bytes, int64_t *timeout) {
  PyObject *values[2] = {NULL, Py_None};
  if (LIKELY(nargs == 1 && !kwnames)) values[0] = args[0];
  else if (bind(function, names, 1, 2, args, nargs, kwnames, values) < 0) return -1;
  if (payload_of(self->state, values[0], bytes) < 0) return -1;
  *timeout = FOREVER;
  if (LIKELY(values[1] == Py_None) || convert_timeout(self->state, values[1], timeout) == 0) return 0;
  payload_release(bytes);
  return -1;
}

PyObject *producer_blocking_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  payload bytes;
  int64_t timeout;
  if (push_arguments("blocking_push", self, args, nargs, kwnames, &bytes, &timeout) < 0) return NULL;
  producer_endpoint *endpoint = sends(self); /* read after the conversion, as in try_push */
  PyObject *answer;
  if (LIKELY(endpoint != NULL)) answer = push_result(endpoint, push(endpoint, &bytes, timeout, NULL));
  else answer = Py_NewRef(self->state->push_results[OMNI_PUSH_CHANNEL_CLOSED]);
  payload_release(&bytes);
  return answer;
}

/* Sends the bytes and releases them, or raises why not; a code. Waits as push does. */
static int send_bytes(producer_object *self, payload *bytes, int64_t timeout, const int64_t *deadline) {
  producer_endpoint *endpoint = sends(self); /* read after the conversion, as in try_push */
  int code = OMNI_PUSH_CHANNEL_CLOSED;
  if (LIKELY(endpoint != NULL)) code = push(endpoint, bytes, timeout, deadline);
  if (UNLIKELY(code < 0 && code != OMNI_INTERRUPTED)) {
    refuse_producer(endpoint, code);
  } else if (UNLIKELY(code > OMNI_PUSH_SUCCESS)) {
    raise_by(self->state->unsent, "(OnN)", self->state->push_results[code], (Py_ssize_t)bytes->size,
             producer_snapshot(self));
  }
  payload_release(bytes);
  return code;
}

PyObject *producer_send(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  payload bytes;
  int64_t timeout;
  if (push_arguments("send", self, args, nargs, kwnames, &bytes, &timeout) < 0) return NULL;
  if (LIKELY(send_bytes(self, &bytes, timeout, NULL) == OMNI_PUSH_SUCCESS)) Py_RETURN_NONE;
  return NULL;
}

PyObject *producer_wait(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  PyObject *given = Py_None;
  int64_t timeout;
  if (bind("wait", names + 1, 0, 1, args, nargs, kwnames, &given) < 0 ||
      convert_timeout(self->state, given, &timeout) < 0)
    return NULL;
  producer_endpoint *endpoint = sends(self);
  if (!endpoint) return Py_NewRef(self->state->push_results[OMNI_PUSH_CHANNEL_CLOSED]);
  int code = omni_producer_wait(endpoint->handle, 0);
  if (code == OMNI_PUSH_TIMEOUT && timeout != 0) code = wait_for_space(endpoint, deadline_after(timeout));
  return push_result(endpoint, code);
}

/* ---- several ---- */

enum { FEW = 512 }; /* messages that are pushed at once without allocating */

static inline bool is_sequence(PyObject *messages) {
  return LIKELY(PyList_CheckExact(messages) || PyTuple_CheckExact(messages));
}

/* The bytes of as many objects as are exact bytes of less than LARGE_COPY in all: how many. No Python code runs. */
static Py_ssize_t gather(PyObject *const *objects, Py_ssize_t count, omni_bytes *items) {
  size_t total = 0;
  Py_ssize_t i = 0;
  for (; i < count && PyBytes_CheckExact(objects[i]); i++) {
    items[i] = (omni_bytes){PyBytes_AS_STRING(objects[i]), (size_t)PyBytes_GET_SIZE(objects[i])};
    if ((total += items[i].size) >= LARGE_COPY) break;
  }
  return i;
}

/* Pushes the elements of a list or tuple from `first` on where they lie, and lets nothing be removed meanwhile: no
 * Python code runs. With `all`, only where it can be done for all of them. Whether it was, with the core's answer. */
static bool push_in_place(producer_endpoint *endpoint, PyObject *messages, Py_ssize_t first, bool all,
                          int64_t *pushed) {
  omni_bytes few[FEW];
  bool usual;
  *pushed = 0;
  Py_BEGIN_CRITICAL_SECTION(messages);
  Py_ssize_t left = PySequence_Fast_GET_SIZE(messages) - first, most = left < FEW ? left : FEW;
  Py_ssize_t count = all && left > FEW ? 0 : gather(PySequence_Fast_ITEMS(messages) + first, most, few);
  usual = all ? count == left : count > 1;
  if (usual && endpoint) *pushed = omni_batch_push(endpoint->handle, few, (size_t)count);
  Py_END_CRITICAL_SECTION();
  return usual;
}

/* A tuple of the elements as bytes: each is copied when the iterable yields it, unless it is bytes already [PSH-6]. */
static PyObject *copied(const handles_state *state, PyObject *messages) {
  PyObject *iterator = PyObject_GetIter(messages), *all = iterator ? PyList_New(0) : NULL, *item = NULL, *tuple = NULL;
  for (Py_ssize_t i = 0; all && (item = PyIter_Next(iterator)); i++) {
    payload bytes;
    PyObject *copy = PyBytes_CheckExact(item) ? Py_NewRef(item) : NULL;
    if (!copy && payload_of(state, item, &bytes) == 0) {
      copy = PyBytes_FromStringAndSize(bytes.data, (Py_ssize_t)bytes.size);
      payload_release(&bytes);
    } else if (!copy) {
      raise_instead(state->bad_element, i);
    }
    Py_DECREF(item);
    int failed = copy ? PyList_Append(all, copy) : -1;
    Py_XDECREF(copy);
    if (failed) break;
  }
  if (all && !PyErr_Occurred()) tuple = PyList_AsTuple(all);
  Py_XDECREF(all);
  Py_XDECREF(iterator);
  return tuple;
}

/* Pushes bytes at once; large ones without the GIL. How many, or a negative code; -1 with an exception. */
static int64_t push_all(producer_endpoint *endpoint, PyObject *all) {
  Py_ssize_t count = PySequence_Fast_GET_SIZE(all);
  PyObject **objects = PySequence_Fast_ITEMS(all);
  omni_bytes few[FEW], *items = count > FEW ? PyMem_New(omni_bytes, count) : few;
  size_t total = 0;
  if (!items) {
    PyErr_NoMemory();
    return -1;
  }
  for (Py_ssize_t i = 0; i < count; i++) {
    items[i] = (omni_bytes){PyBytes_AS_STRING(objects[i]), (size_t)PyBytes_GET_SIZE(objects[i])};
    total += items[i].size;
  }
  PyThreadState *thread = total < LARGE_COPY ? NULL : gil_give(endpoint->state);
  int64_t pushed = omni_batch_push(endpoint->handle, items, (size_t)count);
  if (thread) gil_take(endpoint->state, thread);
  if (items != few) PyMem_Free(items);
  return pushed;
}

PyObject *producer_batch_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static const char *const messages_name[] = {"messages"};
  PyObject *messages = NULL, *owned = NULL;
  if (LIKELY(nargs == 1 && !kwnames)) messages = args[0];
  else if (bind("batch_push", messages_name, 1, 1, args, nargs, kwnames, &messages) < 0) return NULL;
  int64_t pushed;
  producer_endpoint *endpoint = sends(self);
  if (UNLIKELY(!is_sequence(messages) || !push_in_place(endpoint, messages, 0, true, &pushed))) {
    if (!(owned = copied(self->state, messages))) return NULL;
    endpoint = sends(self); /* read again, as in try_push */
    pushed = endpoint ? push_all(endpoint, owned) : 0;
  }
  if (UNLIKELY(pushed < 0 && !PyErr_Occurred())) refuse_producer(endpoint, (int)pushed);
  Py_XDECREF(owned);
  return pushed < 0 ? NULL : PyLong_FromLongLong(pushed);
}

/* ---- send_many ---- */

/* Sends what can be sent at once of a list or tuple, from element `sent` on: how many. */
static Py_ssize_t send_some(producer_object *self, PyObject *messages, Py_ssize_t sent) {
  int64_t pushed;
  push_in_place(sends(self), messages, sent, false, &pushed);
  return pushed < 0 ? 0 : (Py_ssize_t)pushed; /* send_bytes finds out why not */
}

/* Element i of a list or tuple, or NULL where it has fewer. */
static PyObject *element(PyObject *messages, Py_ssize_t i) {
  PyObject *found = NULL;
  Py_BEGIN_CRITICAL_SECTION(messages);
  if (i < PySequence_Fast_GET_SIZE(messages)) found = Py_NewRef(PySequence_Fast_GET_ITEM(messages, i));
  Py_END_CRITICAL_SECTION();
  return found;
}

PyObject *producer_send_many(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static const char *const many_names[] = {"messages", "timeout"};
  PyObject *values[2] = {NULL, Py_None}, *iterator = NULL, *item;
  int64_t timeout;
  if (LIKELY(nargs == 1 && !kwnames)) values[0] = args[0];
  else if (bind("send_many", many_names, 1, 2, args, nargs, kwnames, values) < 0) return NULL;
  if (convert_timeout(self->state, values[1], &timeout) < 0) return NULL;
  PyObject *messages = values[0];
  bool sequence = is_sequence(messages);
  if (!sequence && !(iterator = PyObject_GetIter(messages))) return NULL;
  int64_t deadline = deadline_after(timeout);
  int failed = 0;
  for (Py_ssize_t sent = 0; !failed; sent++) {
    if (sequence) { /* a list may change while this waits */
      sent += send_some(self, messages, sent);
      item = element(messages, sent);
    } else {
      item = PyIter_Next(iterator);
    }
    if (!item) break;
    payload bytes;
    int code = payload_of(self->state, item, &bytes) < 0 ? OMNI_PUSH_INVALID_SIZE
                                                         : send_bytes(self, &bytes, timeout, &deadline);
    Py_DECREF(item);
    failed = code != OMNI_PUSH_SUCCESS;
    if (UNLIKELY(failed && code != OMNI_INTERRUPTED)) raise_instead(self->state->stopped, sent);
  }
  Py_XDECREF(iterator);
  if (PyErr_Occurred()) return NULL;
  Py_RETURN_NONE;
}
