/* The sending end of a channel (§5): the handle, its questions, and its end. */
#include "handles.h"

PyObject *producer_new(handles_state *state, sending_end *end) {
  producer_object *self = PyObject_New(producer_object, state->producer);
  if (!self) return NULL;
  self->state = state;
  self->end = end;
  self->weak_references = NULL;
  return (PyObject *)self;
}

PyObject *producer_made(handles_state *state, omni_producer *handle) {
  sending_end *end = PyMem_New(sending_end, 1);
  PyObject *self = NULL;
  if (end) {
    *end = (sending_end){.references = 1, .state = state, .handle = handle};
    self = producer_new(state, end);
    if (self) return self;
    PyMem_Free(end);
  }
  omni_producer_free(handle);
  return PyErr_Occurred() ? NULL : PyErr_NoMemory();
}

/* With the GIL, so that no other thread is reading or writing what goes; who is inside leaves without it. */
void sending_end_close(sending_end *end) {
  omni_producer_close(end->handle);
  reservation_object *reservation = end->reservation;
  if (!reservation) return;
  end->reservation = NULL;
  reservation_end(reservation);
  Py_DECREF(reservation);
}

void sending_end_drop(sending_end *end) {
  if (--end->references) return;
  omni_producer_free(end->handle);
  PyMem_Free(end);
}

static void producer_dealloc(producer_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);
  if (self->end) {
    sending_end_close(self->end); /* LIF-1; also where a call is still inside, since the handle was moved */
    sending_end_drop(self->end);
  }
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *close_(producer_object *self, PyObject *Py_UNUSED(unused)) {
  sending_end *end = self->end;
  if (end) {
    end->references++;
    sending_end_close(end);
    sending_end_drop(end);
  }
  Py_RETURN_NONE;
}

static PyObject *exit_(producer_object *self, PyObject *const *Py_UNUSED(args), Py_ssize_t Py_UNUSED(nargs)) {
  return close_(self, NULL);
}

static PyObject *move(producer_object *self, PyObject *Py_UNUSED(unused)) {
  PyObject *moved = producer_new(self->state, NULL);
  if (!moved) return NULL;
  ((producer_object *)moved)->end = self->end;
  self->end = NULL;
  return moved;
}

static PyObject *is_connected(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyBool_FromLong(self->end && omni_producer_is_connected(self->end->handle));
}

static PyObject *capacity(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->end ? omni_producer_capacity(self->end->handle) : 0);
}

static PyObject *max_message_size(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->end ? omni_producer_max_message_size(self->end->handle) : 0);
}

static PyObject *available_slots(producer_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromUnsignedLongLong(self->end ? omni_producer_available_slots(self->end->handle) : 0);
}

static PyObject *get_config(producer_object *self, PyObject *Py_UNUSED(unused)) {
  if (!self->end) return config_of(self->state, 0, 0);
  const omni_producer *handle = self->end->handle;
  return config_of(self->state, omni_producer_capacity(handle), omni_producer_max_message_size(handle));
}

static PyObject *get_stats(producer_object *self, PyObject *Py_UNUSED(unused)) {
  omni_handle_stats stats = {0, 0, 0};
  if (self->end) omni_producer_get_stats(self->end->handle, &stats);
  return stats_of(self->state->producer_stats, &stats);
}

static PyObject *native_handle(producer_object *self, void *Py_UNUSED(closure)) {
  return PyLong_FromVoidPtr(self->end ? self->end->handle : NULL);
}

