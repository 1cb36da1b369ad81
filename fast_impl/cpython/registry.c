/* A broker of the core, with names in bytes and times in nanoseconds; _broker.MailboxBroker is public (§4). And the
 * ends that no interpreter has at the moment [LIF-10]. */
#include "handles.h"

typedef struct {
  PyObject_HEAD handles_state *state;
  omni_broker *broker;
  bool shared;
} registry_object;

/* The process's, whatever the interpreter [BRK-1]; NULL without memory. */
static omni_broker *shared_broker(void) {
  static omni_broker *_Atomic shared;
  omni_broker *made, *none = NULL, *found = shared;
  if (found || !(made = omni_broker_new(UINT64_MAX))) return found;
  if (atomic_compare_exchange_strong(&shared, &none, made)) return made;
  omni_broker_free(made);
  return none;
}

static PyObject *new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs)) {
  unsigned long long memory_limit;
  int shared = 0;
  if (!PyArg_ParseTuple(args, "K|p", &memory_limit, &shared)) return NULL;
  registry_object *self = PyObject_New(registry_object, type);
  if (!self) return NULL;
  self->state = PyType_GetModuleState(type);
  self->shared = shared;
  self->broker = shared ? shared_broker() : omni_broker_new(memory_limit);
  if (self->broker) return (PyObject *)self;
  Py_DECREF(self);
  return PyErr_NoMemory();
}

static void dealloc(registry_object *self) {
  PyTypeObject *type = Py_TYPE(self);
  if (self->broker && !self->shared) omni_broker_free(self->broker);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *handles(registry_object *self, PyObject *logged) {
  PyObject *producer = producer_new(self->state, logged == Py_True);
  PyObject *consumer = producer ? consumer_new(self->state, logged == Py_True) : NULL;
  if (consumer) return Py_BuildValue("(NN)", producer, consumer);
  Py_XDECREF(producer);
  return NULL;
}

static PyObject *request(registry_object *self, PyObject *args) {
  const char *name;
  Py_ssize_t size;
  unsigned long long capacity, max_message_size;
  producer_object *producer;
  consumer_object *consumer;
  if (!PyArg_ParseTuple(args, "y#KKO!O!", &name, &size, &capacity, &max_message_size, self->state->producer, &producer,
                        self->state->consumer, &consumer))
    return NULL;
  return PyLong_FromLong(omni_request_channel(self->broker, name, (size_t)size, capacity, max_message_size,
                                              &producer->endpoint->handle, &consumer->endpoint->handle));
}

static PyObject *has(registry_object *self, PyObject *name) {
  char *bytes;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(name, &bytes, &size) < 0) return NULL;
  return PyBool_FromLong(omni_has_channel(self->broker, bytes, (size_t)size));
}

static PyObject *remove_(registry_object *self, PyObject *name) {
  char *bytes;
  Py_ssize_t size;
  if (PyBytes_AsStringAndSize(name, &bytes, &size) < 0) return NULL;
  return PyBool_FromLong(omni_remove_channel(self->broker, bytes, (size_t)size));
}

static PyObject *get_stats(registry_object *self, PyObject *Py_UNUSED(unused)) {
  omni_broker_stats stats;
  omni_broker_get_stats(self->broker, &stats);
  return Py_BuildValue("(KKKK)", (unsigned long long)stats.active_channels,
                       (unsigned long long)stats.total_channels_created, (unsigned long long)stats.total_messages_sent,
                       (unsigned long long)stats.total_bytes_transferred);
}

static PyObject *described(const omni_channel_info *channel, const char *name) {
  const omni_handle_stats *sent = &channel->producer, *received = &channel->consumer;
  return Py_BuildValue("(y#KKKIIILLKKKKKK)", name, (Py_ssize_t)channel->name_size,
                       (unsigned long long)channel->capacity, (unsigned long long)channel->max_message_size,
                       (unsigned long long)channel->waiting, channel->producer_open, channel->consumer_open,
                       channel->shut, (long long)channel->producer_sleeps, (long long)channel->consumer_sleeps,
                       (unsigned long long)sent->messages, (unsigned long long)sent->bytes,
                       (unsigned long long)sent->failed, (unsigned long long)received->messages,
                       (unsigned long long)received->bytes, (unsigned long long)received->failed);
}

