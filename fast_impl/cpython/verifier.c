/* A binary schema, compiled for the FlatBuffers verifier, and what that verifies against it [FLB-4]. */
#include "handles.h"
#include "omni_flatbuffers.h"

enum {
  WHY_SIZE = 4096,       /* bytes of a message from the loader */
  LARGE_BUFFER = 1 << 14 /* bytes from which on a buffer is verified without the GIL */
};

typedef struct {
  PyObject_HEAD omni_schema *schema; /* read-only: any number of threads may verify with it */
} compiled_object;

/* `load(data)`: the compiled schema, or bytes that say why it is refused. */
static PyObject *load(PyTypeObject *type, PyObject *data) {
  payload bytes;
  char why[WHY_SIZE];
  if (payload_of(PyType_GetModuleState(type), data, &bytes) < 0) return NULL;
  compiled_object *self = PyObject_New(compiled_object, type);
  int result = OMNI_SCHEMA_NO_MEMORY;
  if (self) {
    self->schema = NULL;
    result = omni_schema_load(bytes.data, bytes.size, &self->schema, why, sizeof why);
  }
  payload_release(&bytes);
  if (result == OMNI_SCHEMA_LOADED) return (PyObject *)self;
  Py_XDECREF(self);
  return result == OMNI_SCHEMA_REFUSED ? PyBytes_FromString(why) : PyErr_NoMemory();
}

static void dealloc(compiled_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->schema) omni_schema_free(self->schema);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *names(compiled_object *self, PyObject *Py_UNUSED(unused)) {
  uint32_t count = omni_schema_objects(self->schema);
  PyObject *all = PyList_New(count);
  for (uint32_t i = 0; all && i < count; i++) {
    size_t size;
    const char *name = omni_schema_name(self->schema, i, &size);
    PyObject *text = PyUnicode_DecodeASCII(name, (Py_ssize_t)size, "strict");
    if (text) PyList_SET_ITEM(all, i, text);
    else Py_CLEAR(all);
  }
  return all;
}

static PyObject *root(compiled_object *self, PyObject *Py_UNUSED(unused)) {
  return PyLong_FromLongLong(omni_schema_root(self->schema));
}

static PyObject *file_identifier(compiled_object *self, PyObject *Py_UNUSED(unused)) {
  const char *identifier = omni_schema_file_identifier(self->schema);
  return identifier ? PyBytes_FromStringAndSize(identifier, 4) : Py_NewRef(Py_None);
}

static PyObject *is_table(compiled_object *self, PyObject *args) {
  unsigned int number;
  if (!PyArg_ParseTuple(args, "I", &number)) return NULL;
  return PyBool_FromLong(omni_schema_is_table(self->schema, number));
}

static PyObject *same(compiled_object *self, PyObject *args) {
  unsigned int number, its_number;
  compiled_object *other;
  if (!PyArg_ParseTuple(args, "IO!I", &number, Py_TYPE(self), &other, &its_number)) return NULL;
  return PyBool_FromLong(omni_schema_same(self->schema, number, other->schema, its_number));
}

/* (number, data, identifier, size_prefixed, max_depth, max_tables), which fast_impl.flatbuffers has checked. */
static PyObject *verify(compiled_object *self, PyObject *args) {
  unsigned int number, max_depth, max_tables;
  int size_prefixed;
  const char *identifier; /* four bytes, or NULL */
  Py_ssize_t size;
  PyObject *data;
  payload bytes;
  if (!PyArg_ParseTuple(args, "IOz#pII", &number, &data, &identifier, &size, &size_prefixed, &max_depth, &max_tables))
    return NULL;
  handles_state *state = PyType_GetModuleState(Py_TYPE(self));
  if (payload_of(state, data, &bytes) < 0) return NULL;
  PyThreadState *thread = bytes.size < LARGE_BUFFER ? NULL : gil_give(state);
  int verdict =
      omni_verify(self->schema, number, bytes.data, bytes.size, identifier, size_prefixed, max_depth, max_tables);
  if (thread) gil_take(state, thread);
  payload_release(&bytes);
  return verdict == OMNI_VERIFY_NO_MEMORY ? PyErr_NoMemory() : PyBool_FromLong(verdict == OMNI_VERIFY_TRUE);
}

static PyMethodDef methods[] = {
    {"load", CALL(load), METH_O | METH_CLASS, NULL},  {"names", CALL(names), METH_NOARGS, NULL},
    {"root", CALL(root), METH_NOARGS, NULL},          {"file_identifier", CALL(file_identifier), METH_NOARGS, NULL},
    {"is_table", CALL(is_table), METH_VARARGS, NULL}, {"same", CALL(same), METH_VARARGS, NULL},
    {"verify", CALL(verify), METH_VARARGS, NULL},     {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "A binary schema, compiled for the FlatBuffers verifier."},
    {Py_tp_dealloc, dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

PyType_Spec compiled_spec = {
    .name = "fast_impl._handles.CompiledSchema",
    .basicsize = sizeof(compiled_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
