/* Sending copies: try_push, blocking_push, send, batch_push (§5.1, §5.2). */
#include "handles.h"

static const char *const names[] = {"data", "timeout"};

static PyObject *push_result(const handles_state *state, int code) {
  if (UNLIKELY(code < 0)) return raise_by(state->refuse, "(i)", code);
  return Py_NewRef(state->push_results[code]);
}

/* Never waits. */
static inline int push_once(producer_endpoint *endpoint, const payload *bytes) {
  if (LIKELY(bytes->size < LARGE_COPY)) return omni_try_push(endpoint->handle, bytes->data, bytes->size);
  int code;
  Py_BEGIN_ALLOW_THREADS;
  code = omni_try_push(endpoint->handle, bytes->data, bytes->size);
  Py_END_ALLOW_THREADS;
  return code;
}

/* Waits without the GIL; OMNI_INTERRUPTED where the handler of a signal raised [CON-6]. */
static __attribute__((noinline)) int push_waiting(producer_endpoint *endpoint, const payload *bytes, int64_t timeout) {
  if (timeout == 0) return omni_blocking_push(endpoint->handle, bytes->data, bytes->size, 0);
  int64_t deadline = deadline_after(timeout);
  for (;;) {
    PyThreadState *thread = gil_give();
    int code = omni_blocking_push(endpoint->handle, bytes->data, bytes->size, timeout);
    gil_take(thread);
    if (code != OMNI_INTERRUPTED || PyErr_CheckSignals() < 0) return code;
    timeout = time_left(deadline);
  }
}

PyObject *producer_try_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  PyObject *data = NULL;
  payload bytes;
  if (LIKELY(nargs == 1 && !kwnames)) data = args[0];
  else if (bind("try_push", names, 1, 1, args, nargs, kwnames, &data) < 0) return NULL;
  if (payload_of(data, &bytes) < 0) return NULL;
  producer_endpoint *endpoint = self->endpoint; /* read after the conversion, which may run Python code that moves it */
  int code = OMNI_PUSH_CHANNEL_CLOSED;
  if (LIKELY(endpoint != NULL && bytes.size < LARGE_COPY)) {
    code = omni_try_push(endpoint->handle, bytes.data, bytes.size); /* holding the GIL */
  } else if (endpoint != NULL) {
    endpoint->references++;
    code = push_once(endpoint, &bytes);
    producer_endpoint_drop(endpoint);
  }
  payload_release(&bytes);
  return push_result(self->state, code);
}

/* What blocking_push and send do alike: a code, or OMNI_INTERRUPTED with an exception set. */
static inline int push(producer_object *self, const payload *bytes, int64_t timeout) {
  producer_endpoint *endpoint = self->endpoint;
  if (UNLIKELY(endpoint == NULL)) return OMNI_PUSH_CHANNEL_CLOSED;
  endpoint->references++;
  int code = push_once(endpoint, bytes);
  if (code == OMNI_PUSH_QUEUE_FULL) code = push_waiting(endpoint, bytes, timeout);
  producer_endpoint_drop(endpoint);
  return code;
}

static inline int push_arguments(const char *function, producer_object *self, PyObject *const *args, Py_ssize_t nargs,
                                 PyObject *kwnames, payload *bytes, int64_t *timeout) {
  PyObject *values[2] = {NULL, Py_None};
  if (LIKELY(nargs == 1 && !kwnames)) values[0] = args[0];
  else if (bind(function, names, 1, 2, args, nargs, kwnames, values) < 0) return -1;
  if (payload_of(values[0], bytes) < 0) return -1;
  *timeout = FOREVER;
  if (LIKELY(values[1] == Py_None) || convert_timeout(self->state, values[1], timeout) == 0) return 0;
  payload_release(bytes);
  return -1;
}

PyObject *producer_blocking_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  payload bytes;
  int64_t timeout;
  if (push_arguments("blocking_push", self, args, nargs, kwnames, &bytes, &timeout) < 0) return NULL;
  int code = push(self, &bytes, timeout);
  payload_release(&bytes);
  return code == OMNI_INTERRUPTED ? NULL : push_result(self->state, code);
}

PyObject *producer_send(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  payload bytes;
  int64_t timeout;
  if (push_arguments("send", self, args, nargs, kwnames, &bytes, &timeout) < 0) return NULL;
  int code = push(self, &bytes, timeout);
  payload_release(&bytes);
  if (LIKELY(code == OMNI_PUSH_SUCCESS)) Py_RETURN_NONE;
  if (code == OMNI_INTERRUPTED) return NULL;
  if (code < 0) return push_result(self->state, code);
  unsigned long long most = self->endpoint ? omni_producer_max_message_size(self->endpoint->handle) : 0;
  return raise_by(self->state->unsent, "(OnK)", self->state->push_results[code], (Py_ssize_t)bytes.size, most);
}

