/* ProducerHandle (§5): its queries, its close and its move. */
#include "handles.h"

static PyObject *handle_of(handles_state *state, producer_endpoint *endpoint) {
  producer_object *self = PyObject_New(producer_object, state->producer);
  if (!self) return NULL;
  self->state = state;
  self->endpoint = endpoint;
  self->weak_references = NULL;
  return (PyObject *)self;
}

PyObject *producer_new(handles_state *state) {
  PyObject *self = handle_of(state, NULL);
  producer_endpoint *endpoint = self ? PyMem_New(producer_endpoint, 1) : NULL;
  if (endpoint) {
    *endpoint = (producer_endpoint){.references = 1, .owners = 1, .state = state};
    ((producer_object *)self)->endpoint = endpoint;
    return self;
  }
  Py_XDECREF(self);
  return self ? PyErr_NoMemory() : NULL;
}

/* Releases the GIL only if it has to wait for a thread that is inside. The caller holds a reference. */
static void endpoint_close(producer_endpoint *endpoint) {
  if (endpoint->handle && omni_producer_close_begin(endpoint->handle)) {
    PyThreadState *thread = gil_give();
    omni_producer_close_end(endpoint->handle);
    gil_take(thread);
  }
  reservation_object *reservation = endpoint->reservation;
  if (!reservation) return;
  endpoint->reservation = NULL;
  PyObject *kind, *error, *trace;
  PyErr_Fetch(&kind, &error, &trace); /* a handle may end while an exception is being raised */
  if (reservation_release(reservation) < 0) PyErr_Clear();
  PyErr_Restore(kind, error, trace);
  Py_DECREF(reservation);
}

void producer_endpoint_leave(producer_endpoint *endpoint) {
  if (--endpoint->owners == 0) endpoint_close(endpoint); /* LIF-1; also where a call is still inside */
  producer_endpoint_drop(endpoint);
}

static void producer_dealloc(producer_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);
  if (self->endpoint) producer_endpoint_leave(self->endpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *close_(producer_object *self, PyObject *Py_UNUSED(unused)) {
  producer_endpoint *endpoint = self->endpoint;
  if (endpoint) {
    endpoint->references++;
    endpoint_close(endpoint);
    producer_endpoint_drop(endpoint);
  }
  Py_RETURN_NONE;
}

static PyObject *move(producer_object *self, PyObject *Py_UNUSED(unused)) {
  PyObject *moved = handle_of(self->state, NULL);
  if (!moved) return NULL;
  ((producer_object *)moved)->endpoint = self->endpoint;
  self->endpoint = NULL;
  return moved;
}

static PyObject *is_connected(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyBool_FromLong(self->endpoint && omni_producer_is_connected(self->endpoint->handle));
}

static PyObject *capacity(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->endpoint ? omni_producer_capacity(self->endpoint->handle) : 0);
}

static PyObject *max_message_size(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->endpoint ? omni_producer_max_message_size(self->endpoint->handle) : 0);
}

static PyObject *available_slots(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->endpoint ? omni_producer_available_slots(self->endpoint->handle) : 0);
}

static PyObject *get_stats(producer_object *self, PyObject *Py_UNUSED(unused)) {
  omni_handle_stats stats = {0, 0, 0};
  if (self->endpoint) omni_producer_get_stats(self->endpoint->handle, &stats);
  return stats_of(self->state->producer_stats, &stats);
}

static PyObject *native_handle(producer_object *self, void *Py_UNUSED(closure)) {
  return native_new(self->state, self->endpoint, NULL);
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
    METHOD(ProducerHandle, close, close_, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    PROPERTY(ProducerHandle, native_handle, native_handle),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(producer_object, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_ProducerHandle}, {Py_tp_dealloc, producer_dealloc}, {Py_tp_methods, methods},
    {Py_tp_getset, getset},          {Py_tp_members, members},          {0, NULL},
};

PyType_Spec producer_spec = {
    .name = "fast_impl.ProducerHandle",
    .basicsize = sizeof(producer_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
