/* What the types share: how arguments are converted [ARG], what is raised. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "handles.h"

/* ---- arguments ---- */

int bind(const char *function, const char *const *names, int required, int most, PyObject *const *args,
         Py_ssize_t nargs, PyObject *kwnames, PyObject **values) {
  if (nargs > most) {
    PyErr_Format(PyExc_TypeError, "%s() takes at most %d argument%s (%zd given)", function, most, most == 1 ? "" : "s",
                 nargs);
    return -1;
  }
  int given = 0; /* a bit for each */
  for (int i = 0; i < nargs; i++) values[i] = args[i], given |= 1 << i;
  for (Py_ssize_t i = 0; kwnames && i < PyTuple_GET_SIZE(kwnames); i++) {
    PyObject *name = PyTuple_GET_ITEM(kwnames, i);
    int place = 0;
    while (place < most && PyUnicode_CompareWithASCIIString(name, names[place]) != 0) place++;
    if (place == most) {
      PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument %R", function, name);
      return -1;
    }
    if (given & 1 << place) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument %R", function, name);
      return -1;
    }
    values[place] = args[nargs + i], given |= 1 << place;
  }
  for (int i = 0; i < required; i++) {
    if (given & 1 << i) continue;
    PyErr_Format(PyExc_TypeError, "%s() is missing its argument '%s'", function, names[i]);
    return -1;
  }
  return 0;
}

/* What is unusual is left to as_memory, which raises, or gives a view. */
int buffer_of(const handles_state *state, PyObject *object, payload *bytes) {
  bool usual = !PyUnicode_Check(object) && PyObject_GetBuffer(object, &bytes->view, PyBUF_FULL_RO) == 0;
  if (usual && (!PyBuffer_IsContiguous(&bytes->view, 'C') || (bytes->view.format && strchr(bytes->view.format, 'O')))) {
    PyBuffer_Release(&bytes->view);
    usual = false;
  }
  if (!usual) {
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError) && !PyErr_ExceptionMatches(PyExc_BufferError))
      return -1;
    PyErr_Clear();
    PyObject *view = PyObject_CallOneArg(state->as_memory, object);
    int failed = view ? PyObject_GetBuffer(view, &bytes->view, PyBUF_FULL_RO) : -1;
    Py_XDECREF(view);
    if (failed) return -1;
  }
  bytes->data = bytes->view.buf;
  bytes->size = (size_t)bytes->view.len;
  return 0;
}

int convert_count(const handles_state *state, const char *name, PyObject *value, uint64_t *count) {
  if (PyLong_CheckExact(value)) {
    int overflow;
    long long integer = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (integer >= 0) {
      *count = (uint64_t)integer;
      return 0;
    }
  }
  PyObject *converted = PyObject_CallFunction(state->as_count, "sO", name, value);
  if (!converted) return -1;
  *count = PyLong_AsUnsignedLongLong(converted);
  Py_DECREF(converted);
  return 0;
}

int convert_timeout(const handles_state *state, PyObject *timeout, int64_t *nanoseconds) {
  static const double soon = 1e9; /* seconds; what lies beyond is left to as_nanoseconds */
  if (timeout == Py_None) {
    *nanoseconds = FOREVER;
    return 0;
  }
  if (PyFloat_CheckExact(timeout)) {
    double seconds = PyFloat_AS_DOUBLE(timeout);
    if (seconds >= 0 && seconds < soon) {
      *nanoseconds = (int64_t)ceil(seconds * 1e9);
      return 0;
    }
  } else if (PyLong_CheckExact(timeout)) {
    int overflow;
    long long seconds = PyLong_AsLongLongAndOverflow(timeout, &overflow);
    if (seconds >= 0 && (double)seconds < soon) {
      *nanoseconds = (int64_t)seconds * 1000000000;
      return 0;
    }
  }
  PyObject *converted = PyObject_CallOneArg(state->as_nanoseconds, timeout);
  if (!converted) return -1;
  *nanoseconds = PyLong_AsLongLong(converted);
  Py_DECREF(converted);
  return 0;
}

/* ---- answers ---- */

PyObject *name_of(const char *name, size_t size) {
  return PyUnicode_DecodeUTF8(name, (Py_ssize_t)size, "surrogatepass");
}

