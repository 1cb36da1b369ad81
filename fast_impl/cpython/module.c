/* fast_impl._handles: the handles and messages as types of CPython, over the core's C ABI. */
#include "handles.h"
#include "omni_internal.h"

/* Objects of our own Python modules that the state holds. */
typedef struct {
  const char *module, *name;
  size_t place;
} import;

static const import imports[] = {
    {"spec_model.vocabulary", "ProducerStats", offsetof(handles_state, producer_stats)},
    {"spec_model.vocabulary", "ConsumerStats", offsetof(handles_state, consumer_stats)},
    {"fast_impl._common", "as_count", offsetof(handles_state, as_count)},
    {"fast_impl._common", "as_nanoseconds", offsetof(handles_state, as_nanoseconds)},
    {"fast_impl._common", "as_memory", offsetof(handles_state, as_memory)},
    {"fast_impl._common", "bad_element", offsetof(handles_state, bad_element)},
    {"fast_impl._common", "represent", offsetof(handles_state, represent)},
    {"spec_model.words", "message", offsetof(handles_state, of_message)},
    {"spec_model.words", "batch", offsetof(handles_state, of_batch)},
    {"spec_model.words", "reservation", offsetof(handles_state, of_reservation)},
    {"fast_impl._common", "log_end", offsetof(handles_state, log_end)},
    {"fast_impl._common", "refuse", offsetof(handles_state, refuse)},
    {"fast_impl._common", "unsent", offsetof(handles_state, unsent)},
    {"fast_impl._common", "unreceived", offsetof(handles_state, unreceived)},
    {"fast_impl._common", "expired", offsetof(handles_state, expired)},
    {"fast_impl._common", "ended", offsetof(handles_state, ended)},
    {"fast_impl._common", "held", offsetof(handles_state, held)},
    {"fast_impl._common", "undetached", offsetof(handles_state, undetached)},
    {"fast_impl._common", "no_descriptor", offsetof(handles_state, no_descriptor)},
    {"fast_impl._common", "send_many_stopped", offsetof(handles_state, stopped)},
};
enum { IMPORTS = sizeof imports / sizeof *imports };

static PyObject **imported(handles_state *state, int i) {
  return (PyObject **)(void *)((char *)state + imports[i].place);
}

typedef struct {
  PyType_Spec *spec;
  const char *public_name; /* in the module, or NULL */
  size_t place;
} type;

static const type types[] = {
    {&producer_spec, "ProducerHandle", offsetof(handles_state, producer)},
    {&consumer_spec, "ConsumerHandle", offsetof(handles_state, consumer)},
    {&message_spec, "Message", offsetof(handles_state, message)},
    {&reservation_spec, "Reservation", offsetof(handles_state, reservation)},
    {&batch_spec, "Batch", offsetof(handles_state, batch)},
    {&payloads_spec, NULL, offsetof(handles_state, payloads)},
    {&registry_spec, "Registry", offsetof(handles_state, registry)},
    {&native_spec, "NativeHandle", offsetof(handles_state, native)},
    {&compiled_spec, "CompiledSchema", offsetof(handles_state, compiled)},
};
enum { TYPES = sizeof types / sizeof *types };

static PyObject **made(handles_state *state, int i) { return (PyObject **)(void *)((char *)state + types[i].place); }

static PyObject *attribute(const char *module_name, const char *name) {
  PyObject *module = PyImport_ImportModule(module_name), *found = NULL;
  if (module) found = PyObject_GetAttrString(module, name);
  Py_XDECREF(module);
  return found;
}

/* The members of an enumeration of the vocabulary, by value [VOC-5]. */
static int members_of(const char *name, PyObject **members, int count) {
  PyObject *enumeration = attribute("spec_model.vocabulary", name);
  int made = 0;
  while (enumeration && made < count && (members[made] = PyObject_CallFunction(enumeration, "i", made))) made++;
  Py_XDECREF(enumeration);
  return made == count ? 0 : -1;
}

/* Gives a type the methods that fast_impl._interface has a body for, and the type lacks. */
static int complete(PyTypeObject *kind, const char *name) {
  PyObject *bodies = attribute("fast_impl._interface", "bodies");
  PyObject *found = bodies ? PyObject_CallFunction(bodies, "s", name) : NULL;
  int failed = found ? PyDict_Merge(kind->tp_dict, found, 0) : -1;
  PyType_Modified(kind);
  Py_XDECREF(bodies);
  Py_XDECREF(found);
  return failed;
}

static int execute(PyObject *module) {
  handles_state *state = PyModule_GetState(module);
  if (!(state->open = ends_of_interpreter())) return -1;
  for (int i = 0; i < TYPES; i++) {
    PyObject *kind = *made(state, i) = PyType_FromModuleAndSpec(module, types[i].spec, NULL);
    const char *name = types[i].public_name;
    if (!kind || (name && (complete((PyTypeObject *)kind, name) < 0 || PyModule_AddObjectRef(module, name, kind) < 0)))
      return -1;
  }
  for (int i = 0; i < IMPORTS; i++)
    if (!(*imported(state, i) = attribute(imports[i].module, imports[i].name))) return -1;
  if (members_of("PushResult", state->push_results, OMNI_PUSH_QUEUE_FULL + 1) < 0 ||
      members_of("PopResult", state->pop_results, OMNI_POP_EMPTY + 1) < 0)
    return -1;
  if (PyModule_AddStringConstant(module, "fences", omni_fences()) < 0 || native_execute(module) < 0) return -1;
  for (int i = 0; i <= OMNI_POP_EMPTY; i++)
    if (!(state->nothing[i] = PyTuple_Pack(2, state->pop_results[i], Py_None))) return -1;
  return 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg) {
  handles_state *state = PyModule_GetState(module);
  for (int i = 0; i < TYPES; i++) Py_VISIT(*made(state, i));
  for (int i = 0; i < IMPORTS; i++) Py_VISIT(*imported(state, i));
  for (int i = 0; i <= OMNI_PUSH_QUEUE_FULL; i++) Py_VISIT(state->push_results[i]);
  for (int i = 0; i <= OMNI_POP_EMPTY; i++) {
    Py_VISIT(state->pop_results[i]);
    Py_VISIT(state->nothing[i]);
  }
  return free_messages_traverse(state, visit, arg);
}

static void release(void *module) {
  handles_state *state = PyModule_GetState(module);
  free_messages_clear(state);
  ends_release(state->open);
  for (int i = 0; i < TYPES; i++) Py_CLEAR(*made(state, i));
  for (int i = 0; i < IMPORTS; i++) Py_CLEAR(*imported(state, i));
  for (int i = 0; i <= OMNI_PUSH_QUEUE_FULL; i++) Py_CLEAR(state->push_results[i]);
  for (int i = 0; i <= OMNI_POP_EMPTY; i++) {
    Py_CLEAR(state->pop_results[i]);
    Py_CLEAR(state->nothing[i]);
  }
}

/* What most of a coroutine's calls cost that are answered at once, so it is in C. */
static PyObject *turn(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(unused)) {
  static _Thread_local unsigned calls;
  return PyBool_FromLong(++calls % 64 == 0);
}

static PyMethodDef module_methods[] = {
    {"turn", turn, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#ifdef Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_MOD_GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

/* No m_clear: a finaliser that runs late may still use a handle, and with it the state. */
static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fast_impl._handles",
    .m_doc = "The handles and messages of fast_impl, in C.",
    .m_size = sizeof(handles_state),
    .m_methods = module_methods,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_free = release,
};

PyMODINIT_FUNC PyInit__handles(void) { return PyModuleDef_Init(&definition); }
