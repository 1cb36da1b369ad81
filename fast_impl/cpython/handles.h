/* What the types of fast_impl._handles share. The sections stand in order: each file uses only those above its own.
 *
 * What the threads of an interpreter share is ordered by the core's guards, by an object's own lock (a critical
 * section, which is nothing where there is a GIL) or by an atomic access; what is only kept to be used again by the
 * GIL, and left out where there is none. Interpreters share no object, only what the core has. A caller holds a
 * reference to the handle that it calls, and so the handle's endpoint lives as long as the call. No type here refers to
 * an object that a program could attach something to, so none is ever part of a cycle, and none needs the collector. */
#ifndef OMNI_HANDLES_H
#define OMNI_HANDLES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <structmember.h>

#include "docs.h" /* made by _build.py: DOC_<class>_<member>, the signatures and docstrings of fast_impl/cffi */
#include "omni_internal.h"
#include "omni_mailbox.h"

#define CALL(function) ((PyCFunction)(void (*)(void))(function))
#define KEYWORDS (METH_FASTCALL | METH_KEYWORDS)
#define METHOD(type, name, function, flags) {#name, CALL(function), flags, DOC_##type##_##name}
#define PROPERTY(type, name, function) {#name, (getter)(void (*)(void))(function), NULL, DOC_##type##_##name, NULL}

/* Reference counts of endpoints: atomic where threads run without a GIL. */
#ifdef Py_GIL_DISABLED
enum { FREE_THREADED = 1 };
typedef _Atomic Py_ssize_t shared_count;
#define ONE_MORE(count) ((void)atomic_fetch_add_explicit(&(count), 1, memory_order_relaxed))
#define ONE_LESS(count) (atomic_fetch_sub_explicit(&(count), 1, memory_order_acq_rel) - 1)
#else
enum { FREE_THREADED = 0 };
typedef Py_ssize_t shared_count;
#define ONE_MORE(count) ((void)++(count))
#define ONE_LESS(count) (--(count))
#endif

#ifndef Py_BEGIN_CRITICAL_SECTION /* before CPython 3.13 */
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

/* Stored by one thread and read by others, orders nothing. */
#define IS_SET(flag) atomic_load_explicit(&(flag), memory_order_relaxed)
#define SET(flag) atomic_store_explicit(&(flag), true, memory_order_relaxed)

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Bytes from which on a copy is made without the GIL. A thread that releases the GIL may get it back only after the
 * switch interval (5 ms), so releasing it pays only for copies that would hold up other threads. */
enum { LARGE_COPY = 256 * 1024 };

enum { FOREVER = -1 }; /* the duration that the core takes for ever */

typedef struct message_object message_object;
typedef struct reservation_object reservation_object;

typedef struct open_ends open_ends;

typedef struct {
  PyTypeObject *producer, *consumer, *message, *reservation, *batch, *payloads, *registry, *native, *compiled;
  PyObject *push_results[OMNI_PUSH_QUEUE_FULL + 1], *pop_results[OMNI_POP_EMPTY + 1];
  PyObject *nothing[OMNI_POP_EMPTY + 1]; /* (that PopResult, None) */
  PyObject *producer_stats, *consumer_stats;
  PyObject *as_count, *as_nanoseconds, *as_memory; /* of fast_impl._common: rare arguments, and every refusal */
  PyObject *represent, *of_message, *of_batch, *of_reservation, *log_end; /* likewise: what is seen of them [OBS] */
  PyObject *refuse, *unsent, *unreceived, *expired, *ended, *held, *bad_element, *stopped, *undetached,
      *no_descriptor;            /* likewise */
  message_object *free_messages; /* each linked to the next, and holding a reference to its type; with a GIL only */
  int free_message_count;
  open_ends *open;    /* what the interpreter closes when it ends */
  _Atomic bool given; /* whether the last of the waiting calls to release or take the GIL released it: see gil.c */
} handles_state;

/* What an endpoint is in the list of its interpreter's. */
typedef struct listed_end {
  struct listed_end *next, **previous;
  bool sends;
} listed_end;

/* The two endpoints of a channel: what move() carries. References are counted: those of handles, moved-from ones
 * included, and those of what was given out. Closed with the last owner (the handle, and each NativeHandle), freed with
 * the last reference. */