PyObject *snapshot_of(const char *name, size_t size, bool moved, bool inherited, const omni_channel_info *info,
                      bool sends) {
  uint32_t open = sends ? info->producer_open : info->consumer_open;
  uint32_t peer = sends ? info->consumer_open : info->producer_open;
  return Py_BuildValue("(y#NNNNNKKK)", name, (Py_ssize_t)size, PyBool_FromLong(moved), PyBool_FromLong(inherited),
                       PyBool_FromLong(open), PyBool_FromLong(peer), PyBool_FromLong(info->shut),
                       (unsigned long long)info->capacity, (unsigned long long)info->max_message_size,
                       (unsigned long long)info->waiting);
}

#if PY_VERSION_HEX < 0x030D0000
#define Py_IsFinalizing _Py_IsFinalizing
#endif

static int log_one(PyObject *log_end, const char *side, const char *name, size_t size, bool inherited,
                   const char *how) {
  PyObject *kind, *error, *trace;
  if (Py_IsFinalizing()) return 0; /* what would be called may be gone already */
  PyErr_Fetch(&kind, &error, &trace);
  PyObject *said = PyObject_CallFunction(log_end, "sy#Os", side, name, (Py_ssize_t)size, inherited ? Py_True : Py_False,
                                         how ? how : "its last reference");
  if (said) Py_DECREF(said);
  else if (how) return -1; /* nothing was set before */
  else PyErr_WriteUnraisable(log_end);
  PyErr_Restore(kind, error, trace);
  return 0;
}

int log_producer_end(producer_endpoint *endpoint, const char *how) {
  size_t size;
  if (LIKELY(!IS_SET(endpoint->logged)) || !atomic_exchange(&endpoint->logged, false)) return 0;
  const char *name = omni_producer_name(endpoint->handle, &size);
  return log_one(endpoint->state->log_end, "producer", name, size, omni_producer_is_inherited(endpoint->handle), how);
}

int log_consumer_end(consumer_endpoint *endpoint, const char *how) {
  size_t size;
  if (LIKELY(!IS_SET(endpoint->logged)) || !atomic_exchange(&endpoint->logged, false)) return 0;
  const char *name = omni_consumer_name(endpoint->handle, &size);
  return log_one(endpoint->state->log_end, "consumer", name, size, omni_consumer_is_inherited(endpoint->handle), how);
}

PyObject *stats_of(PyObject *type, const omni_handle_stats *stats) {
  return PyObject_CallFunction(type, "KKK", (unsigned long long)stats->messages, (unsigned long long)stats->bytes,
                               (unsigned long long)stats->failed);
}

PyObject *raise_by(PyObject *raiser, const char *format, ...) {
  va_list values;
  va_start(values, format);
  PyObject *arguments = Py_VaBuildValue(format, values);
  va_end(values);
  if (!arguments) return NULL;
  PyObject *returned = PyObject_Call(raiser, arguments, NULL);
  Py_DECREF(arguments);
  if (returned) { /* it raises, always */
    Py_DECREF(returned);
    PyErr_SetString(PyExc_SystemError, "what should have raised returned");
  } else if (!PyErr_Occurred()) { /* CPython 3.11, without memory for the call */
    PyErr_NoMemory();
  }
  return NULL;
}

PyObject *raise_instead(PyObject *raiser, Py_ssize_t number) {
  PyObject *kind, *error, *trace;
  PyErr_Fetch(&kind, &error, &trace);
  PyErr_NormalizeException(&kind, &error, &trace);
  raise_by(raiser, "(On)", error, number);
  Py_XDECREF(kind);
  Py_XDECREF(error);
  Py_XDECREF(trace);
  return NULL;
}

PyObject *refuse_producer(const producer_endpoint *endpoint, int code) {
  size_t size;
  const char *name = omni_producer_name(endpoint->handle, &size);
  return raise_by(endpoint->state->refuse, "(isy#)", code, "producer", name, (Py_ssize_t)size);
}

PyObject *refuse_consumer(const consumer_endpoint *endpoint, int code) {
  size_t size;
  const char *name = omni_consumer_name(endpoint->handle, &size);
  return raise_by(endpoint->state->refuse, "(isy#)", code, "consumer", name, (Py_ssize_t)size);
}
