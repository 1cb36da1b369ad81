/* Taking several messages: batch_pop as a list, batch_pop_buffer as one buffer (§6.3). */
#include <string.h>

#include "handles.h"

/* ---- Batch ---- */

typedef struct {
  PyObject_HEAD PyObject *span; /* a Message over all of them */
  Py_ssize_t count;
  PyObject *offsets, *lengths; /* bytes: a uint64 for each message */
  PyObject *copy;              /* bytes, where the messages wrap around the ring's end, or NULL */
} batch_object;

static uint64_t *numbers(PyObject *bytes) { return (uint64_t *)(void *)PyBytes_AS_STRING(bytes); }

static void batch_dealloc(batch_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(self->span);
  Py_XDECREF(self->offsets);
  Py_XDECREF(self->lengths);
  Py_XDECREF(self->copy);
  PyObject_Free(self);
  Py_DECREF(type);
}

/* Where each message begins, in the ring or in a copy of them side by side. */
static int lay_out(batch_object *self, consumer_endpoint *endpoint, const omni_message *messages) {
  const uint8_t *begin = messages[0].data;
  uint64_t *offset = numbers(self->offsets), *length = numbers(self->lengths), total = 0;
  bool straight = messages[self->count - 1].data >= begin; /* they never fill the whole ring */
  for (Py_ssize_t i = 0; i < self->count; i++) {
    offset[i] = straight ? (uint64_t)(messages[i].data - begin) : total;
    length[i] = messages[i].size;
    total += length[i];
  }
  omni_message span = messages[0]; /* while this is pinned, no pop lets the producer reach the others either */
  span.size = offset[self->count - 1] + length[self->count - 1];
  self->span = message_new(endpoint, &span);
  if (!self->span) return -1;
  if (straight) return 0;
  self->copy = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)total);
  if (!self->copy) return -1;
  for (Py_ssize_t i = 0; i < self->count; i++)
    memcpy(PyBytes_AS_STRING(self->copy) + offset[i], messages[i].data, length[i]);
  return 0;
}

PyObject *batch_new(consumer_endpoint *endpoint, const omni_message *messages, size_t count) {
  /* Another thread may have closed the consumer while the pop waited without the GIL: the messages have expired. */
  if (!omni_message_is_readable(endpoint->handle, messages)) return raise_by(endpoint->state->expired, "()");
  batch_object *self = PyObject_New(batch_object, endpoint->state->batch);
  if (!self) return NULL;
  self->count = (Py_ssize_t)count;
  self->span = self->copy = NULL;
  self->offsets = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
  self->lengths = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
  if (self->offsets && self->lengths && lay_out(self, endpoint, messages) == 0) return (PyObject *)self;
  Py_DECREF(self);
  return NULL;
}

static int getbuffer(batch_object *self, Py_buffer *view, int flags) {
  view->obj = NULL;
  if (!self->copy) return PyObject_GetBuffer(self->span, view, flags);
  if (PyObject_Size(self->span) < 0) return -1; /* it has expired */
  return PyObject_GetBuffer(self->copy, view, flags);
}

static PyObject *data(PyObject *self, void *Py_UNUSED(closure)) { return PyMemoryView_FromObject(self); }

static PyObject *view_of(PyObject *bytes) {
  PyObject *view = PyMemoryView_FromObject(bytes);
  PyObject *cast = view ? PyObject_CallMethod(view, "cast", "s", "Q") : NULL;
  Py_XDECREF(view);
  return cast;
}

static PyObject *offsets(batch_object *self, void *Py_UNUSED(closure)) { return view_of(self->offsets); }

static PyObject *lengths(batch_object *self, void *Py_UNUSED(closure)) { return view_of(self->lengths); }

static PyObject *copied(batch_object *self, void *Py_UNUSED(closure)) { return PyBool_FromLong(self->copy != NULL); }

static Py_ssize_t length(batch_object *self) { return self->count; }

