/* ConsumerHandle (§6): its queries, its close and its move. */
#include "handles.h"

static consumer_object *handle_of(handles_state *state, consumer_endpoint *endpoint) {
  consumer_object *self = PyObject_New(consumer_object, state->consumer);
  if (!self) return NULL;
  ONE_MORE(endpoint->references);
  self->state = state;
  self->endpoint = endpoint;
  self->weak_references = NULL;
  atomic_init(&self->moved, false);
  return self;
}

PyObject *consumer_new(handles_state *state, bool logged) {
  consumer_endpoint *endpoint = PyMem_Calloc(1, sizeof *endpoint);
  if (!endpoint) return PyErr_NoMemory();
  endpoint->references = endpoint->owners = 1;
  endpoint->state = state;
  endpoint->logged = logged;
  end_list(state->open, &endpoint->listed, false);
  PyObject *self = (PyObject *)handle_of(state, endpoint);
  consumer_endpoint_drop(endpoint);
  return self;
}

static bool begin(consumer_endpoint *endpoint) {
  pin_live_exports(endpoint);
  endpoint->closed = true; /* see keep_ready */
  return omni_consumer_close_begin(endpoint->handle);
}

/* The rest of a close that has begun. Releases the GIL only if it has to wait for a thread that is inside. */
static void finish(consumer_endpoint *endpoint, bool inside) {
  if (inside) {
    PyThreadState *thread = gil_give(endpoint->state);
    omni_consumer_close_end(endpoint->handle);
    gil_take(endpoint->state, thread);
  }
  Py_XDECREF(exchange(&endpoint->ready, NULL)); /* it refers to the endpoint */
}

void consumer_endpoint_leave(consumer_endpoint *endpoint) {
  if (ONE_LESS(endpoint->owners) == 0 && endpoint->handle) { /* LIF-1; also where a call is still inside */
    finish(endpoint, begin(endpoint));
    log_consumer_end(endpoint, NULL);
  }
  consumer_endpoint_drop(endpoint);
}

