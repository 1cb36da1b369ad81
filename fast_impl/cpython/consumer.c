/* ConsumerHandle (§6): its queries, its close and its move. */
#include "handles.h"

static PyObject *handle_of(handles_state *state, consumer_endpoint *endpoint) {
  consumer_object *self = PyObject_New(consumer_object, state->consumer);
  if (!self) return NULL;
  self->state = state;
  self->endpoint = endpoint;
  self->weak_references = NULL;
  return (PyObject *)self;
}

PyObject *consumer_new(handles_state *state) {
  PyObject *self = handle_of(state, NULL);
  consumer_endpoint *endpoint = self ? PyMem_New(consumer_endpoint, 1) : NULL;
  if (endpoint) {
    *endpoint = (consumer_endpoint){.references = 1, .owners = 1, .state = state};
    ((consumer_object *)self)->endpoint = endpoint;
    return self;
  }
  Py_XDECREF(self);
  return self ? PyErr_NoMemory() : NULL;
}

/* Releases the GIL only if it has to wait for a thread that is inside. The caller holds a reference. */
static void endpoint_close(consumer_endpoint *endpoint) {
  pin_live_exports(endpoint);
  endpoint->closed = true;
  if (endpoint->handle && omni_consumer_close_begin(endpoint->handle)) {
    PyThreadState *thread = gil_give();
    omni_consumer_close_end(endpoint->handle);
    gil_take(thread);
  }
  Py_CLEAR(endpoint->ready);
  Py_CLEAR(endpoint->given[0]);
  Py_CLEAR(endpoint->given[1]);
}

void consumer_endpoint_leave(consumer_endpoint *endpoint) {
  if (--endpoint->owners == 0) endpoint_close(endpoint); /* LIF-1; also where a call is still inside */
  consumer_endpoint_drop(endpoint);
}

static void consumer_dealloc(consumer_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);
  if (self->endpoint) consumer_endpoint_leave(self->endpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *close_(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  consumer_endpoint *endpoint = self->endpoint;
  if (endpoint) {
    endpoint->references++;
    endpoint_close(endpoint);
    consumer_endpoint_drop(endpoint);
  }
  Py_RETURN_NONE;
}

static PyObject *move(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  PyObject *moved = handle_of(self->state, NULL);
  if (!moved) return NULL;
  ((consumer_object *)moved)->endpoint = self->endpoint;
  self->endpoint = NULL;
  return moved;
}

static PyObject *is_connected(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyBool_FromLong(self->endpoint && omni_consumer_is_connected(self->endpoint->handle));
}

static PyObject *capacity(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->endpoint ? omni_consumer_capacity(self->endpoint->handle) : 0);
}

static PyObject *max_message_size(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->endpoint ? omni_consumer_max_message_size(self->endpoint->handle) : 0);
}

static PyObject *available_messages(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->endpoint ? omni_consumer_available_messages(self->endpoint->handle) : 0);
}

static PyObject *get_stats(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  omni_handle_stats stats = {0, 0, 0};
  if (self->endpoint) omni_consumer_get_stats(self->endpoint->handle, &stats);
  return stats_of(self->state->consumer_stats, &stats);
}

static PyObject *native_handle(consumer_object *self, void *Py_UNUSED(closure)) {
  if (self->endpoint) {
    self->endpoint->native = true;
    pin_live_exports(self->endpoint);
  }
  return native_new(self->state, NULL, self->endpoint);
}

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
    METHOD(ConsumerHandle, close, close_, METH_NOARGS),
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
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
    {Py_tp_iter, consumer_iter},
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
