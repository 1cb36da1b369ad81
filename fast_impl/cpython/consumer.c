/* The receiving end of a channel (§6): the handle, its questions, and its end. */
#include "handles.h"

PyObject *consumer_new(handles_state *state, receiving_end *end) {
  consumer_object *self = PyObject_New(consumer_object, state->consumer);
  if (!self) return NULL;
  self->state = state;
  self->end = end;
  self->weak_references = NULL;
  return (PyObject *)self;
}

PyObject *consumer_made(handles_state *state, omni_consumer *handle) {
  receiving_end *end = PyMem_New(receiving_end, 1);
  PyObject *self = NULL;
  if (end) {
    *end = (receiving_end){.references = 1, .state = state, .handle = handle};
    self = consumer_new(state, end);
    if (self) return self;
    PyMem_Free(end);
  }
  omni_consumer_free(handle);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* With the GIL, so that no other thread is reading a message whose memory goes; who is inside leaves without it. */
void receiving_end_close(receiving_end *end) {
  settle(end);
  end->closed = true;
  omni_consumer_close(end->handle);
  PyMem_Free(end->put_aside);
  end->put_aside = NULL;
  end->put_aside_count = 0;
  Py_CLEAR(end->ready);
  Py_CLEAR(end->given[0]);
  Py_CLEAR(end->given[1]);
}

void receiving_end_free(receiving_end *end) {
  omni_consumer_free(end->handle);
  PyMem_Free(end);
}

static void consumer_dealloc(consumer_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);
  if (self->end) {
    receiving_end_close(self->end); /* LIF-1; also where a call is still inside, since the handle was moved */
    receiving_end_drop(self->end);
  }
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *close_(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  receiving_end *end = self->end;
  if (end) {
    end->references++;
    receiving_end_close(end);
    receiving_end_drop(end);
  }
  Py_RETURN_NONE;
}

static PyObject *exit_(consumer_object *self, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs)) {
  return close_(self, NULL);
}

static PyObject *move(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  PyObject *moved = consumer_new(self->state, NULL);
  if (!moved) return NULL;
  ((consumer_object *)moved)->end = self->end;
  self->end = NULL;
  return moved;
}

static PyObject *is_connected(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyBool_FromLong(self->end && omni_consumer_is_connected(self->end->handle));
}

static PyObject *capacity(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->end ? omni_consumer_capacity(self->end->handle) : 0);
}

static PyObject *max_message_size(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->end ? omni_consumer_max_message_size(self->end->handle) : 0);
}

static PyObject *available_messages(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->end ? omni_consumer_available_messages(self->end->handle) : 0);
}

static PyObject *get_config(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  if (!self->end) return config_of(self->state, 0, 0);
  const omni_consumer *handle = self->end->handle;
  return config_of(self->state, omni_consumer_capacity(handle), omni_consumer_max_message_size(handle));
}

static PyObject *get_stats(consumer_object *self, PyObject *Py_UNUSED(unused)) {
  omni_handle_stats stats = {0, 0, 0};
  if (self->end) omni_consumer_get_stats(self->end->handle, &stats);
  return stats_of(self->state->consumer_stats, &stats);
}

static PyObject *native_handle(consumer_object *self, void *Py_UNUSED(closure)) {
  if (!self->end) return PyLong_FromLong(0);
  self->end->native = true;
  settle(self->end);
  return PyLong_FromVoidPtr(self->end->handle);
}

static PyMethodDef methods[] = {
    {"try_pop", CALL(consumer_try_pop), METH_NOARGS,
     "try_pop($self)\n--\n\n"
     "Take the oldest message without waiting (§6.3) [POP-1].\n\n"
     "Raises BufferError where an export forbids it [MSG-3]."},
    {"blocking_pop", CALL(consumer_blocking_pop), KEYWORDS,
     "blocking_pop($self, timeout=None)\n--\n\n"
     "As `try_pop`, waiting up to `timeout` seconds for a message (§6.2) [POP-4].\n\n"
     "Raises also TypeError or ValueError for a bad timeout [ARG-2]."},
    {"batch_pop", CALL(consumer_batch_pop), KEYWORDS,
     "batch_pop($self, max_count, timeout=0)\n--\n\n"
     "Take up to `max_count` messages, waiting up to `timeout` seconds for the first (§6.3) [POP-5].\n\n"
     "Raises BufferError where an export forbids even the first [MSG-3]; TypeError or\n"
     "ValueError for bad arguments [ARG-2, ARG-3]."},
    {"batch_pop_buffer", CALL(consumer_batch_pop_buffer), KEYWORDS,
     "batch_pop_buffer($self, max_count, timeout=0)\n--\n\n"
     "As `batch_pop`, with the messages as one buffer, or None where that gives none."},
    {"receive", CALL(consumer_receive), KEYWORDS,
     "receive($self, timeout=None)\n--\n\n"
     "`blocking_pop` for those who would rather have exceptions: a copy that the caller owns.\n\n"
     "Raises TimeoutError or ChannelClosedError."},
    {"is_connected", CALL(is_connected), METH_NOARGS,
     "is_connected($self)\n--\n\nWhether this handle is active and the producer there (§6.4)."},
    {"capacity", CALL(capacity), METH_NOARGS,
     "capacity($self)\n--\n\nHow many messages fit; 0 once moved from (§6.4) [LIF-5]."},
    {"max_message_size", CALL(max_message_size), METH_NOARGS,
     "max_message_size($self)\n--\n\nBytes of the largest message; 0 once moved from (§6.4) [LIF-5]."},
    {"available_messages", CALL(available_messages), METH_NOARGS,
     "available_messages($self)\n--\n\nHow many messages wait, possibly stale (§6.4) [STA-3]; 0 when inactive."},
    {"get_config", CALL(get_config), METH_NOARGS,
     "get_config($self)\n--\n\nThe normalised configuration; zeros once moved from (§6.4)."},
    {"get_stats", CALL(get_stats), METH_NOARGS,
     "get_stats($self)\n--\n\nThe counters; zeros once moved from (§6.4) [STA-2]."},
    {"move", CALL(move), METH_NOARGS,
     "move($self)\n--\n\nA new handle carrying everything; this one is inactive from now on (§6.5) [LIF-3]."},
    {"close", CALL(close_), METH_NOARGS,
     "close($self)\n--\n\n"
     "End the consumer, from any thread; a blocked producer wakes and sees it (§6.5) [LIF-2, LIF-8]."},
    {"__enter__", CALL(handle_enter), METH_NOARGS, NULL},
    {"__exit__", CALL(exit_), METH_FASTCALL, NULL},
    {"__reduce_ex__", CALL(handle_reduce_ex), METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"native_handle", (getter)native_handle, NULL,
     "The address of the `omni_consumer`, for code that calls the C ABI; 0 once moved from.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(consumer_object, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "Receives messages from a channel (§6). One thread at a time may use it [CON-1].\n\n"
     "A second thread that enters meanwhile gets ConcurrentUseError [CON-2]; `close`, `move`\n"
     "aside, and the queries may be called from any thread. Made by `request_channel`."},
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
