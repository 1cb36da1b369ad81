/* ProducerHandle (§5): its queries, its close and its move. */
#include "handles.h"

static producer_object *handle_of(handles_state *state, producer_endpoint *endpoint) {
  producer_object *self = PyObject_New(producer_object, state->producer);
  if (!self) return NULL;
  ONE_MORE(endpoint->references);
  self->state = state;
  self->endpoint = endpoint;
  self->weak_references = NULL;
  atomic_init(&self->moved, false);
  return self;
}

PyObject *producer_new(handles_state *state, bool logged) {
  producer_endpoint *endpoint = PyMem_Calloc(1, sizeof *endpoint);
  if (!endpoint) return PyErr_NoMemory();
  endpoint->references = endpoint->owners = 1;
  endpoint->state = state;
  endpoint->logged = logged;
  MAKE_LOCK(endpoint);
  end_list(state->open, &endpoint->listed, true);
  PyObject *self = (PyObject *)handle_of(state, endpoint);
  producer_endpoint_drop(endpoint);
  return self;
}

/* After a close or a detach: the two hold each other. */
static void drop_reservation(producer_endpoint *endpoint) {
  LOCK(endpoint);
  reservation_object *reservation = endpoint->reservation;
  endpoint->reservation = NULL;
  UNLOCK(endpoint);
  if (!reservation) return;
  PyObject *kind, *error, *trace;
  PyErr_Fetch(&kind, &error, &trace); /* a handle may end while an exception is being raised */
  if (reservation_release(reservation) < 0) PyErr_Clear();
  PyErr_Restore(kind, error, trace);
  Py_DECREF(reservation);
}

/* The rest of a close that has begun. Releases the GIL only if it has to wait for a thread that is inside. */
static void finish(producer_endpoint *endpoint, bool inside) {
  if (inside) {
    PyThreadState *thread = gil_give(endpoint->state);
    omni_producer_close_end(endpoint->handle);
    gil_take(endpoint->state, thread);
  }
  drop_reservation(endpoint);
}

void producer_endpoint_leave(producer_endpoint *endpoint) {
  if (ONE_LESS(endpoint->owners) == 0 && endpoint->handle) { /* LIF-1; also where a call is still inside */
    finish(endpoint, omni_producer_close_begin(endpoint->handle));
    log_producer_end(endpoint, NULL);
  }
  producer_endpoint_drop(endpoint);
}