typedef struct {
  listed_end listed;
  shared_count references, owners;
  handles_state *state; /* as long as any object of ours lives: its type keeps the module */
  omni_producer *handle;
  _Atomic bool detached;           /* whoever attaches has the handle; what is left here is only read [LIF-10] */
  _Atomic bool logged;             /* its end is to be logged, once [OBS-3] */
  reservation_object *reservation; /* the outstanding one, or NULL; under LOCK */
#ifdef Py_GIL_DISABLED
  pthread_mutex_t lock;
#endif
} producer_endpoint;

typedef struct {
  listed_end listed;
  shared_count references, owners;
  handles_state *state;
  omni_consumer *handle;
  _Atomic bool detached, logged;
  _Atomic bool closed, native; /* `native`: native code may pop as well, since it was given the handle */
  message_object *exported;    /* messages with live exports that are not pinned yet, each linked to the next */
  PyObject *given[2]; /* the last two payloads returned, reused when nothing else refers to them; in the guard */
  int given_last;
  PyObject *ready; /* the tuple last returned, reused when nothing else refers to it (as zip does) */
} consumer_endpoint;

typedef struct {
  PyObject_HEAD handles_state *state;
  producer_endpoint *endpoint;
  _Atomic bool moved; /* from: inactive for good. Under the object's own lock */
  PyObject *weak_references;
} producer_object;

typedef struct {
  PyObject_HEAD handles_state *state;
  consumer_endpoint *endpoint;
  _Atomic bool moved;
  PyObject *weak_references;
} consumer_object;

/* The endpoint, NULL once moved from. */
static inline producer_endpoint *sends(const producer_object *self) {
  return LIKELY(!IS_SET(self->moved)) ? self->endpoint : NULL;
}

static inline consumer_endpoint *receives(const consumer_object *self) {
  return LIKELY(!IS_SET(self->moved)) ? self->endpoint : NULL;
}

/* Orders a producer's calls on its reservations. No Python code runs, and nothing waits, between the two. No PyMutex: a
 * daemon thread that waits for one as the interpreter ends may be given it, and goes no further, so that who ends the
 * interpreter would wait for ever [LIF-11]. */
#ifdef Py_GIL_DISABLED
#define LOCK(endpoint) pthread_mutex_lock(&(endpoint)->lock)
#define UNLOCK(endpoint) pthread_mutex_unlock(&(endpoint)->lock)
#define MAKE_LOCK(endpoint) pthread_mutex_init(&(endpoint)->lock, NULL)
#define FREE_LOCK(endpoint) pthread_mutex_destroy(&(endpoint)->lock)
#else
#define LOCK(endpoint) ((void)(endpoint))
#define UNLOCK(endpoint) ((void)(endpoint))
#define MAKE_LOCK(endpoint) ((void)(endpoint))
#define FREE_LOCK(endpoint) ((void)(endpoint))
#endif

/* Whether the caller's reference is the only one: then it may change the object as if it were new. */
static inline bool is_unique(PyObject *object) {
#ifdef Py_GIL_DISABLED
  return _Py_IsOwnedByCurrentThread(object) && __atomic_load_n(&object->ob_ref_local, __ATOMIC_RELAXED) == 1 &&
         __atomic_load_n(&object->ob_ref_shared, __ATOMIC_RELAXED) == 0;
#else
  return Py_REFCNT(object) == 1;
#endif
}

/* A message, or what a Batch has of one: several messages side by side, as one.
 * The producer cannot reach a message of the last pop, so an export of it needs no pin yet. The next pop, and the
 * close, pin what is still exported; most exports do not live that long. Where others may pop meanwhile, native code or
 * threads without a GIL, each is pinned at once. The exports are counted under the object's own lock. */
struct message_object {
  PyObject_HEAD consumer_endpoint *endpoint;
  omni_message raw;
  Py_ssize_t exports;
  omni_pin pin;                     /* until the last export goes [MSG-3] */
  message_object *next, **previous; /* among endpoint->exported, where `previous` is set, or state->free_messages */
};

