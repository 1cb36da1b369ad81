/* Several messages as one buffer, for those who compute on it. */
#include <string.h>

#include "handles.h"

typedef struct {
  PyObject_HEAD PyObject *span; /* a Message over all of them */
  Py_ssize_t count;
  PyObject *offsets, *lengths; /* bytes: a uint64 for each message */
  PyObject *copy;              /* bytes, where the ring's end came in between, or NULL */
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
static int lay_out(batch_object *self, receiving_end *end, const omni_message *messages) {
  const uint8_t *begin = messages[0].data;
  uint64_t *offset = numbers(self->offsets), *length = numbers(self->lengths), total = 0;
  bool straight = messages[self->count - 1].data >= begin; /* they are never a whole ring's worth */
  for (Py_ssize_t i = 0; i < self->count; i++) {
    offset[i] = straight ? (uint64_t)(messages[i].data - begin) : total;
    length[i] = messages[i].size;
    total += length[i];
  }
  omni_message span = messages[0]; /* as long as this is pinned, no pop lets the producer reach the others either */
  span.size = offset[self->count - 1] + length[self->count - 1];
  self->span = message_new(end, &span);
  if (!self->span) return -1;
  if (straight) return 0;
  self->copy = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)total);
  if (!self->copy) return -1;
  for (Py_ssize_t i = 0; i < self->count; i++)
    memcpy(PyBytes_AS_STRING(self->copy) + offset[i], messages[i].data, length[i]);
  return 0;
}

PyObject *batch_new(receiving_end *end, const omni_message *messages, size_t count) {
  /* Closed by another thread, while the pop waited without the GIL: nothing to copy from any more. */
  if (!omni_message_is_readable(end->handle, messages)) return raise_by(end->state->expired, "()");
  batch_object *self = PyObject_New(batch_object, end->state->batch);
  if (!self) return NULL;
  self->count = (Py_ssize_t)count;
  self->span = self->copy = NULL;
  self->offsets = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
  self->lengths = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
  if (self->offsets && self->lengths && lay_out(self, end, messages) == 0) return (PyObject *)self;
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
    {"data", data, NULL, "A new read-only view of the messages' memory; what lies between them means nothing.", NULL},
    {"offsets", (getter)offsets, NULL, "Where in `data` each message begins: a memoryview of uint64.", NULL},
    {"lengths", (getter)lengths, NULL, "How many bytes each message has: a memoryview of uint64.", NULL},
    {"copied", (getter)copied, NULL, "Whether `data` is a copy, since the ring's end came in between.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "Popped messages as one buffer in the ring, readable until the consumer's next pop or close [MSG-1].\n\n"
     "Message i is `data[offsets[i]:offsets[i] + lengths[i]]`. Reading `data` later raises\n"
     "MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3]."},
    {Py_tp_dealloc, batch_dealloc},
    {Py_tp_getset, getset},
    {Py_sq_length, length},
    {Py_bf_getbuffer, getbuffer},
    {0, NULL},
};

PyType_Spec batch_spec = {
    .name = "fast_impl.Batch",
    .basicsize = sizeof(batch_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
