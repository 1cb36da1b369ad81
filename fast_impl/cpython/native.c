/* For native code beside Python: the table of the core's functions, and what native code holds of a handle. */
#include "handles.h"
#include "omni_functions.h"
#include "omni_internal.h"

static const omni_functions table = OMNI_FUNCTIONS;

__attribute__((constructor)) static void publish(void) { omni_core = &table; }

/* The one of the two that is not NULL is kept open and alive. */
typedef struct {
  PyObject_HEAD producer_endpoint *producer;
  consumer_endpoint *consumer;
} native_object;

PyObject *native_new(handles_state *state, producer_endpoint *producer, consumer_endpoint *consumer) {
  if (!producer && !consumer) {
    PyErr_SetString(PyExc_ValueError,
                    "the handle was moved from or detached: whoever has its end now has the native handle");
    return NULL;
  }
  native_object *self = PyObject_New(native_object, state->native);
  if (!self) return NULL;
  self->producer = producer;
  self->consumer = consumer;
  ONE_MORE(*(producer ? &producer->references : &consumer->references));
  ONE_MORE(*(producer ? &producer->owners : &consumer->owners));
  return (PyObject *)self;
}

static void dealloc(native_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->producer) producer_endpoint_leave(self->producer);
  else consumer_endpoint_leave(self->consumer);
  PyObject_Free(self);
  Py_DECREF(type);
}

static void *address_of(const native_object *self) {
  return self->producer ? (void *)self->producer->handle : (void *)self->consumer->handle;
}

static PyObject *address(native_object *self) { return PyLong_FromVoidPtr(address_of(self)); }

/* No int, which a foreign function without argument types would cut to the size of C's. */
static PyObject *as_parameter(native_object *self, void *Py_UNUSED(closure)) {
  PyObject *ctypes = PyImport_ImportModule("ctypes");
  PyObject *pointer = ctypes ? PyObject_CallMethod(ctypes, "c_void_p", "N", address(self)) : NULL;
  Py_XDECREF(ctypes);
  return pointer;
}

static PyObject *repr(native_object *self) {
  return PyUnicode_FromFormat("<native handle of a %s at %p>", self->producer ? "producer" : "consumer",
                              address_of(self));
}

/* Their names in a row, in the order of the table, which ends with their addresses. */
static PyObject *functions(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused)) {
#define NAME(function) #function "\0"
#define ONE(function) +1
  enum { COUNT = OMNI_EACH_FUNCTION(ONE) };
  const char *name = OMNI_EACH_FUNCTION(NAME);
  const char *address = (const char *)(&table + 1) - COUNT * sizeof(uintptr_t);
#undef ONE
#undef NAME
  PyObject *found = PyDict_New();
  for (; found && *name; name += strlen(name) + 1, address += sizeof(uintptr_t)) {
    uintptr_t function;
    memcpy(&function, address, sizeof function);
    PyObject *number = PyLong_FromUnsignedLongLong(function);
    if (!number || PyDict_SetItemString(found, name, number) < 0) Py_CLEAR(found);
    Py_XDECREF(number);
  }
  return found;
}

int native_execute(PyObject *module) {
  static PyMethodDef added[] = {{"functions", functions, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
  PyObject *capsule = PyCapsule_New((void *)(uintptr_t)&table, "fast_impl._C_API", NULL);
  int failed = capsule ? PyModule_AddObjectRef(module, "C_API", capsule) : -1;
  Py_XDECREF(capsule);
  return failed ? -1 : PyModule_AddFunctions(module, added);
}

static PyGetSetDef getset[] = {
    PROPERTY(NativeHandle, _as_parameter_, as_parameter),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_NativeHandle}, {Py_tp_dealloc, dealloc}, {Py_tp_repr, repr}, {Py_nb_index, address},
    {Py_nb_int, address},          {Py_tp_getset, getset},   {0, NULL},
};

PyType_Spec native_spec = {
    .name = "fast_impl.native.NativeHandle",
    .basicsize = sizeof(native_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