static void producer_dealloc(producer_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);
  if (IS_SET(self->moved)) producer_endpoint_drop(self->endpoint);
  else producer_endpoint_leave(self->endpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *close_by(producer_object *self, const char *how) {
  producer_endpoint *endpoint = self->endpoint;
  bool inside = false, active;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  active = !IS_SET(self->moved) && endpoint->handle;
  if (active) inside = omni_producer_close_begin(endpoint->handle);
  Py_END_CRITICAL_SECTION();
  if (active) finish(endpoint, inside);
  if (active && log_producer_end(endpoint, how) < 0) return NULL;
  Py_RETURN_NONE;
}

static PyObject *close_(producer_object *self, PyObject *Py_UNUSED(unused)) { return close_by(self, "close()"); }

static PyObject *leave_block(producer_object *self, PyObject *Py_UNUSED(exception)) {
  return close_by(self, "its with block");
}

static PyObject *move(producer_object *self, PyObject *Py_UNUSED(unused)) {
  producer_object *moved = handle_of(self->state, self->endpoint);
  if (!moved) return NULL;
  Py_BEGIN_CRITICAL_SECTION(self);
  atomic_init(&moved->moved, IS_SET(self->moved));
  SET(self->moved);
  Py_END_CRITICAL_SECTION();
  return (PyObject *)moved;
}

static PyObject *detach(producer_object *self, PyObject *Py_UNUSED(unused)) {
  producer_endpoint *endpoint = self->endpoint;
  uint64_t token;
  int code = OMNI_EXPIRED;
  Py_BEGIN_CRITICAL_SECTION(self);
  if (!IS_SET(self->moved)) {
    /* A NativeHandle is made under the same lock, so none comes in between */
    code = endpoint->owners > 1 ? OMNI_PINNED : omni_producer_detach(endpoint->handle, &token);
    if (code == 0) {
      SET(endpoint->detached);
      SET(self->moved);
    }
  }
  Py_END_CRITICAL_SECTION();
  if (code == 0) {
    drop_reservation(endpoint); /* one that has ended */
    return PyLong_FromUnsignedLongLong(token);
  }
  size_t size;
  const char *name = omni_producer_name(endpoint->handle, &size);
  return raise_by(endpoint->state->undetached, "(isy#)", code, "producer", name, (Py_ssize_t)size);
}

static PyObject *fileno_(producer_object *self, PyObject *Py_UNUSED(unused)) {
  producer_endpoint *endpoint = self->endpoint;
  int number = OMNI_EXPIRED, why = 0;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  if (!IS_SET(self->moved)) number = omni_producer_fileno(endpoint->handle), why = errno;
  Py_END_CRITICAL_SECTION();
  if (number >= 0) return PyLong_FromLong(number);
  size_t size;
  const char *name = omni_producer_name(endpoint->handle, &size);
  return raise_by(endpoint->state->no_descriptor, "(iisy#)", number, why, "producer", name, (Py_ssize_t)size);
}

static PyObject *claim(producer_object *self, PyObject *Py_UNUSED(unused)) {
  int code = OMNI_EXPIRED;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  if (!IS_SET(self->moved)) code = omni_producer_claim(self->endpoint->handle);
  Py_END_CRITICAL_SECTION();
  if (code == 0) return Py_NewRef(self);
  if (code == OMNI_EXPIRED) Py_RETURN_NONE;
  return refuse_producer(self->endpoint, code);
}

/* Also after a move: what was claimed is the endpoint. While it is, nobody can detach it. */
static PyObject *unclaim(producer_object *self, PyObject *Py_UNUSED(claim)) {
  omni_producer_unclaim(self->endpoint->handle);
  Py_RETURN_NONE;
}

static PyObject *is_connected(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyBool_FromLong(sends(self) && omni_producer_is_connected(self->endpoint->handle));
}

static PyObject *capacity(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(sends(self) ? omni_producer_capacity(self->endpoint->handle) : 0);
}

static PyObject *max_message_size(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(sends(self) ? omni_producer_max_message_size(self->endpoint->handle) : 0);
}

static PyObject *available_slots(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(sends(self) ? omni_producer_available_slots(self->endpoint->handle) : 0);
}

static PyObject *get_stats(producer_object *self, PyObject *Py_UNUSED(unused)) {
  omni_handle_stats stats = {0, 0, 0};
  if (sends(self)) omni_producer_get_stats(self->endpoint->handle, &stats);
  return stats_of(self->state->producer_stats, &stats);
}

PyObject *producer_snapshot(const producer_object *self) {
  const producer_endpoint *endpoint = self->endpoint;
  omni_channel_info info;
  size_t size;
  const char *name = omni_producer_name(endpoint->handle, &size);
  omni_producer_get_info(endpoint->handle, &info);
  return snapshot_of(name, size, IS_SET(self->moved) || IS_SET(endpoint->detached),
                     omni_producer_is_inherited(endpoint->handle), &info, true);
}

static PyObject *snapshot(producer_object *self, PyObject *Py_UNUSED(unused)) { return producer_snapshot(self); }

static PyObject *repr(producer_object *self) {
  return PyObject_CallFunction(self->state->represent, "sN", "producer", producer_snapshot(self));
}

static PyObject *name(producer_object *self, void *Py_UNUSED(closure)) {
  size_t size;
  const char *bytes = omni_producer_name(self->endpoint->handle, &size);
  return name_of(bytes, size);
}

static PyObject *native_handle(producer_object *self, void *Py_UNUSED(closure)) {
  PyObject *native;
  Py_BEGIN_CRITICAL_SECTION(self); /* before a detach, or not at all */
  native = native_new(self->state, sends(self), NULL);
  Py_END_CRITICAL_SECTION();
  return native;
}

static PyMethodDef methods[] = {
    METHOD(ProducerHandle, try_push, producer_try_push, KEYWORDS),
    METHOD(ProducerHandle, blocking_push, producer_blocking_push, KEYWORDS),
    METHOD(ProducerHandle, batch_push, producer_batch_push, KEYWORDS),
    METHOD(ProducerHandle, send_many, producer_send_many, KEYWORDS),
    METHOD(ProducerHandle, wait, producer_wait, KEYWORDS),
    {"_reserve", CALL(producer_try_reserve), METH_FASTCALL, NULL},
#ifdef OMNI_POINTS
    {"_interruption_points", interruption_points, METH_O | METH_STATIC, NULL},
#endif
    METHOD(ProducerHandle, reserve, producer_reserve, KEYWORDS),
    METHOD(ProducerHandle, commit, producer_commit, KEYWORDS),
    METHOD(ProducerHandle, rollback, producer_rollback, METH_NOARGS),
    METHOD(ProducerHandle, send, producer_send, KEYWORDS),
    METHOD(ProducerHandle, is_connected, is_connected, METH_NOARGS),
    METHOD(ProducerHandle, capacity, capacity, METH_NOARGS),
    METHOD(ProducerHandle, max_message_size, max_message_size, METH_NOARGS),
    METHOD(ProducerHandle, available_slots, available_slots, METH_NOARGS),
    METHOD(ProducerHandle, get_stats, get_stats, METH_NOARGS),
    METHOD(ProducerHandle, move, move, METH_NOARGS),
    METHOD(ProducerHandle, detach, detach, METH_NOARGS),
    METHOD(ProducerHandle, close, close_, METH_NOARGS),
    METHOD(ProducerHandle, fileno, fileno_, METH_NOARGS),
    {"_claim", CALL(claim), METH_NOARGS, NULL},
    {"_unclaim", CALL(unclaim), METH_O, NULL},
    {"__exit__", CALL(leave_block), METH_VARARGS, NULL},
    {"_snapshot", CALL(snapshot), METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    PROPERTY(ProducerHandle, name, name),
    PROPERTY(ProducerHandle, native_handle, native_handle),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(producer_object, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_ProducerHandle}, {Py_tp_dealloc, producer_dealloc}, {Py_tp_repr, repr}, {Py_tp_methods, methods},
    {Py_tp_getset, getset},          {Py_tp_members, members},          {0, NULL},
};

PyType_Spec producer_spec = {
    .name = "fast_impl.ProducerHandle",
    .basicsize = sizeof(producer_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
