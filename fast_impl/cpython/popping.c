/* Taking one message: try_pop, blocking_pop, receive (§6.2, §6.3). */
#include <string.h>

#include "handles.h"

PyObject *without_message(const handles_state *state, int code) {
  if (UNLIKELY(code < 0)) return raise_by(state->refuse, "(i)", code);
  return Py_NewRef(state->nothing[code]);
}

/* After it was EMPTY: a code, or OMNI_INTERRUPTED with an exception set. The GIL is given up only to wait. */
static __attribute__((noinline)) int pop_waiting(receiving_end *end, int64_t timeout, omni_message *message) {
  int code;
  if (timeout == 0) return omni_blocking_pop(end->handle, 0, message); /* counts the failure [STA-2] */
  for (int64_t deadline = deadline_after(timeout);; timeout = time_left(deadline)) {
    PyThreadState *thread = gil_give();
    code = omni_blocking_pop(end->handle, timeout, message);
    gil_take(thread);
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
  if (!end->closed)
    Py_XSETREF(end->ready, Py_NewRef(ready)); /* it refers to `end`: not after the close, which ends that */
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

enum { KEPT_BYTES = 4096 }; /* of a payload that is held on to, to be filled again */

/* The payload as bytes. Who loops over payloads lets go of one when the next has come, at the latest: so of the last
 * two, the older one is filled again where nobody else has it and the length is right. That saves making and freeing
 * an object, the dearest part of a receive. */
static inline PyObject *payload_copy(receiving_end *end, const omni_message *raw) {
  PyObject **older = &end->given[end->given_last ^= 1], *bytes = *older;
  if (LIKELY(bytes != NULL && Py_REFCNT(bytes) == 1 && (size_t)PyBytes_GET_SIZE(bytes) == raw->size)) {
    memcpy(PyBytes_AS_STRING(bytes), raw->data, raw->size);
    _Py_COMP_DIAG_PUSH _Py_COMP_DIAG_IGNORE_DEPR_DECLS((PyBytesObject *)bytes)->ob_shash =
        -1; /* the hash of other bytes */
    _Py_COMP_DIAG_POP return Py_NewRef(bytes);
  }
  bytes = PyBytes_FromStringAndSize((const char *)raw->data, (Py_ssize_t)raw->size);
  if (bytes && raw->size <= KEPT_BYTES && !end->closed) Py_XSETREF(*older, Py_NewRef(bytes));
  return bytes;
}

/* After pop_once answered `code`: where it is not a payload that can be copied at once. */
static __attribute__((noinline)) PyObject *take_on(receiving_end *end, int64_t timeout, omni_message *raw, int *code) {
  PyObject *bytes = NULL;
  end->references++;
  if (*code == OMNI_POP_EMPTY) *code = pop_waiting(end, timeout, raw);
  if (*code == OMNI_POP_SUCCESS) {
    bytes = message_copy(end, raw);
    if (UNLIKELY(!bytes) && PyErr_ExceptionMatches(PyExc_MemoryError)) put_aside(end, raw, 1);
  } else if (*code < 0 && *code != OMNI_INTERRUPTED) {
    raise_by(end->state->refuse, "(i)", *code);
  }
  receiving_end_drop(end);
  return bytes;
}

PyObject *take(consumer_object *self, int64_t timeout, int *code) {
  receiving_end *end = self->end;
  *code = OMNI_POP_CHANNEL_CLOSED;
  if (UNLIKELY(end == NULL)) return NULL;
  omni_message raw;
  *code = pop_once(end, &raw);
  if (UNLIKELY(*code != OMNI_POP_SUCCESS || end->native || raw.size >= LARGE_COPY))
    return take_on(end, timeout, &raw, code);
  /* Since the pop no thread of Python has had the GIL to pop or close, and native ones have not got the handle. */
  PyObject *bytes = payload_copy(end, &raw);
  if (UNLIKELY(!bytes)) put_aside(end, &raw, 1);
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