struct reservation_object {
  PyObject_HEAD producer_endpoint *endpoint;
  omni_region region;
  Py_ssize_t exports;
  omni_pin pin;   /* from the first export to the last [RSV-7] */
  PyObject *view; /* what `data` gives, or NULL: refers back to this, until it is released */
};

/* Puts another object in its place. */
static inline PyObject *exchange(PyObject **place, PyObject *object) {
#ifdef Py_GIL_DISABLED
  return __atomic_exchange_n(place, object, __ATOMIC_SEQ_CST);
#else
  PyObject *former = *place;
  *place = object;
  return former;
#endif
}

/* Of ends.c: lists an endpoint that has been made, and takes it off the list before it is freed. */
void end_list(open_ends *open, listed_end *end, bool sends);
void end_unlist(open_ends *open, listed_end *end);
/* An empty list for this interpreter; NULL with an exception. */
open_ends *ends_of_interpreter(void);
void ends_release(open_ends *open);

static inline void producer_endpoint_drop(producer_endpoint *endpoint) {
  if (ONE_LESS(endpoint->references)) return;
  end_unlist(endpoint->state->open, &endpoint->listed);
  if (IS_SET(endpoint->detached)) omni_producer_release(endpoint->handle);
  else if (endpoint->handle) omni_producer_free(endpoint->handle);
  FREE_LOCK(endpoint);
  PyMem_Free(endpoint);
}

static inline void consumer_endpoint_drop(consumer_endpoint *endpoint) {
  if (ONE_LESS(endpoint->references)) return;
  end_unlist(endpoint->state->open, &endpoint->listed);
  if (IS_SET(endpoint->detached)) omni_consumer_release(endpoint->handle);
  else if (endpoint->handle) omni_consumer_free(endpoint->handle);
  Py_XDECREF(endpoint->given[0]);
  Py_XDECREF(endpoint->given[1]);
  PyMem_Free(endpoint);
}

/* ---- common.c: arguments [ARG], errors, what both handles have in common ---- */

/* A contiguous bytes-like object, as memory. The caller keeps `object` alive. */
typedef struct {
  const void *data;
  size_t size;
  Py_buffer view; /* to be released where view.obj is set */
} payload;

/* By position and by name into `values`; those that were not given stay. -1 with an exception where they do not fit. */
int bind(const char *function, const char *const *names, int required, int most, PyObject *const *args,
         Py_ssize_t nargs, PyObject *kwnames, PyObject **values);
int buffer_of(const handles_state *state, PyObject *object, payload *bytes);
int convert_count(const handles_state *state, const char *name, PyObject *value, uint64_t *count);
int convert_timeout(const handles_state *state, PyObject *timeout, int64_t *nanoseconds);

static inline int payload_of(const handles_state *state, PyObject *object, payload *bytes) {
  if (UNLIKELY(!PyBytes_CheckExact(object))) return buffer_of(state, object, bytes);
  bytes->data = PyBytes_AS_STRING(object);
  bytes->size = (size_t)PyBytes_GET_SIZE(object);
  bytes->view.obj = NULL;
  return 0;
}

static inline void payload_release(payload *bytes) {
  if (UNLIKELY(bytes->view.obj != NULL)) PyBuffer_Release(&bytes->view);
}

/* A channel's name [BRK-7]. */
PyObject *name_of(const char *name, size_t size);
/* The tuple Snapshot of fast_impl._common: of a producer's side, or of a consumer's. */
PyObject *snapshot_of(const char *name, size_t size, bool moved, bool inherited, const omni_channel_info *info,
                      bool sends);
/* Logs how an end has ended, where that has not been logged before. From a destructor, `how` is NULL: there an
 * exception that is set stays as it is, and one that telling raises is reported. -1 with an exception. */
int log_producer_end(producer_endpoint *endpoint, const char *how);
int log_consumer_end(consumer_endpoint *endpoint, const char *how);
PyObject *stats_of(PyObject *type, const omni_handle_stats *stats);
/* Raises another exception in place of the one that is set, by calling `raiser` with that and the number; NULL. */
PyObject *raise_instead(PyObject *raiser, Py_ssize_t number);
/* Raises by calling one of the functions of fast_impl._common that do; NULL. */
PyObject *raise_by(PyObject *raiser, const char *format, ...);
/* Raises what a negative code of the core means for this endpoint; NULL. */
PyObject *refuse_producer(const producer_endpoint *endpoint, int code);
PyObject *refuse_consumer(const consumer_endpoint *endpoint, int code);

