/* A popped message, read where it lies (§6.1). */
#include <string.h>

#include "handles.h"

enum { FREE_MESSAGES = 1024 }; /* kept for pops to come */

PyObject *message_new(receiving_end *end, const omni_message *raw) {
  handles_state *state = end->state;
  message_object *self = state->free_messages;
  if (LIKELY(self != NULL)) {
    state->free_messages = self->next;
    state->free_message_count--;
    Py_SET_REFCNT((PyObject *)self, 1);
  } else {
    self = PyObject_New(message_object, state->message);
    if (!self) return NULL;
  }
  end->references++;
  self->end = end;
  self->raw = *raw;
  self->exports = 0;
  self->pinned = false;
  self->previous = NULL;
  return (PyObject *)self;
}

static void message_dealloc(message_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  receiving_end *end = self->end;
  handles_state *state = end->state;
  if (LIKELY(state->free_message_count < FREE_MESSAGES)) { /* with its reference to the type */
    self->next = state->free_messages;
    state->free_messages = self;
    state->free_message_count++;
    receiving_end_drop(end);
    return;
  }
  PyObject_Free(self);
  receiving_end_drop(end);
  Py_DECREF(type); /* last: `state` lives by it */
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

static bool is_readable(const receiving_end *end, const omni_message *raw) {
  return LIKELY(omni_message_is_readable(end->handle, raw));
}

static PyObject *expired(const receiving_end *end) { return raise_by(end->state->expired, "()"); }

/* Without the GIL, so that another thread may pop meanwhile: pinned. */
static PyObject *copy_large(receiving_end *end, const omni_message *raw) {
  if (omni_message_pin(end->handle, raw) != 0) return expired(end);
  end->references++;
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)raw->size);
  if (bytes) {
    Py_BEGIN_ALLOW_THREADS;
    memcpy(PyBytes_AS_STRING(bytes), raw->data, raw->size);
    Py_END_ALLOW_THREADS;
  }
  omni_message_unpin(end->handle, raw->number);
  receiving_end_drop(end);
  return bytes;
}

PyObject *message_copy(receiving_end *end, const omni_message *raw) {
  if (UNLIKELY(raw->size >= LARGE_COPY)) return copy_large(end, raw);
  if (!is_readable(end, raw)) return expired(end);
  PyObject *bytes = PyBytes_FromStringAndSize((const char *)raw->data, (Py_ssize_t)raw->size);
  /* Again: threads of Python cannot have popped meanwhile, but native ones need no GIL for it [MSG-2]. */
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if (LIKELY(is_readable(end, raw))) return bytes;
  Py_XDECREF(bytes);
  return expired(end);
}

static Py_ssize_t length(message_object *self) {
  if (is_readable(self->end, &self->raw)) return (Py_ssize_t)self->raw.size;
  expired(self->end);
  return -1;
}

/* ---- exports ---- */

static void list(message_object *self) {
  self->next = self->end->exported;
  self->previous = &self->end->exported;
  if (self->next) self->next->previous = &self->next;
  self->end->exported = self;
}

static void unlist(message_object *self) {
  *self->previous = self->next; /* NOLINT(clang-analyzer-core.NullDereference): set while it is listed */
  if (self->next) self->next->previous = self->previous;
  self->previous = NULL;
}

static void unpin(message_object *self) {
  if (self->pinned) omni_message_unpin(self->end->handle, self->raw.number);
  self->pinned = false;
}

void pin_exported(receiving_end *end) {
  while (end->exported) {
    message_object *message = end->exported;
    unlist(message);
    message->pinned = omni_message_pin(end->handle, &message->raw) == 0; /* it is: nobody has popped or closed since */
  }
}

static int getbuffer(message_object *self, Py_buffer *view, int flags) {
  receiving_end *end = self->end;
  bool first = self->exports == 0;
  view->obj = NULL;
  if (UNLIKELY(first && end->native)) self->pinned = omni_message_pin(end->handle, &self->raw) == 0;
  if (!is_readable(end, &self->raw) || (end->native && !self->pinned)) {
    expired(end);
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
  if (!is_readable(self->end, &self->raw)) return PyUnicode_FromFormat("<Message number %llu, expired>", number);
  return PyUnicode_FromFormat("<Message number %llu, %zu bytes>", number, self->raw.size);
}

static PyMethodDef methods[] = {
    {"get_flatbuffer", CALL(message_get_flatbuffer), KEYWORDS,
     "get_flatbuffer($self, T, /, *, size_prefixed=False, file_identifier=None)\n--\n\n"
     "The message's root table, of the class T that `flatc` generated, read where it lies (§6.1) [FLB-3].\n\n"
     "It holds on to the message as any view does [MSG-3]. Raises MessageExpiredError [MSG-2], and\n"
     "ValueError for another file identifier, a wrong size prefix, or too few bytes."},
    {"verify", CALL(message_verify), KEYWORDS,
     "verify($self, T, /, *, size_prefixed=False, file_identifier=None, max_depth=64, max_tables=1000000)\n--\n\n"
     "Whether the message is well-formed for T, as the C++ Verifier judges (§6.1) [FLB-4].\n\n"
     "Raises MessageExpiredError [MSG-2], and an error where the schema of T is not known."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"data", data, NULL, "A new read-only view of the message in the ring, not a copy [MSG-4].", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "Bytes in the ring, readable until the consumer's next pop or close [MSG-1].\n\n"
     "Reading it later raises MessageExpiredError [MSG-2]; a view taken in time stays valid [MSG-3]."},
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