static PyObject *channels(registry_object *self, PyObject *Py_UNUSED(unused)) {
  omni_channel_info *found = NULL;
  char *names = NULL, *name;
  uint64_t room = 0, capacity = 0, count, size;
  PyObject *list = NULL;
  while (size = capacity, count = omni_broker_get_channels(self->broker, found, room, names, &size),
         count > room || size > capacity) { /* more have been requested since */
    PyMem_Free(found);
    PyMem_Free(names);
    found = PyMem_New(omni_channel_info, count + 8);
    names = PyMem_New(char, size + 512);
    if (!found || !names) goto done;
    room = count + 8, capacity = size + 512;
  }
  list = PyList_New((Py_ssize_t)count);
  name = names;
  for (uint64_t i = 0; list && i < count; name += found[i++].name_size) {
    PyObject *each = described(&found[i], name);
    if (each) PyList_SET_ITEM(list, (Py_ssize_t)i, each);
    else Py_CLEAR(list);
  }
done:
  PyMem_Free(found);
  PyMem_Free(names);
  return list || PyErr_Occurred() ? list : PyErr_NoMemory();
}

static PyObject *shutdown_(registry_object *self, PyObject *nanoseconds) {
  int64_t timeout = PyLong_AsLongLong(nanoseconds);
  if (timeout == -1 && PyErr_Occurred()) return NULL;
  int64_t deadline = deadline_after(timeout);
  PyThreadState *thread = gil_give(self->state);
  uint64_t generation = omni_shutdown_begin(self->broker);
  int code = omni_shutdown_wait(self->broker, generation, timeout);
  gil_take(self->state, thread);
  while (code == OMNI_INTERRUPTED) {
    if (check_signals() < 0) return NULL;
    thread = gil_give(self->state);
    code = omni_shutdown_wait(self->broker, generation, time_left(deadline));
    gil_take(self->state, thread);
  }
  return PyLong_FromLong(code);
}

/* ---- ends that are detached [LIF-10] ---- */

static PyObject *attach(PyTypeObject *type, PyObject *args) {
  handles_state *state = PyType_GetModuleState(type);
  omni_producer *producer = NULL;
  omni_consumer *consumer = NULL;
  unsigned long long number;
  int logged;
  if (!PyArg_ParseTuple(args, "Kp", &number, &logged)) return NULL;
  /* Made before, for either end: then nothing can fail once the token has been used */
  PyObject *sender = producer_new(state, logged), *receiver = sender ? consumer_new(state, logged) : NULL,
           *found = NULL;
  if (receiver) {
    omni_attach(number, &producer, &consumer);
    ((producer_object *)sender)->endpoint->handle = producer;
    ((consumer_object *)receiver)->endpoint->handle = consumer;
    found = Py_NewRef(producer ? sender : consumer ? receiver : Py_None);
  }
  Py_XDECREF(sender);
  Py_XDECREF(receiver);
  return found;
}

static PyObject *close_detached(PyTypeObject *type, PyObject *token) {
  handles_state *state = PyType_GetModuleState(type);
  uint64_t number = PyLong_AsUnsignedLongLong(token);
  if (PyErr_Occurred()) return NULL;
  PyThreadState *thread = gil_give(state); /* it may wait for a shutdown */
  int code = omni_close_detached(number);
  gil_take(state, thread);
  return PyBool_FromLong(code == 0);
}

static PyMethodDef methods[] = {
    {"handles", (PyCFunction)handles, METH_O, NULL},
    {"request", (PyCFunction)request, METH_VARARGS, NULL},
    {"has", (PyCFunction)has, METH_O, NULL},
    {"remove", (PyCFunction)remove_, METH_O, NULL},
    {"get_stats", (PyCFunction)get_stats, METH_NOARGS, NULL},
    {"channels", (PyCFunction)channels, METH_NOARGS, NULL},
    {"shutdown", (PyCFunction)shutdown_, METH_O, NULL},
    {"attach", (PyCFunction)attach, METH_VARARGS | METH_CLASS, NULL},
    {"close_detached", (PyCFunction)close_detached, METH_O | METH_CLASS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, DOC_Registry}, {Py_tp_new, new}, {Py_tp_dealloc, dealloc}, {Py_tp_methods, methods}, {0, NULL},
};

PyType_Spec registry_spec = {
    .name = "fast_impl._handles.Registry",
    .basicsize = sizeof(registry_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
