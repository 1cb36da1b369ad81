/* FlatBuffers, which are implemented in Python: build, get_flatbuffer, verify (§5.3, §6.1). */
#include "handles.h"

/* The function at `place` in the state, imported at its first use: FlatBuffers imports NumPy. */
static PyObject *found(PyObject **place, const char *module_name, const char *name) {
  if (*place) return *place;
  PyObject *module = PyImport_ImportModule(module_name);
  PyObject *function = module ? PyObject_GetAttrString(module, name) : NULL;
  Py_XDECREF(module);
  if (function) Py_XSETREF(*place, function); /* importing may have let another thread in */
  return function;
}

/* Calls `function`, unless that is NULL with an exception, with `self` before the arguments. */
static PyObject *call(PyObject *function, PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  Py_ssize_t given = nargs + (kwnames ? PyTuple_GET_SIZE(kwnames) : 0);
  PyObject **all = function ? PyMem_New(PyObject *, (size_t)given + 1) : NULL;
  if (!all) return function ? PyErr_NoMemory() : NULL;
  all[0] = self;
  for (Py_ssize_t i = 0; i < given; i++) all[i + 1] = args[i];
  PyObject *result = PyObject_Vectorcall(function, all, (size_t)nargs + 1, kwnames);
  PyMem_Free(all);
  return result;
}

PyObject *producer_build(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  PyObject *build = found(&self->state->build, "fast_impl.flatbuffers.building", "build");
  return call(build, (PyObject *)self, args, nargs, kwnames);
}

PyObject *message_get_flatbuffer(message_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  handles_state *state = self->endpoint->state;
  PyObject *get_flatbuffer = found(&state->get_flatbuffer, "fast_impl.flatbuffers.reading", "get_flatbuffer");
  return call(get_flatbuffer, (PyObject *)self, args, nargs, kwnames);
}

PyObject *message_verify(message_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  PyObject *verify = found(&self->endpoint->state->verify, "fast_impl.flatbuffers", "verify");
  return call(verify, (PyObject *)self, args, nargs, kwnames);
}