/* ---- gil.c: for calls that wait, or copy much ---- */

PyThreadState *gil_give(handles_state *state);
void gil_take(handles_state *state, PyThreadState *thread);
#ifdef OMNI_POINTS
PyObject *interruption_points(PyObject *unused, PyObject *callable);
#endif
/* Runs the handlers of signals that have come: -1 with the exception that one has raised. */
int check_signals(void);
int64_t deadline_after(int64_t timeout);
/* For a call that waits again: at least 1 ns, for 0 would ask for a call that never waits. */
int64_t time_left(int64_t deadline);

/* ---- reservation.c, pushing.c, producer.c ---- */

PyObject *producer_reserve(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *producer_try_reserve(producer_object *self, PyObject *const *args, Py_ssize_t nargs);
PyObject *producer_commit(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *producer_rollback(producer_object *self, PyObject *unused);
/* Releases the view that `data` gave, if there is one and nothing else lies on it. -1 with an exception. */
int reservation_release(reservation_object *reservation);

/* Waits for a free slot without the GIL until the deadline: OMNI_PUSH_SUCCESS if it is worth trying, TIMEOUT,
 * CHANNEL_CLOSED, or negative: OMNI_INTERRUPTED with an exception set. */
int wait_for_space(producer_endpoint *endpoint, int64_t deadline);
PyObject *producer_try_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *producer_blocking_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *producer_send(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *producer_batch_push(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *producer_send_many(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *producer_wait(producer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);

PyObject *producer_new(handles_state *state, bool logged); /* with an endpoint whose handle is NULL */
PyObject *producer_snapshot(const producer_object *self);

/* ---- message.c, batch.c ---- */

PyObject *message_new(consumer_endpoint *endpoint, const omni_message *raw);
PyObject *batch_new(consumer_endpoint *endpoint, const omni_pop *pop, size_t count);
/* The bytes of a message that is readable. */
PyObject *payload_copy(consumer_endpoint *endpoint, const omni_message *raw);
int batch_pin(message_object *batch); /* 0, or what omni_message_pin has answered for one of them */
void batch_unpin(message_object *batch);
int message_getbuffer(PyObject *self, Py_buffer *view, int flags);
void message_releasebuffer(PyObject *self, Py_buffer *view);
PyObject *view_of(PyObject *self, void *closure);

void pin_exported_messages(consumer_endpoint *endpoint);
/* Before every pop, and the close. */
static inline void pin_live_exports(consumer_endpoint *endpoint) {
  if (UNLIKELY(endpoint->exported != NULL)) pin_exported_messages(endpoint);
}
void free_messages_clear(handles_state *state);
int free_messages_traverse(const handles_state *state, visitproc visit, void *arg);

/* ---- popping.c, consumer.c ---- */

PyObject *consumer_try_pop(consumer_object *self, PyObject *unused);
PyObject *consumer_blocking_pop(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *consumer_receive(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *consumer_iter(PyObject *self);
PyObject *consumer_batch_pop(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *consumer_pop_bytes(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *consumer_batch_pop_buffer(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *consumer_receive_many(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);
PyObject *consumer_wait(consumer_object *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames);

PyObject *consumer_new(handles_state *state, bool logged); /* with an endpoint whose handle is NULL */
PyObject *consumer_snapshot(const consumer_object *self);

/* ---- native.c ---- */

/* Closes an end that has no other owner, and drops the reference of this one. */
void producer_endpoint_leave(producer_endpoint *endpoint);
void consumer_endpoint_leave(consumer_endpoint *endpoint);
/* One more owner of the endpoint that is not NULL; ValueError where both are. Under the handle's own lock. */
PyObject *native_new(handles_state *state, producer_endpoint *producer, consumer_endpoint *consumer);
/* The capsule _C_API, and functions(). */
int native_execute(PyObject *module);

/* ---- registry.c, verifier.c, module.c ---- */

extern PyType_Spec producer_spec, reservation_spec, consumer_spec, payloads_spec, message_spec, batch_spec,
    registry_spec, native_spec, compiled_spec;

#endif
