/* Taking several messages: batch_pop, batch_pop_buffer (§6.3). */
#include "handles.h"

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
    PyThreadState *thread = gil_give();
    code = omni_batch_pop(end->handle, wanted, timeout, batch->items, &batch->count);
    gil_take(thread);
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

PyObject *consumer_batch_pop_buffer(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  uint64_t wanted;
  int64_t timeout;
  if (batch_arguments("batch_pop_buffer", self, args, nargs, kwnames, &wanted, &timeout) < 0) return NULL;
  return pop_into(self, wanted, timeout, batch_new, without_message);
}
