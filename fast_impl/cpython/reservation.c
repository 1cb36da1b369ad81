/* Writing in place: reserve, commit, rollback, and the reservation between them (§5.3). Whether it is outstanding the
 * core knows. */
#include "handles.h"

/* ---- the producer's calls ---- */

/* The answer of the core. On SUCCESS the endpoint knows the reservation, before any other call on it. */
static int reserve_now(producer_endpoint *endpoint, uint64_t size, reservation_object *reservation) {
  reservation_object *former = NULL;
  LOCK(endpoint);
  int code = omni_reserve(endpoint->handle, size, &reservation->region);
  if (code == OMNI_PUSH_SUCCESS) {
    former = endpoint->reservation;
    endpoint->reservation = (reservation_object *)Py_NewRef(reservation);
  }
  UNLOCK(endpoint);
  Py_XDECREF(former);
  return code;
}

/* The answer of the core; on SUCCESS with `*made`, which is made before. -1 or OMNI_INTERRUPTED with an exception. */
static int reserve(producer_object *self, uint64_t size, int64_t timeout, PyObject **made) {
  producer_endpoint *endpoint = sends(self);
  *made = NULL;
  if (!endpoint) return OMNI_PUSH_CHANNEL_CLOSED;
  reservation_object *reservation = PyObject_New(reservation_object, self->state->reservation);
  if (!reservation) return OMNI_INTERRUPTED;
  ONE_MORE(endpoint->references);
  reservation->endpoint = endpoint;
  reservation->exports = 0;
  reservation->pin.channel = NULL;
  reservation->view = NULL;
  int code = reserve_now(endpoint, size, reservation);
  for (int64_t deadline = timeout ? deadline_after(timeout) : 0; code == OMNI_PUSH_QUEUE_FULL && timeout != 0;) {
    code = wait_for_space(endpoint, deadline);
    if (code == OMNI_PUSH_TIMEOUT) timeout = 0;
    if (code == OMNI_PUSH_CHANNEL_CLOSED && IS_SET(endpoint->detached)) break;
    if (code >= 0) code = reserve_now(endpoint, size, reservation);
  }
  if (code == OMNI_PUSH_SUCCESS) {
    *made = (PyObject *)reservation;
    return code;
  }
  if (code == OMNI_CONCURRENT_USE) refuse_producer(endpoint, code);
  Py_DECREF(reservation);
  return code;
}

PyObject *producer_reserve(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static const char *const names[] = {"n", "timeout"};
  PyObject *values[2] = {NULL, NULL}, *reservation;
  uint64_t size;
  int64_t timeout = 0;
  if (bind("reserve", names, 1, 2, args, nargs, kwnames, values) < 0 ||
      convert_count(self->state, "n", values[0], &size) < 0 ||
      (values[1] && convert_timeout(self->state, values[1], &timeout) < 0))
    return NULL;
  reserve(self, size, timeout, &reservation);
  if (reservation || PyErr_Occurred()) return reservation;
  Py_RETURN_NONE;
}

/* (code, reservation or None), for `build`, which says why there is none. */
PyObject *producer_try_reserve(producer_object *self, PyObject *const *args, Py_ssize_t nargs) {
  PyObject *reservation;
  uint64_t size;
  int64_t timeout;
  if (nargs != 2) return PyErr_Format(PyExc_TypeError, "_reserve() takes 2 arguments (%zd given)", nargs);
  if (convert_count(self->state, "n", args[0], &size) < 0 || convert_timeout(self->state, args[1], &timeout) < 0)
    return NULL;
  int code = reserve(self, size, timeout, &reservation);
  if (PyErr_Occurred()) return NULL;
  return reservation ? Py_BuildValue("(iN)", code, reservation) : Py_BuildValue("(iO)", code, Py_None);
}

/* `self` may end meanwhile, with its last reference: a finaliser may run when the method is called. */
int reservation_release(reservation_object *self) {
  PyObject *view, *dropped = NULL;
  Py_BEGIN_CRITICAL_SECTION(self);
  view = Py_XNewRef(self->view);
  Py_END_CRITICAL_SECTION();
  if (!view) return 0;
  PyObject *released = PyObject_CallMethod(view, "release", NULL);
  Py_BEGIN_CRITICAL_SECTION(self);
  if (released && self->view == view) {
    dropped = view;
    self->view = NULL;
  }
  Py_END_CRITICAL_SECTION();
  Py_XDECREF(dropped);
  if (!released && PyErr_ExceptionMatches(PyExc_BufferError)) PyErr_Clear(); /* an array or the like lies on it */
  Py_XDECREF(released);
  Py_DECREF(view);
  return PyErr_Occurred() ? -1 : 0;
}

