/* A popped message, read where it lies (§6.1). */
#include <string.h>

#include "handles.h"

enum { FREE_MESSAGES = 1024 }; /* kept for later pops */

PyObject *message_new(consumer_endpoint *endpoint, const omni_message *raw) {
  handles_state *state = endpoint->state;
  message_object *self = FREE_THREADED ? NULL : state->free_messages;
  if (LIKELY(self != NULL)) {
    state->free_messages = self->next;
    state->free_message_count--;
    Py_SET_REFCNT((PyObject *)self, 1);
  } else {
    self = PyObject_New(message_object, state->message);
    if (!self) return NULL;
  }
  ONE_MORE(endpoint->references);
  self->endpoint = endpoint;
  self->raw = *raw;
  self->exports = 0;
  self->pin.channel = NULL;
  self->previous = NULL;
  return (PyObject *)self;
}

static void message_dealloc(message_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  consumer_endpoint *endpoint = self->endpoint;
  handles_state *state = endpoint->state;
  if (LIKELY(!FREE_THREADED && state->free_message_count < FREE_MESSAGES)) { /* with its reference to the type */
    self->next = state->free_messages;
    state->free_messages = self;
    state->free_message_count++;
    consumer_endpoint_drop(endpoint);
    return;
  }
  PyObject_Free(self);
  consumer_endpoint_drop(endpoint);
  Py_DECREF(type); /* last: the type keeps `state` alive */
}

void free_messages_clear(handles_state *state) {
  while (state->free_messages) {
    message_object *message = state->free_messages;
    PyTypeObject *type = Py_TYPE(message);
    state->free_messages = message->next;
    PyObject_Free(message);
    Py_DECREF(type);
  }
}

int free_messages_traverse(const handles_state *state, visitproc visit, void *arg) {
  for (const message_object *message = state->free_messages; message; message = message->next)
    Py_VISIT(Py_TYPE(message));
  return 0;
}

/* Whether this message may expire at any time. */
static bool others_pop(const consumer_endpoint *endpoint) { return FREE_THREADED || IS_SET(endpoint->native); }

static bool is_readable(const consumer_endpoint *endpoint, const omni_message *raw) {
  return LIKELY(omni_message_is_readable(endpoint->handle, raw));
}

static PyObject *expired(const consumer_endpoint *endpoint) { return raise_by(endpoint->state->expired, "()"); }

/* ---- copies ---- */

enum { KEPT_BYTES = 4096 }; /* the largest payload that is kept, to be reused */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
/* After the bytes have changed, for the cached hash is that of the previous ones. */
static inline void forget_hash(PyObject *bytes) { ((PyBytesObject *)bytes)->ob_shash = -1; }
#pragma GCC diagnostic pop

/* A loop over payloads drops each one when the next has come, at the latest: so of the last two, the older bytes object
 * is reused when nothing else refers to it and its length is right. That saves allocating and freeing an object, the
 * most expensive part of a receive. Called inside the guard where there is no GIL. */
PyObject *payload_copy(consumer_endpoint *endpoint, const omni_message *raw) {
  PyObject **older = &endpoint->given[endpoint->given_last ^= 1], *bytes = *older;
  if (LIKELY(bytes != NULL && is_unique(bytes) && (size_t)PyBytes_GET_SIZE(bytes) == raw->size)) {
    memcpy(PyBytes_AS_STRING(bytes), raw->data, raw->size);
    forget_hash(bytes);
    return Py_NewRef(bytes);
  }
  bytes = PyBytes_FromStringAndSize((const char *)raw->data, (Py_ssize_t)raw->size);
  if (bytes && raw->size <= KEPT_BYTES && !IS_SET(endpoint->closed)) Py_XSETREF(*older, Py_NewRef(bytes));
  return bytes;
}

/* Pinned, for another thread may pop while this one has no GIL; unpinned before it asks for the GIL, which it may never
 * get: a daemon thread at the end of the interpreter. */
static PyObject *copy_pinned(consumer_endpoint *endpoint, const omni_message *raw) {
  omni_pin pin = {NULL, 0};
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)raw->size);
  if (!bytes) return NULL;
  if (omni_message_pin(endpoint->handle, raw, &pin) != 0) {
    Py_DECREF(bytes);
    return expired(endpoint);
  }
  PyThreadState *thread = raw->size < LARGE_COPY ? NULL : gil_give(endpoint->state);
  memcpy(PyBytes_AS_STRING(bytes), raw->data, raw->size);
  omni_unpin(&pin);
  if (thread) gil_take(endpoint->state, thread);
  return bytes;
}