static PyMethodDef methods[] = {
    {"try_push", CALL(producer_try_push), KEYWORDS,
     "try_push($self, data)\n--\n\n"
     "Send a copy of `data`, 1 to max_message_size bytes, without waiting (§5.2) [PSH-1].\n\n"
     "Raises TypeError where `data` is not bytes-like, BufferError where it is not C-contiguous."},
    {"blocking_push", CALL(producer_blocking_push), KEYWORDS,
     "blocking_push($self, data, timeout=None)\n--\n\n"
     "As `try_push`, waiting up to `timeout` seconds for a free slot (§5.1) [PSH-4, PSH-5].\n\n"
     "Raises also TypeError or ValueError for a bad timeout [ARG-2]."},
    {"batch_push", CALL(producer_batch_push), KEYWORDS,
     "batch_push($self, messages)\n--\n\n"
     "Send messages in order until one does not go through; how many did (§5.2) [PSH-6].\n\n"
     "Raises as `try_push`, for any of them, before any is sent [ARG-4]."},
    {"reserve", CALL(producer_reserve), KEYWORDS,
     "reserve($self, n)\n--\n\n"
     "The next free slot, to write at least `n` bytes in place, or None (§5.3) [RSV-1].\n\n"
     "Raises TypeError or ValueError where `n` is no size [ARG-3]."},
    {"commit", CALL(producer_commit), KEYWORDS,
     "commit($self, n, offset=0)\n--\n\n"
     "Send bytes [offset, offset + n) of the reserved region (§5.3) [RSV-3, RSV-4].\n\n"
     "Raises BufferError where an export of the region other than `data` lives; nothing is\n"
     "sent and the reservation stays [RSV-7]. TypeError or ValueError for a bad size [ARG-3]."},
    {"rollback", CALL(producer_rollback), METH_NOARGS,
     "rollback($self)\n--\n\n"
     "Drop the reservation, if there is one (§5.3) [RSV-5].\n\n"
     "Raises BufferError where an export of the region other than `data` lives [RSV-7]."},
    {"build", CALL(producer_build), KEYWORDS,
     "build($self, max_bytes=None)\n--\n\n"
     "Build a FlatBuffer in the next free slot: `with producer.build() as builder:`, an ordinary\n"
     "flatbuffers.Builder. Leaving the block sends the finished message, at most `max_bytes` long,\n"
     "max_message_size without; an exception rolls back (§5.3) [FLB-1].\n\n"
     "Entering raises TimeoutError where no slot is free, RuntimeError with a reservation\n"
     "outstanding, ChannelClosedError, or ValueError where `max_bytes` exceeds the slot; building\n"
     "FlatBufferTooLarge [FLB-2]; leaving ChannelClosedError, or BuilderNotFinishedError\n"
     "without `Finish`."},
    {"send", CALL(producer_send), KEYWORDS,
     "send($self, data, timeout=None)\n--\n\n"
     "`blocking_push` for those who would rather have exceptions.\n\n"
     "Raises TimeoutError, ChannelClosedError, or ValueError for a size that does not fit."},
    {"is_connected", CALL(is_connected), METH_NOARGS,
     "is_connected($self)\n--\n\nWhether this handle is active and the consumer there (§5.4)."},
    {"capacity", CALL(capacity), METH_NOARGS,
     "capacity($self)\n--\n\nHow many messages fit; 0 once moved from (§5.4) [LIF-5]."},
    {"max_message_size", CALL(max_message_size), METH_NOARGS,
     "max_message_size($self)\n--\n\nBytes of the largest message; 0 once moved from (§5.4) [LIF-5]."},
    {"available_slots", CALL(available_slots), METH_NOARGS,
     "available_slots($self)\n--\n\nHow many more messages fit, possibly stale (§5.4) [STA-3]; 0 when inactive."},
    {"get_config", CALL(get_config), METH_NOARGS,
     "get_config($self)\n--\n\nThe normalised configuration; zeros once moved from (§5.4)."},
    {"get_stats", CALL(get_stats), METH_NOARGS,
     "get_stats($self)\n--\n\nThe counters; zeros once moved from (§5.4) [STA-1]."},
    {"move", CALL(move), METH_NOARGS,
     "move($self)\n--\n\nA new handle carrying everything; this one is inactive from now on (§5.5) [LIF-3]."},
    {"close", CALL(close_), METH_NOARGS,
     "close($self)\n--\n\n"
     "End the producer, from any thread; the consumer drains and then sees it (§5.5) [LIF-2, LIF-8]."},
    {"__enter__", CALL(handle_enter), METH_NOARGS, NULL},
    {"__exit__", CALL(exit_), METH_FASTCALL, NULL},
    {"__reduce_ex__", CALL(handle_reduce_ex), METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"native_handle", (getter)native_handle, NULL,
     "The address of the `omni_producer`, for code that calls the C ABI; 0 once moved from.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(producer_object, weak_references), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "Sends messages into a channel (§5). One thread at a time may use it [CON-1].\n\n"
     "A second thread that enters meanwhile gets ConcurrentUseError [CON-2]; `close`, `move`\n"
     "aside, and the queries may be called from any thread. Made by `request_channel`."},
    {Py_tp_dealloc, producer_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, getset},
    {Py_tp_members, members},
    {0, NULL},
};

PyType_Spec producer_spec = {
    .name = "fast_impl.ProducerHandle",
    .basicsize = sizeof(producer_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
