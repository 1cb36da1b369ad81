/* The ends that an interpreter has: what is still open when it ends is closed then (LIF-1), even where nothing lets go
 * of the handle. Not those of the main interpreter: the process ends with it, and its
 * daemon threads must sleep on. */
#include "handles.h"

struct open_ends {
  listed_end *first;
  int holders; /* the module, and the interpreter's dictionary */
#ifdef Py_GIL_DISABLED
  pthread_mutex_t lock;
  open_ends *next, **link; /* among those of all interpreters */
#endif
};

#ifdef Py_GIL_DISABLED
/* A child of fork has a copy of each lock as it was, and a thread of the parent's may have held it, or have been given
 * it but not gone on. There, with one thread, all are free [LIF-9]. No thread is stopped while it changes what they
 * order: a fork stops them where they could run Python code. */
static pthread_mutex_t lock_of_all = PTHREAD_MUTEX_INITIALIZER;
static open_ends *all;

static void hold(void) { pthread_mutex_lock(&lock_of_all); }

static void release(void) { pthread_mutex_unlock(&lock_of_all); }

static void renew(void) {
  pthread_mutex_init(&lock_of_all, NULL);
  for (open_ends *open = all; open; open = open->next) {
    MAKE_LOCK(open);
    for (listed_end *end = open->first; end; end = end->next)
      if (end->sends) MAKE_LOCK((producer_endpoint *)(void *)end);
  }
}

__attribute__((constructor)) static void prepare(void) { pthread_atfork(hold, release, renew); }

static void list_open(open_ends *open) {
  hold();
  open->next = all;
  open->link = &all;
  if (all) all->link = &open->next;
  all = open;
  release();
}

static void unlist_open(open_ends *open) {
  hold();
  *open->link = open->next;
  if (open->next) open->next->link = open->link;
  release();
}
#else
static void list_open(open_ends *open) { (void)open; }
static void unlist_open(open_ends *open) { (void)open; }
#endif

void end_list(open_ends *open, listed_end *end, bool sends) {
  LOCK(open);
  *end = (listed_end){open->first, &open->first, sends};
  if (end->next) end->next->previous = &end->next;
  open->first = end;
  UNLOCK(open);
}

void end_unlist(open_ends *open, listed_end *end) {
  LOCK(open);
  *end->previous = end->next;
  if (end->next) end->next->previous = end->previous;
  UNLOCK(open);
}

/* No thread of this interpreter runs any more. */
static void close_all(const open_ends *open) {
  for (const listed_end *end = open->first; end; end = end->next) {
    if (end->sends) {
      const producer_endpoint *endpoint = (const producer_endpoint *)(const void *)end;
      if (endpoint->handle && !IS_SET(endpoint->detached)) omni_producer_close(endpoint->handle);
    } else {
      const consumer_endpoint *endpoint = (const consumer_endpoint *)(const void *)end;
      if (endpoint->handle && !IS_SET(endpoint->detached)) omni_consumer_close(endpoint->handle);
    }
  }
}

void ends_release(open_ends *open) {
  if (!open || --open->holders > 0) return;
  unlist_open(open);
  FREE_LOCK(open);
  PyMem_RawFree(open);
}

static void interpreter_ends(PyObject *capsule) {
  open_ends *open = PyCapsule_GetPointer(capsule, NULL);
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) close_all(open);
  ends_release(open);
}

open_ends *ends_of_interpreter(void) {
  PyObject *interpreters = PyInterpreterState_GetDict(PyInterpreterState_Get()), *key, *capsule;
  if (!interpreters) {
    PyErr_SetString(PyExc_RuntimeError, "this interpreter has no dictionary of its own");
    return NULL;
  }
  open_ends *open = PyMem_RawCalloc(1, sizeof *open);
  if (!open) return (open_ends *)PyErr_NoMemory();
  MAKE_LOCK(open);
  capsule = PyCapsule_New(open, NULL, NULL);
  key = capsule ? PyLong_FromVoidPtr(open) : NULL; /* one for each copy of the module */
  int failed = key ? PyDict_SetItem(interpreters, key, capsule) : -1;
  open->holders = 2;
  if (!failed) {
    PyCapsule_SetDestructor(capsule, interpreter_ends);
    list_open(open);
  } else {
    FREE_LOCK(open);
    PyMem_RawFree(open);
  }
  Py_XDECREF(key);
  Py_XDECREF(capsule);
  return failed ? NULL : open;
}