static void consumer_dealloc(consumer_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);
  if (IS_SET(self->moved)) consumer_endpoint_drop(self->endpoint);
  else consumer_endpoint_leave(self->endpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *close_by(consumer_object *self, const char *how) {
  consumer_endpoint *endpoint = self->endpoint;
  bool inside = false, active;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  active = !IS_SET(self->moved) && endpoint->handle;
  if (active) inside = begin(endpoint);
  Py_END_CRITICAL_SECTION();
  if (active) finish(endpoint, inside);
  if (active && log_consumer_end(endpoint, how) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *close_(consumer_object *self, PyObject *Py_UNUSED(unused)) { return close_by(self, "close()"); }

static PyObject *leave_block(consumer_object *self, PyObject *Py_UNUSED(exception)) {
  return close_by(self, "its with block");
}

static PyObject *move(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  consumer_object *moved = handle_of(self->state, self->endpoint);
  if (!moved) return NULL;
  Py_BEGIN_CRITICAL_SECTION(self);
  atomic_init(&moved->moved, IS_SET(self->moved));
  SET(self->moved);
  Py_END_CRITICAL_SECTION();
  return (PyObject *)moved;
}

static PyObject *detach(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  consumer_endpoint *endpoint = self->endpoint;
  uint64_t token;
  int code = OMNI_EXPIRED;
  Py_BEGIN_CRITICAL_SECTION(self);
  if (!IS_SET(self->moved)) {
    pin_live_exports(endpoint);
    /* A NativeHandle is made under the same lock, so none comes in between */
    code = endpoint->owners > 1 ? OMNI_PINNED : omni_consumer_detach(endpoint->handle, &token);
    if (code == 0) {
      SET(endpoint->detached);
      endpoint->closed = true; /* see keep_ready */
      SET(self->moved);
    }
  }
  Py_END_CRITICAL_SECTION();
  if (code == 0) Py_XDECREF(exchange(&endpoint->ready, NULL)); /* it refers to the endpoint */
  if (code == 0) return PyLong_FromUnsignedLongLong(token);
  size_t size;
  const char *name = omni_consumer_name(endpoint->handle, &size);
  return raise_by(endpoint->state->undetached, "(isy#)", code, "consumer", name, (Py_ssize_t)size);
}

static PyObject *fileno_(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  consumer_endpoint *endpoint = self->endpoint;
  int number = OMNI_EXPIRED, why = 0;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  if (!IS_SET(self->moved)) number = omni_consumer_fileno(endpoint->handle), why = errno;
  Py_END_CRITICAL_SECTION();
  if (number >= 0) return PyLong_FromLong(number);
  size_t size;
  const char *name = omni_consumer_name(endpoint->handle, &size);
  return raise_by(endpoint->state->no_descriptor, "(iisy#)", number, why, "consumer", name, (Py_ssize_t)size);
}

static PyObject *claim(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  int code = OMNI_EXPIRED;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  if (!IS_SET(self->moved)) code = omni_consumer_claim(self->endpoint->handle);
  Py_END_CRITICAL_SECTION();
  if (code == 0) return Py_NewRef(self);
  if (code == OMNI_EXPIRED) Py_RETURN_NONE;
  return refuse_consumer(self->endpoint, code);
}

/* Also after a move: what was claimed is the endpoint. While it is, nobody can detach it. */
static PyObject *unclaim(consumer_object *self, PyObject *Py_UNUSED(claim)) {
  omni_consumer_unclaim(self->endpoint->handle);
  Py_RETURN_NONE;
}

static PyObject *is_connected(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyBool_FromLong(receives(self) && omni_consumer_is_connected(self->endpoint->handle));
}

static PyObject *capacity(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(receives(self) ? omni_consumer_capacity(self->endpoint->handle) : 0);
}

static PyObject *max_message_size(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(receives(self) ? omni_consumer_max_message_size(self->endpoint->handle) : 0);
}

static PyObject *available_messages(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(receives(self) ? omni_consumer_available_messages(self->endpoint->handle) : 0);
}

static PyObject *get_stats(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  omni_handle_stats stats = {0, 0, 0};
  if (receives(self)) omni_consumer_get_stats(self->endpoint->handle, &stats);
  return stats_of(self->state->consumer_stats, &stats);
}

PyObject *consumer_snapshot(const consumer_object *self) {
  const consumer_endpoint *endpoint = self->endpoint;
  omni_channel_info info;
  size_t size;
  const char *name = omni_consumer_name(endpoint->handle, &size);
  omni_consumer_get_info(endpoint->handle, &info);
  return snapshot_of(name, size, IS_SET(self->moved) || IS_SET(endpoint->detached),
                     omni_consumer_is_inherited(endpoint->handle), &info, false);
}

static PyObject *snapshot(consumer_object *self, PyObject *Py_UNUSED(unused)) { return consumer_snapshot(self); }

static PyObject *repr(consumer_object *self) {
  return PyObject_CallFunction(self->state->represent, "sN", "consumer", consumer_snapshot(self));
}

static PyObject *name(consumer_object *self, void *Py_UNUSED(closure)) {
  size_t size;
  const char *bytes = omni_consumer_name(self->endpoint->handle, &size);
  return name_of(bytes, size);
}

static PyObject *native_handle(consumer_object *self, void *Py_UNUSED(closure)) {
  PyObject *native;
  consumer_endpoint *endpoint;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  endpoint = receives(self);
  if (endpoint) {
    SET(endpoint->native);
    pin_live_exports(endpoint);
  }
  native = native_new(self->state, NULL, endpoint);
  Py_END_CRITICAL_SECTION();
  return native;
}

static PyObject *aiter(PyObject *self) { return PyObject_CallMethod(self, "_payloads", NULL); }

static PyMethodDef methods[] = {
    METHOD(ConsumerHandle, try_pop, consumer_try_pop, METH_NOARGS),
    METHOD(ConsumerHandle, blocking_pop, consumer_blocking_pop, KEYWORDS),
    METHOD(ConsumerHandle, batch_pop, consumer_batch_pop, KEYWORDS),
    METHOD(ConsumerHandle, batch_pop_buffer, consumer_batch_pop_buffer, KEYWORDS),
    METHOD(ConsumerHandle, receive, consumer_receive, KEYWORDS),
    METHOD(ConsumerHandle, receive_many, consumer_receive_many, KEYWORDS),
    METHOD(ConsumerHandle, wait, consumer_wait, KEYWORDS),
    METHOD(ConsumerHandle, is_connected, is_connected, METH_NOARGS),
    METHOD(ConsumerHandle, capacity, capacity, METH_NOARGS),
    METHOD(ConsumerHandle, max_message_size, max_message_size, METH_NOARGS),
    METHOD(ConsumerHandle, available_messages, available_messages, METH_NOARGS),
    METHOD(ConsumerHandle, get_stats, get_stats, METH_NOARGS),
    METHOD(ConsumerHandle, move, move, METH_NOARGS),
    METHOD(ConsumerHandle, detach, detach, METH_NOARGS),
    METHOD(ConsumerHandle, close, close_, METH_NOARGS),
    METHOD(ConsumerHandle, fileno, fileno_, METH_NOARGS),
    {"_pop_bytes", CALL(consumer_pop_bytes), KEYWORDS, NULL},
    {"_claim", CALL(claim), METH_NOARGS, NULL},
    {"_unclaim", CALL(unclaim), METH_O, NULL},
    {"__exit__", CALL(leave_block), METH_VARARGS, NULL},
    {"_snapshot", CALL(snapshot), METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    PROPERTY(ConsumerHandle, name, name),
    PROPERTY(ConsumerHandle, native_handle, native_handle),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(consumer_object, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_ConsumerHandle},
    {Py_tp_dealloc, consumer_dealloc},
    {Py_tp_repr, repr},
    {Py_tp_iter, consumer_iter},
    {Py_am_aiter, aiter},
    {Py_tp_methods, methods},
    {Py_tp_getset, getset},
    {Py_tp_members, members},
    {0, NULL},
};

PyType_Spec consumer_spec = {
    .name = "fast_impl.ConsumerHandle",
    .basicsize = sizeof(consumer_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