static PyObject *tobytes(message_object *self, PyObject *Py_UNUSED(unused)) {
  consumer_endpoint *endpoint = self->endpoint;
  if (UNLIKELY(!is_readable(endpoint, &self->raw))) return expired(endpoint);
  if (UNLIKELY(self->raw.size >= LARGE_COPY || others_pop(endpoint))) return copy_pinned(endpoint, &self->raw);
  return payload_copy(endpoint, &self->raw);
}

static Py_ssize_t length(message_object *self) {
  if (is_readable(self->endpoint, &self->raw)) return (Py_ssize_t)self->raw.size;
  expired(self->endpoint);
  return -1;
}

/* ---- exports, of a Message and of a Batch ---- */

static void list(message_object *self) {
  self->next = self->endpoint->exported;
  self->previous = &self->endpoint->exported;
  if (self->next) self->next->previous = &self->next;
  self->endpoint->exported = self;
}

static void unlist(message_object *self) {
  *self->previous = self->next; /* NOLINT(clang-analyzer-core.NullDereference): set while it is listed */
  if (self->next) self->next->previous = self->previous;
  self->previous = NULL;
}

static bool is_batch(const message_object *self) { return Py_TYPE(self) == self->endpoint->state->batch; }

static int pin(message_object *self) {
  return is_batch(self) ? batch_pin(self) : omni_message_pin(self->endpoint->handle, &self->raw, &self->pin);
}

static void unpin(message_object *self) {
  if (is_batch(self)) batch_unpin(self);
  else omni_unpin(&self->pin);
}

/* One export less. */
static void release(message_object *self) {
  if (--self->exports) return;
  if (self->previous) unlist(self);
  unpin(self);
}

/* Each pin succeeds: no pop and no close has come since the export, and a message has one object. */
void pin_exported_messages(consumer_endpoint *endpoint) {
  while (endpoint->exported) {
    message_object *message = endpoint->exported;
    unlist(message);
    pin(message);
  }
}

int message_getbuffer(PyObject *object, Py_buffer *view, int flags) {
  message_object *self = (message_object *)object;
  consumer_endpoint *endpoint = self->endpoint;
  bool readable;
  view->obj = NULL;
  Py_BEGIN_CRITICAL_SECTION(self);
  bool first = self->exports++ == 0, at_once = others_pop(endpoint);
  int refused = 0; /* then the memory may be gone, and the look below may still find the handle open */
  if (first && at_once) refused = pin(self);
  else if (first) list(self);
  readable = !refused && is_readable(endpoint, &self->raw);
  if (!readable) release(self);
  Py_END_CRITICAL_SECTION();
  if (!readable) expired(endpoint);
  else if (PyBuffer_FillInfo(view, object, (void *)self->raw.data, (Py_ssize_t)self->raw.size, 1, flags) == 0) return 0;
  else message_releasebuffer(object, view);
  return -1;
}

void message_releasebuffer(PyObject *object, Py_buffer *Py_UNUSED(view)) {
  message_object *self = (message_object *)object;
  Py_BEGIN_CRITICAL_SECTION(self);
  release(self);
  Py_END_CRITICAL_SECTION();
}

PyObject *view_of(PyObject *self, void *Py_UNUSED(closure)) { return PyMemoryView_FromObject(self); }

static PyObject *repr(message_object *self) {
  size_t size;
  const char *name = omni_consumer_name(self->endpoint->handle, &size);
  bool readable = is_readable(self->endpoint, &self->raw);
  return PyObject_CallFunction(self->endpoint->state->of_message, "KNN", (unsigned long long)self->raw.number,
                               name_of(name, size), readable ? PyLong_FromSize_t(self->raw.size) : Py_NewRef(Py_None));
}

static PyMethodDef methods[] = {
    METHOD(Message, tobytes, tobytes, METH_NOARGS),
    {"__bytes__", CALL(tobytes), METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    PROPERTY(Message, data, view_of),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_Message},
    {Py_tp_dealloc, message_dealloc},
    {Py_tp_repr, repr},
    {Py_tp_methods, methods},
    {Py_tp_getset, getset},
    {Py_sq_length, length},
    {Py_bf_getbuffer, message_getbuffer},
    {Py_bf_releasebuffer, message_releasebuffer},
    {0, NULL},
};

PyType_Spec message_spec = {
    .name = "fast_impl.Message",
    .basicsize = sizeof(message_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
