/* Writing in place: reserve, commit, rollback, and the reservation between them (§5.3). */
#include "handles.h"

/* ---- the producer's calls ---- */

PyObject *producer_reserve(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static const char *const names[] = {"n"};
  PyObject *n = NULL;
  uint64_t size;
  if (bind("reserve", names, 1, 1, args, nargs, kwnames, &n) < 0 || convert_count(self->state, "n", n, &size) < 0)
    return NULL;
  producer_endpoint *endpoint = self->endpoint;
  if (!endpoint) Py_RETURN_NONE;
  reservation_object *reservation = PyObject_New(reservation_object, self->state->reservation);
  if (!reservation) return NULL;
  endpoint->references++;
  reservation->endpoint = endpoint;
  reservation->exports = 0;
  reservation->view = NULL;
  int code = omni_reserve(endpoint->handle, size, &reservation->region);
  reservation->ended = code != 1;
  if (code == 1) {
    reservation->size = (Py_ssize_t)omni_producer_max_message_size(endpoint->handle);
    reservation_object *stale = endpoint->reservation; /* not NULL only where native code has ended it */
    endpoint->reservation = (reservation_object *)Py_NewRef(reservation);
    if (stale) reservation_end(stale);
    Py_XDECREF(stale);
    return (PyObject *)reservation;
  }
  Py_DECREF(reservation);
  if (code < 0) return raise_by(self->state->refuse, "(i)", code);
  Py_RETURN_NONE;
}

/* Releases the view that `data` gave; 0 where no other export is left, else -1 with BufferError [RSV-7]. */
static int reservation_release(reservation_object *self) {
  if (self->view) {
    PyObject *released = PyObject_CallMethod(self->view, "release", NULL);
    if (released) Py_CLEAR(self->view);
    else if (!PyErr_ExceptionMatches(PyExc_BufferError)) return -1;
    else PyErr_Clear(); /* an array or the like lies directly on it */
    Py_XDECREF(released);
  }
  if (self->exports == 0) return 0;
  raise_by(self->endpoint->state->held, "()");
  return -1;
}

/* Commits `size` bytes from `offset`, or rolls back, once no export of the region is left [RSV-7]. */
static int reservation_finish(producer_object *self, bool commit, uint64_t size, uint64_t offset) {
  producer_endpoint *endpoint = self->endpoint;
  reservation_object *reservation = (reservation_object *)Py_NewRef(endpoint->reservation);
  int code = -1;
  endpoint->references++;
  if (reservation_release(reservation) == 0) {
    code = commit ? omni_commit(endpoint->handle, size, offset) : omni_rollback(endpoint->handle);
    if (code < 0) {
      raise_by(self->state->refuse, "(i)", code);
    } else {
      reservation_end(reservation);
      if (endpoint->reservation == reservation) Py_CLEAR(endpoint->reservation);
    }
  }
  producer_endpoint_drop(endpoint);
  Py_DECREF(reservation);
  return code;
}

PyObject *producer_commit(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static const char *const names[] = {"n", "offset"};
  PyObject *values[2] = {NULL, NULL};
  uint64_t size, offset = 0;
  if (bind("commit", names, 1, 2, args, nargs, kwnames, values) < 0 ||
      convert_count(self->state, "n", values[0], &size) < 0 ||
      (values[1] && convert_count(self->state, "offset", values[1], &offset) < 0))
    return NULL;
  if (!self->endpoint || !self->endpoint->reservation) Py_RETURN_FALSE;
  uint64_t most = (uint64_t)self->endpoint->reservation->size;
  if (size == 0 || size > most || offset > most - size) Py_RETURN_FALSE; /* RSV-4 */
  int code = reservation_finish(self, true, size, offset);
  return code < 0 ? NULL : PyBool_FromLong(code);
}

PyObject *producer_rollback(producer_object *self, PyObject *Py_UNUSED(unused)) {
  if (self->endpoint && self->endpoint->reservation && reservation_finish(self, false, 0, 0) < 0) return NULL;
  Py_RETURN_NONE;
}

/* ---- the type ---- */

void reservation_end(reservation_object *self) {
  self->ended = true;
  PyObject *view = self->view;
  if (!view) return;
  self->view = NULL;
  PyObject *kind, *error, *trace;
  PyErr_Fetch(&kind, &error, &trace); /* a handle may be closed while an exception is being raised */
  PyObject *released = PyObject_CallMethod(view, "release", NULL);
  if (!released) PyErr_Clear(); /* an export of the view keeps it alive */
  Py_XDECREF(released);
  Py_DECREF(view);
  PyErr_Restore(kind, error, trace);
}

static int reservation_getbuffer(reservation_object *self, Py_buffer *view, int flags) {
  view->obj = NULL;
  if (self->ended || (self->exports == 0 && omni_producer_pin(self->endpoint->handle) != 0)) {
    raise_by(self->endpoint->state->ended, "()");
    return -1;
  }
  if (PyBuffer_FillInfo(view, (PyObject *)self, self->region, self->size, 0, flags) < 0) {
    if (self->exports == 0) omni_producer_unpin(self->endpoint->handle);
    return -1;
  }
  self->exports++;
  return 0;
}

static void reservation_releasebuffer(reservation_object *self, Py_buffer *Py_UNUSED(view)) {
  if (--self->exports == 0) omni_producer_unpin(self->endpoint->handle);
}

/* Whether the caller has released the view. */
static bool was_released(PyObject *view) {
  Py_buffer probe;
  if (PyObject_GetBuffer(view, &probe, PyBUF_SIMPLE) == 0) {
    PyBuffer_Release(&probe);
    return false;
  }
  PyErr_Clear();
  return true;
}

static PyObject *reservation_data(reservation_object *self, void *Py_UNUSED(closure)) {
  if (self->ended) return raise_by(self->endpoint->state->ended, "()");
  if (!self->view || was_released(self->view)) {
    PyObject *view = PyMemoryView_FromObject((PyObject *)self);
    if (!view) return NULL;
    Py_XSETREF(self->view, view);
  }
  return Py_NewRef(self->view);
}

static PyObject *reservation_capacity(reservation_object *self, void *Py_UNUSED(closure)) {
  return PyLong_FromSsize_t(self->size);
}

static void reservation_dealloc(reservation_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  producer_endpoint_drop(self->endpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyGetSetDef getset[] = {
    PROPERTY(Reservation, capacity, reservation_capacity),
    PROPERTY(Reservation, data, reservation_data),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_Reservation},
    {Py_tp_dealloc, reservation_dealloc},
    {Py_tp_getset, getset},
    {Py_bf_getbuffer, reservation_getbuffer},
    {Py_bf_releasebuffer, reservation_releasebuffer},
    {0, NULL},
};

PyType_Spec reservation_spec = {
    .name = "fast_impl.Reservation",
    .basicsize = sizeof(reservation_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