static PyGetSetDef getset[] = {
    PROPERTY(Batch, data, data),     PROPERTY(Batch, offsets, offsets), PROPERTY(Batch, lengths, lengths),
    PROPERTY(Batch, copied, copied), {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_Batch}, {Py_tp_dealloc, batch_dealloc}, {Py_tp_getset, getset},
    {Py_sq_length, length}, {Py_bf_getbuffer, getbuffer},   {0, NULL},
};

PyType_Spec batch_spec = {
    .name = "fast_impl.Batch",
    .basicsize = sizeof(batch_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

/* ---- pops ---- */

enum { FEW = 512 }; /* messages of a batch that fit without allocating */

typedef struct {
  omni_message *items;
  size_t count;
  omni_message few[FEW];
} popped;

/* A batch pop, with the results of pop_waiting. The caller frees `items` where they are not `few`. */
static int pop_batch(consumer_endpoint *endpoint, uint64_t wanted, int64_t timeout, popped *batch) {
  batch->items = batch->few;
  batch->count = 0;
  if (wanted > FEW) {
    /* Room for what waits now: messages that arrive meanwhile may count as arriving later. */
    uint64_t waiting = omni_consumer_available_messages(endpoint->handle), pending = endpoint->pending_count;
    uint64_t room = waiting > pending ? waiting : pending;
    if (wanted > room) wanted = room;
    if (wanted < FEW) wanted = FEW;
    if (wanted > FEW) batch->items = PyMem_New(omni_message, wanted);
    if (!batch->items) {
      PyErr_NoMemory();
      return OMNI_INTERRUPTED;
    }
  }
  if (has_pending(endpoint) && wanted) {
    batch->count = take_pending(endpoint, wanted, batch->items);
    return OMNI_POP_SUCCESS;
  }
  if (wanted) pin_live_exports(endpoint);
  int code = omni_batch_pop(endpoint->handle, wanted, 0, batch->items, &batch->count);
  if (code != OMNI_POP_EMPTY || timeout == 0 || wanted == 0) return code;
  for (int64_t deadline = deadline_after(timeout);; timeout = time_left(deadline)) {
    PyThreadState *thread = gil_give();
    code = omni_batch_pop(endpoint->handle, wanted, timeout, batch->items, &batch->count);
    gil_take(thread);
    if (PyErr_CheckSignals() < 0) {
      if (code == OMNI_POP_SUCCESS) keep_pending(endpoint, batch->items, batch->count);
      return OMNI_INTERRUPTED;
    }
    if (code != OMNI_INTERRUPTED) return code;
  }
}

static PyObject *list_of(consumer_endpoint *endpoint, const omni_message *messages, size_t count) {
  PyObject *list = PyList_New((Py_ssize_t)count);
  for (size_t i = 0; list && i < count; i++) {
    PyObject *message = message_new(endpoint, &messages[i]);
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

/* What both calls do alike: `made` makes the answer of the messages, `none` the one without any. */
static PyObject *pop_into(consumer_object *self, uint64_t wanted, int64_t timeout,
                          PyObject *(*made)(consumer_endpoint *, const omni_message *, size_t),
                          PyObject *(*none)(const handles_state *, int)) {
  consumer_endpoint *endpoint = self->endpoint;
  if (UNLIKELY(endpoint == NULL)) return none(self->state, OMNI_POP_CHANNEL_CLOSED);
  uint64_t capacity = omni_consumer_capacity(endpoint->handle);
  popped batch;
  PyObject *answer = NULL;
  endpoint->references++;
  int code = pop_batch(endpoint, wanted < capacity ? wanted : capacity, timeout, &batch);
  if (LIKELY(code == OMNI_POP_SUCCESS)) {
    PyObject *messages = made(endpoint, batch.items, batch.count);
    if (messages) answer = PyTuple_Pack(2, self->state->pop_results[code], messages);
    Py_XDECREF(messages);
    if (!answer) keep_pending(endpoint, batch.items, batch.count);
  } else if (code != OMNI_INTERRUPTED) {
    answer = none(self->state, code);
  }
  if (batch.items != batch.few) PyMem_Free(batch.items);
  consumer_endpoint_drop(endpoint);
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