/* Commits, or rolls back where `commit` is false. Where the region is pinned by the view that `data` gave, that is
 * released, and the core is asked again [RSV-7]. */
static int finish(producer_endpoint *endpoint, bool commit, uint64_t size, uint64_t offset) {
  int code;
  for (bool released = false;; released = true) {
    LOCK(endpoint);
    code = commit ? omni_commit(endpoint->handle, size, offset) : omni_rollback(endpoint->handle);
    reservation_object *reservation = code == OMNI_PINNED && !released ? endpoint->reservation : NULL;
    Py_XINCREF(reservation);
    UNLOCK(endpoint);
    if (!reservation) break;
    if (reservation_release(reservation) < 0) code = OMNI_INTERRUPTED;
    Py_DECREF(reservation);
    if (code == OMNI_INTERRUPTED) break;
  }
  if (code == OMNI_PINNED) raise_by(endpoint->state->held, "()");
  else if (code == OMNI_CONCURRENT_USE) refuse_producer(endpoint, code);
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
  int code = sends(self) ? finish(self->endpoint, true, size, offset) : OMNI_PUSH_CHANNEL_CLOSED;
  return PyErr_Occurred() ? NULL : PyBool_FromLong(code == OMNI_PUSH_SUCCESS);
}

PyObject *producer_rollback(producer_object *self, PyObject *Py_UNUSED(unused)) {
  if (sends(self)) finish(self->endpoint, false, 0, 0);
  if (PyErr_Occurred()) return NULL;
  Py_RETURN_NONE;
}

/* ---- the type ---- */

static void reservation_releasebuffer(reservation_object *self, Py_buffer *Py_UNUSED(view)) {
  Py_BEGIN_CRITICAL_SECTION(self);
  if (--self->exports == 0) omni_unpin(&self->pin);
  Py_END_CRITICAL_SECTION();
}

static int reservation_getbuffer(reservation_object *self, Py_buffer *view, int flags) {
  view->obj = NULL;
  int code = 0;
  Py_BEGIN_CRITICAL_SECTION(self);
  if (self->exports == 0) code = omni_region_pin(self->endpoint->handle, &self->region, &self->pin);
  if (code == 0) self->exports++;
  Py_END_CRITICAL_SECTION();
  if (code == OMNI_CONCURRENT_USE) refuse_producer(self->endpoint, code);
  else if (code != 0) raise_by(self->endpoint->state->ended, "()");
  if (code != 0) return -1;
  if (PyBuffer_FillInfo(view, (PyObject *)self, self->region.data, (Py_ssize_t)self->region.size, 0, flags) == 0)
    return 0;
  reservation_releasebuffer(self, view);
  return -1;
}

static bool is_writable(const reservation_object *self) {
  return omni_region_is_writable(self->endpoint->handle, &self->region);
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
  PyObject *view, *former;
  Py_BEGIN_CRITICAL_SECTION(self);
  view = Py_XNewRef(self->view);
  Py_END_CRITICAL_SECTION();
  if (is_writable(self) && (!view || was_released(view))) {
    Py_XSETREF(view, PyMemoryView_FromObject((PyObject *)self));
    if (!view) return NULL;
    Py_BEGIN_CRITICAL_SECTION(self);
    former = self->view;
    self->view = Py_NewRef(view);
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(former);
  }
  if (is_writable(self)) return view;
  Py_XDECREF(view);
  if (reservation_release(self) < 0) return NULL; /* a finaliser has closed the producer while the view was made */
  return raise_by(self->endpoint->state->ended, "()");
}

static PyObject *reservation_capacity(reservation_object *self, void *Py_UNUSED(closure)) {
  return PyLong_FromSize_t(self->region.size);
}

static void reservation_dealloc(reservation_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  producer_endpoint_drop(self->endpoint);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *repr(reservation_object *self) {
  size_t size;
  const char *name = omni_producer_name(self->endpoint->handle, &size);
  return PyObject_CallFunction(self->endpoint->state->of_reservation, "nN", (Py_ssize_t)self->region.size,
                               is_writable(self) ? name_of(name, size) : Py_NewRef(Py_None));
}

static PyGetSetDef getset[] = {
    PROPERTY(Reservation, capacity, reservation_capacity),
    PROPERTY(Reservation, data, reservation_data),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_Reservation},
    {Py_tp_dealloc, reservation_dealloc},
    {Py_tp_repr, repr},
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
