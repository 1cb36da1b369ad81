/* Iterating over a consumer. */
#include "handles.h"

typedef struct {
  PyObject_HEAD consumer_object *consumer; /* NULL when the channel has been drained */
} payloads_object;

PyObject *consumer_iter(PyObject *self) {
  payloads_object *payloads = PyObject_New(payloads_object, ((consumer_object *)self)->state->payloads);
  if (payloads) payloads->consumer = (consumer_object *)Py_NewRef(self);
  return (PyObject *)payloads;
}

static PyObject *payloads_next(payloads_object *self) {
  consumer_object *consumer = self->consumer;
  if (!consumer) return NULL;
  int code;
  Py_INCREF(consumer);
  PyObject *bytes = take(consumer, FOREVER, &code);
  Py_DECREF(consumer);
  if (UNLIKELY(!bytes) && code > OMNI_POP_SUCCESS) Py_CLEAR(self->consumer);
  return bytes;
}

static void payloads_dealloc(payloads_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(self->consumer);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_doc, "Payloads, waiting for each, until the channel is closed and drained."},
    {Py_tp_dealloc, payloads_dealloc},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, payloads_next},
    {0, NULL},
};

PyType_Spec payloads_spec = {
    .name = "fast_impl._handles.Payloads",
    .basicsize = sizeof(payloads_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