/* ---- batches ---- */

enum { FEW = 256 }; /* messages of a batch that fit without allocating */

typedef struct {
  omni_bytes *items;
  PyObject *owned;  /* a tuple of the messages, where exporters may run Python code; else NULL */
  Py_buffer *views; /* of the first `view_count`, those that are not bytes */
  Py_ssize_t count, view_count;
  size_t total; /* bytes */
  omni_bytes few[FEW];
} gathered;

static void batch_release(gathered *batch) {
  for (Py_ssize_t i = 0; i < batch->view_count; i++) PyBuffer_Release(&batch->views[i]);
  PyMem_Free(batch->views);
  if (batch->items != batch->few) PyMem_Free(batch->items);
  Py_XDECREF(batch->owned);
}

static int batch_room(gathered *batch, Py_ssize_t count) {
  batch->items = batch->few;
  batch->count = count;
  if (count > FEW) batch->items = PyMem_New(omni_bytes, count);
  if (batch->items) return 0;
  PyErr_NoMemory();
  return -1;
}

/* The usual batch, a list or tuple of bytes: no Python code runs before they are pushed, so none can be removed
 * meanwhile. False where it holds anything else. */
static bool gather_bytes(gathered *batch, PyObject *const *objects) {
  for (Py_ssize_t i = 0; i < batch->count; i++) {
    if (UNLIKELY(!PyBytes_CheckExact(objects[i]))) return false;
    Py_ssize_t size = PyBytes_GET_SIZE(objects[i]);
    batch->items[i] = (omni_bytes){PyBytes_AS_STRING(objects[i]), (size_t)size};
    batch->total += (size_t)size;
  }
  return true;
}

/* Exporters in Python may run any code, which may change the list: the batch owns a tuple of its items. */
static int gather_any(gathered *batch) {
  batch->total = 0;
  for (Py_ssize_t i = 0; i < batch->count; i++) {
    payload bytes;
    PyObject *object = PyTuple_GET_ITEM(batch->owned, i);
    if (payload_of(object, &bytes) < 0) return -1;
    if (bytes.view.obj) {
      if (!batch->views) batch->views = PyMem_New(Py_buffer, batch->count);
      if (!batch->views) {
        payload_release(&bytes);
        PyErr_NoMemory();
        return -1;
      }
      batch->views[batch->view_count++] = bytes.view;
    }
    batch->items[i] = (omni_bytes){bytes.data, bytes.size};
    batch->total += bytes.size;
  }
  return 0;
}

static int gather(gathered *batch, PyObject *messages) {
  if (LIKELY(PyList_CheckExact(messages) || PyTuple_CheckExact(messages))) {
    if (batch_room(batch, PySequence_Fast_GET_SIZE(messages)) < 0) return -1;
    if (gather_bytes(batch, PySequence_Fast_ITEMS(messages)) && batch->total < LARGE_COPY) return 0;
    if (batch->items != batch->few) PyMem_Free(batch->items);
    batch->items = batch->few;
  }
  batch->owned = PySequence_Tuple(messages);
  if (!batch->owned || batch_room(batch, PyTuple_GET_SIZE(batch->owned)) < 0) return -1;
  return gather_any(batch);
}

PyObject *producer_batch_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames) {
  static const char *const messages_name[] = {"messages"};
  PyObject *messages = NULL;
  if (LIKELY(nargs == 1 && !kwnames)) messages = args[0];
  else if (bind("batch_push", messages_name, 1, 1, args, nargs, kwnames, &messages) < 0) return NULL;
  gathered batch;
  batch.items = batch.few;
  batch.owned = NULL;
  batch.views = NULL;
  batch.view_count = 0;
  batch.total = 0;
  int64_t pushed = -1;
  if (gather(&batch, messages) == 0) {
    producer_endpoint *endpoint = self->endpoint; /* read now, as in try_push */
    pushed = 0;
    if (LIKELY(endpoint != NULL)) {
      endpoint->references++;
      if (LIKELY(batch.total < LARGE_COPY)) {
        pushed = omni_batch_push(endpoint->handle, batch.items, (size_t)batch.count);
      } else {
        Py_BEGIN_ALLOW_THREADS;
        pushed = omni_batch_push(endpoint->handle, batch.items, (size_t)batch.count);
        Py_END_ALLOW_THREADS;
      }
      producer_endpoint_drop(endpoint);
    }
    if (pushed < 0) raise_by(self->state->refuse, "(i)", (int)pushed);
  }
  batch_release(&batch);
  return pushed < 0 ? NULL : PyLong_FromLongLong(pushed);
}
