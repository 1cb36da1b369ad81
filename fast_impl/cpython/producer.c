/* ProducerHandle (§5): its queries, its close and its move. */
#include "handles.h"

static PyObject *producer_new(handles_state *state, producer_endpoint *endpoint) {
  producer_object *self = PyObject_New(producer_object, state->producer);
  if (!self) return NULL;
  self->state = state;
  self->endpoint = endpoint;
  self->weak_references = NULL;
  return (PyObject *)self;
}

PyObject *producer_made(handles_state *state, omni_producer *handle) {
  producer_endpoint *endpoint = PyMem_New(producer_endpoint, 1);
  PyObject *self = NULL;
  if (endpoint) {
    *endpoint = (producer_endpoint){.references = 1, .state = state, .handle = handle};
    self = producer_new(state, endpoint);
    if (self) return self;
    PyMem_Free(endpoint);
  }
  omni_producer_free(handle);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* With the GIL, so that no other thread is reading or writing what goes; a thread inside a call leaves without it. */
static void endpoint_close(producer_endpoint *endpoint) {
  omni_producer_close(endpoint->handle);
  reservation_object *reservation = endpoint->reservation;
  if (!reservation) return;
  endpoint->reservation = NULL;
  reservation_end(reservation);
  Py_DECREF(reservation);
}

static void producer_dealloc(producer_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);
  if (self->endpoint) {
    endpoint_close(self->endpoint); /* LIF-1; also where a call is still inside, since the handle was moved */
    producer_endpoint_drop(self->endpoint);
  }
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

static PyObject *exit_(producer_object *self, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs)) {
  return close_(self, NULL);
}

static PyObject *move(producer_object *self, PyObject *Py_UNUSED(unused)) {
  PyObject *moved = producer_new(self->state, NULL);
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

static PyObject *get_config(producer_object *self, PyObject *Py_UNUSED(unused)) {
  if (!self->endpoint) return config_of(self->state, 0, 0);
  const omni_producer *handle = self->endpoint->handle;
  return config_of(self->state, omni_producer_capacity(handle), omni_producer_max_message_size(handle));
}

static PyObject *get_stats(producer_object *self, PyObject *Py_UNUSED(unused)) {
  omni_handle_stats stats = {0, 0, 0};
  if (self->endpoint) omni_producer_get_stats(self->endpoint->handle, &stats);
  return stats_of(self->state->producer_stats, &stats);
}

static PyObject *native_handle(producer_object *self, void *Py_UNUSED(closure)) {
  return PyLong_FromVoidPtr(self->endpoint ? self->endpoint->handle : NULL);
}

static PyMethodDef methods[] = {
    METHOD(ProducerHandle, try_push, producer_try_push, KEYWORDS),
    METHOD(ProducerHandle, blocking_push, producer_blocking_push, KEYWORDS),
    METHOD(ProducerHandle, batch_push, producer_batch_push, KEYWORDS),
    METHOD(ProducerHandle, reserve, producer_reserve, KEYWORDS),
    METHOD(ProducerHandle, commit, producer_commit, KEYWORDS),
    METHOD(ProducerHandle, rollback, producer_rollback, METH_NOARGS),
    METHOD(ProducerHandle, build, producer_build, KEYWORDS),
    METHOD(ProducerHandle, send, producer_send, KEYWORDS),
    METHOD(ProducerHandle, is_connected, is_connected, METH_NOARGS),
    METHOD(ProducerHandle, capacity, capacity, METH_NOARGS),
    METHOD(ProducerHandle, max_message_size, max_message_size, METH_NOARGS),
    METHOD(ProducerHandle, available_slots, available_slots, METH_NOARGS),
    METHOD(ProducerHandle, get_config, get_config, METH_NOARGS),
    METHOD(ProducerHandle, get_stats, get_stats, METH_NOARGS),
    METHOD(ProducerHandle, move, move, METH_NOARGS),
    METHOD(ProducerHandle, close, close_, METH_NOARGS),
    {"__enter__", CALL(handle_enter), METH_NOARGS, NULL},
    {"__exit__", CALL(exit_), METH_FASTCALL, NULL},
    {"__reduce_ex__", CALL(handle_reduce_ex), METH_O, NULL},
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
