/* Batch: the messages of one pop as one buffer (§6.3). */
#include <string.h>

#include "handles.h"

typedef struct {
  message_object span; /* all of them, as one message; its size is 0 where they are copied */
  Py_ssize_t count;
  PyObject *offsets, *lengths; /* bytes: a uint64 for each message */
  PyObject *copy;              /* bytes, where the messages do not lie side by side, or NULL */
  omni_pin *pins;              /* of each message, where they do */
} batch_object;

static uint64_t *numbers(PyObject *bytes) { return (uint64_t *)(void *)PyBytes_AS_STRING(bytes); }

static void batch_dealloc(batch_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(self->offsets);
  Py_XDECREF(self->lengths);
  Py_XDECREF(self->copy);
  PyMem_Free(self->pins);
  consumer_endpoint_drop(self->span.endpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

int batch_pin(message_object *span) {
  batch_object *self = (batch_object *)span;
  int failed = 0;
  for (Py_ssize_t i = 0; i < self->count && !failed; i++) {
    omni_message message = span->raw;
    message.data += numbers(self->offsets)[i];
    failed = omni_message_pin(span->endpoint->handle, &message, &self->pins[i]);
  }
  return failed;
}

void batch_unpin(message_object *span) {
  batch_object *self = (batch_object *)span;
  for (Py_ssize_t i = 0; i < self->count; i++) omni_unpin(&self->pins[i]);
}

/* Where each message begins, in the ring or in a copy of them side by side. -1 without memory. */
static int lay_out(batch_object *self, const omni_pop *pop) {
  omni_message message;
  uint64_t *offset = numbers(self->offsets), *length = numbers(self->lengths), total = 0;
  bool adjacent = omni_pop_is_adjacent(pop, (size_t)self->count);
  for (Py_ssize_t i = 0; i < self->count; i++) {
    omni_pop_message(pop, (size_t)i, &message);
    offset[i] = adjacent ? (uint64_t)(message.data - self->span.raw.data) : total;
    length[i] = message.size;
    total += message.size;
  }
  self->span.raw.size = offset[self->count - 1] + length[self->count - 1];
  if (adjacent) {
    self->pins = PyMem_Calloc((size_t)self->count, sizeof *self->pins);
    return self->pins ? 0 : -1;
  }
  self->copy = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)total);
  for (Py_ssize_t i = 0; self->copy && i < self->count; i++) {
    omni_pop_message(pop, (size_t)i, &message);
    memcpy(PyBytes_AS_STRING(self->copy) + offset[i], message.data, message.size);
  }
  return self->copy ? 0 : -1;
}

/* Of the messages of an open pop. Runs nothing of Python. */
PyObject *batch_new(consumer_endpoint *endpoint, const omni_pop *pop, size_t count) {
  batch_object *self = PyObject_New(batch_object, endpoint->state->batch);
  if (!self) return NULL;
  memset((char *)self + sizeof(PyObject), 0, sizeof *self - sizeof(PyObject));
  self->span.endpoint = endpoint;
  ONE_MORE(endpoint->references);
  self->count = (Py_ssize_t)count;
  omni_pop_message(pop, 0, &self->span.raw);
  self->offsets = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
  self->lengths = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
  if (self->offsets && self->lengths && lay_out(self, pop) == 0) return (PyObject *)self;
  Py_DECREF(self);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

static int getbuffer(batch_object *self, Py_buffer *view, int flags) {
  if (!self->copy) return message_getbuffer((PyObject *)self, view, flags);
  view->obj = NULL;
  if (omni_message_is_readable(self->span.endpoint->handle, &self->span.raw))
    return PyObject_GetBuffer(self->copy, view, flags);
  raise_by(self->span.endpoint->state->expired, "()");
  return -1;
}

static PyObject *view_of_numbers(PyObject *bytes) {
  PyObject *view = PyMemoryView_FromObject(bytes);
  PyObject *cast = view ? PyObject_CallMethod(view, "cast", "s", "Q") : NULL;
  Py_XDECREF(view);
  return cast;
}

static PyObject *offsets(batch_object *self, void *Py_UNUSED(closure)) { return view_of_numbers(self->offsets); }

static PyObject *lengths(batch_object *self, void *Py_UNUSED(closure)) { return view_of_numbers(self->lengths); }

static PyObject *copied(batch_object *self, void *Py_UNUSED(closure)) { return PyBool_FromLong(self->copy != NULL); }

static Py_ssize_t length(batch_object *self) { return self->count; }

static PyObject *repr(batch_object *self) {
  const message_object *span = &self->span;
  size_t size;
  const char *name = omni_consumer_name(span->endpoint->handle, &size);
  return PyObject_CallFunction(span->endpoint->state->of_batch, "KNnN", (unsigned long long)span->raw.number,
                               name_of(name, size), self->count,
                               PyBool_FromLong(omni_message_is_readable(span->endpoint->handle, &span->raw)));
}

static PyGetSetDef getset[] = {
    PROPERTY(Batch, data, view_of),  PROPERTY(Batch, offsets, offsets), PROPERTY(Batch, lengths, lengths),
    PROPERTY(Batch, copied, copied), {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_Batch},
    {Py_tp_dealloc, batch_dealloc},
    {Py_tp_repr, repr},
    {Py_tp_getset, getset},
    {Py_sq_length, length},
    {Py_bf_getbuffer, getbuffer},
    {Py_bf_releasebuffer, message_releasebuffer},
    {0, NULL},
};

PyType_Spec batch_spec = {
    .name = "fast_impl.Batch",
    .basicsize = sizeof(batch_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
