/* A popped message, read where it lies (§6.1). */
#include <string.h>

#include "handles.h"

enum { FREE_MESSAGES = 1024 }; /* kept for later pops */

PyObject *message_new(consumer_endpoint *endpoint, const omni_message *raw) {
  handles_state *state = endpoint->state;
  message_object *self = state->free_messages;
  if (LIKELY(self != NULL)) {
    state->free_messages = self->next;
    state->free_message_count--;
    Py_SET_REFCNT((PyObject *)self, 1);
  } else {
    self = PyObject_New(message_object, state->message);
    if (!self) return NULL;
  }
  endpoint->references++;
  self->endpoint = endpoint;
  self->raw = *raw;
  self->exports = 0;
  self->pinned = false;
  self->previous = NULL;
  return (PyObject *)self;
}

static void message_dealloc(message_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  consumer_endpoint *endpoint = self->endpoint;
  handles_state *state = endpoint->state;
  if (LIKELY(state->free_message_count < FREE_MESSAGES)) { /* with its reference to the type */
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

static bool is_readable(const consumer_endpoint *endpoint, const omni_message *raw) {
  return LIKELY(omni_message_is_readable(endpoint->handle, raw));
}

static PyObject *expired(const consumer_endpoint *endpoint) { return raise_by(endpoint->state->expired, "()"); }

/* Without the GIL, so that another thread may pop meanwhile: pinned. */
static PyObject *copy_large(consumer_endpoint *endpoint, const omni_message *raw) {
  if (omni_message_pin(endpoint->handle, raw) != 0) return expired(endpoint);
  endpoint->references++;
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)raw->size);
  if (bytes) {
    Py_BEGIN_ALLOW_THREADS;
    memcpy(PyBytes_AS_STRING(bytes), raw->data, raw->size);
    Py_END_ALLOW_THREADS;
  }
  omni_message_unpin(endpoint->handle, raw->number);
  consumer_endpoint_drop(endpoint);
  return bytes;
}

PyObject *message_copy(consumer_endpoint *endpoint, const omni_message *raw) {
  if (UNLIKELY(raw->size >= LARGE_COPY)) return copy_large(endpoint, raw);
  if (!is_readable(endpoint, raw)) return expired(endpoint);
  PyObject *bytes = PyBytes_FromStringAndSize((const char *)raw->data, (Py_ssize_t)raw->size);
  /* Checked again: no Python thread can have popped meanwhile, but a native one needs no GIL to pop [MSG-2]. */
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if (LIKELY(is_readable(endpoint, raw))) return bytes;
  Py_XDECREF(bytes);
  return expired(endpoint);
}

static Py_ssize_t length(message_object *self) {
  if (is_readable(self->endpoint, &self->raw)) return (Py_ssize_t)self->raw.size;
  expired(self->endpoint);
  return -1;
}

/* ---- exports ---- */

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

static void unpin(message_object *self) {
  if (self->pinned) omni_message_unpin(self->endpoint->handle, self->raw.number);
  self->pinned = false;
}

void pin_exported_messages(consumer_endpoint *endpoint) {
  while (endpoint->exported) {
    message_object *message = endpoint->exported;
    unlist(message);
    message->pinned = omni_message_pin(endpoint->handle, &message->raw) == 0; /* it succeeds: no pop or close since */
  }
}

static int getbuffer(message_object *self, Py_buffer *view, int flags) {
  consumer_endpoint *endpoint = self->endpoint;
  bool first = self->exports == 0;
  view->obj = NULL;
  if (UNLIKELY(first && endpoint->native)) self->pinned = omni_message_pin(endpoint->handle, &self->raw) == 0;
  if (!is_readable(endpoint, &self->raw) || (endpoint->native && !self->pinned)) {
    expired(endpoint);
    goto refused;
  }
  if (PyBuffer_FillInfo(view, (PyObject *)self, (void *)self->raw.data, (Py_ssize_t)self->raw.size, 1, flags) < 0)
    goto refused;
  if (first && !self->pinned) list(self);
  self->exports++;
  return 0;
refused:
  if (first) unpin(self);
  return -1;
}

static void releasebuffer(message_object *self, Py_buffer *Py_UNUSED(view)) {
  if (--self->exports) return;
  if (self->previous) unlist(self);
  unpin(self);
}

static PyObject *data(PyObject *self, void *Py_UNUSED(closure)) { return PyMemoryView_FromObject(self); }

static PyObject *repr(message_object *self) {
  unsigned long long number = self->raw.number;
  if (!is_readable(self->endpoint, &self->raw)) return PyUnicode_FromFormat("<Message number %llu, expired>", number);
  return PyUnicode_FromFormat("<Message number %llu, %zu bytes>", number, self->raw.size);
}

static PyMethodDef methods[] = {
    METHOD(Message, get_flatbuffer, message_get_flatbuffer, KEYWORDS),
    METHOD(Message, verify, message_verify, KEYWORDS),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    PROPERTY(Message, data, data),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_Message},
    {Py_tp_dealloc, message_dealloc},
    {Py_tp_repr, repr},
    {Py_tp_methods, methods},
    {Py_tp_getset, getset},
    {Py_sq_length, length},
    {Py_bf_getbuffer, getbuffer},
    {Py_bf_releasebuffer, releasebuffer},
    {0, NULL},
};

PyType_Spec message_spec = {
    .name = "fast_impl.Message",
    .basicsize = sizeof(message_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
