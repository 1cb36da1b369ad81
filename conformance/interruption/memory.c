/* The interpreter's three allocators with a hook: within one call, in one thread, they count and refuse one request. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyMemAllocatorEx below[3];
static const PyMemAllocatorDomain domains[3] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ};

static _Thread_local int counting; /* set in the one thread, within the call */
static size_t count, refused;      /* written by that thread alone */

/* Whether this request is the one to refuse. */
static int due(void) { return counting && ++count == refused; }

static void *hooked_malloc(void *context, size_t size) {
  PyMemAllocatorEx *of = context;
  return due() ? NULL : of->malloc(of->ctx, size);
}

static void *hooked_calloc(void *context, size_t number, size_t size) {
  PyMemAllocatorEx *of = context;
  return due() ? NULL : of->calloc(of->ctx, number, size);
}

static void *hooked_realloc(void *context, void *memory, size_t size) {
  PyMemAllocatorEx *of = context;
  return due() ? NULL : of->realloc(of->ctx, memory, size);
}

static void hooked_free(void *context, void *memory) {
  PyMemAllocatorEx *of = context;
  of->free(of->ctx, memory);
}

static void hook(void) {
  for (int number = 0; number < 3; ++number) {
    PyMem_GetAllocator(domains[number], &below[number]);
    PyMemAllocatorEx above = {&below[number], hooked_malloc, hooked_calloc, hooked_realloc, hooked_free};
    PyMem_SetAllocator(domains[number], &above);
  }
}

static void unhook(void) {
  for (int number = 0; number < 3; ++number) {
    PyMem_SetAllocator(domains[number], &below[number]);
  }
}

PyDoc_STRVAR(refusing_doc,
             "refusing(body, number, /)\n--\n\n"
             "What body() gives, with its number-th request for memory refused; 0 refuses none.");

static PyObject *refusing(PyObject *Py_UNUSED(module), PyObject *arguments) {
  PyObject *body;
  Py_ssize_t number;
  if (!PyArg_ParseTuple(arguments, "On", &body, &number)) {
    return NULL;
  }
  hook();
  count = 0;
  refused = (size_t)number;
  counting = 1;
  PyObject *result = PyObject_CallNoArgs(body);
  counting = 0;
  unhook();
  return result;
}

PyDoc_STRVAR(counted_doc, "counted()\n--\n\nHow many requests the last refusing() saw.");

static PyObject *counted(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing)) { return PyLong_FromSize_t(count); }

static PyMethodDef methods[] = {
    {"refusing", refusing, METH_VARARGS, refusing_doc},
    {"counted", counted, METH_NOARGS, counted_doc},
    {0},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "_omni_memory", .m_size = -1,
                                        .m_methods = methods};

PyMODINIT_FUNC PyInit__omni_memory(void) {
  PyObject *module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
  if (module) PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED); /* no other thread runs beside `refusing` */
#endif
  return module;
}
