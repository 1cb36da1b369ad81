/* What the types share: how arguments are converted [ARG], what is raised. */
#include <math.h>
#include <stdarg.h>

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

/* What an error calls the argument. */
static PyObject *data_name(Py_ssize_t place) {
  return place < 0 ? PyUnicode_FromString("data") : PyUnicode_FromFormat("messages[%zd]", place);
}

static int wrong_data(PyObject *error, Py_ssize_t place, const char *format, PyObject *object) {
  PyObject *name = data_name(place), *type = PyType_GetName(Py_TYPE(object));
  if (name && type) PyErr_Format(error, format, name, type);
  Py_XDECREF(name);
  Py_XDECREF(type);
  return -1;
}

/* Whether a buffer's format has object references: an O outside the names of fields, which stand between colons. */
static bool has_references(const char *format) {
  bool in_name = false;
  for (; format && *format; format++) {
    if (*format == ':') in_name = !in_name;
    if (*format == 'O' && !in_name) return true;
  }
  return false;
}

int buffer_of(PyObject *object, Py_ssize_t place, payload *bytes) {
  static const char *const no_bytes = "%U must be a bytes-like object, not %U";
  if (PyUnicode_Check(object)) return wrong_data(PyExc_TypeError, place, no_bytes, object);
  if (PyObject_GetBuffer(object, &bytes->view, PyBUF_FULL_RO) < 0) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) return -1;
    PyErr_Clear();
    return wrong_data(PyExc_TypeError, place, no_bytes, object);
  }
  bytes->data = bytes->view.buf;
  bytes->size = (size_t)bytes->view.len;
  if (PyBuffer_IsContiguous(&bytes->view, 'C') && !has_references(bytes->view.format)) return 0;
  bool references = has_references(bytes->view.format);
  PyBuffer_Release(&bytes->view);
  if (references)
    return wrong_data(PyExc_TypeError, place, "%U must be bytes-like, not references to objects: %U", object);
  return wrong_data(PyExc_BufferError, place, "%U must be C-contiguous, which this %U is not; bytes() makes a copy",
                    object);
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
  }
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
