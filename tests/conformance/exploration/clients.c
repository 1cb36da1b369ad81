/* Small clients of the explorer, for its own tests. `mode` chooses between the variants of each. */
#include "../../../conformance/exploration/engine/explorer.h"

static uint32_t flag[16], data[16], queue[16];
static void *shared;
static int mode;

static void begin(void *context) {
  (void)context;
  flag[0] = data[0] = queue[0] = 0;
  shared = NULL;
  wm_name(flag, "flag");
  wm_name(data, "data");
}

#define LOAD(x, order) wm_load(x, 4, wm_##order, WM_SITE(#x))
#define STORE(x, v, order) wm_store(x, 4, v, wm_##order, WM_SITE(#x))

/* Memory is handed over by a flag, and freed by one side; mode 1: the other touches it once more. */
static void freeing(void *context, int number) {
  (void)context;
  if (number == 0) {
    uint32_t *given = wm_allocate(sizeof *given);
    wm_plain_write(given, sizeof *given, WM_SITE("given"));
    *given = 7;
    shared = given;
    STORE(flag, 1, release);
    if (mode == 1) {
      wm_await(data, 4, 0, wm_acquire, WM_SITE("data"));
      wm_plain_read(given, sizeof *given, WM_SITE("given"));
    }
    return;
  }
  wm_await(flag, 4, 0, wm_acquire, WM_SITE("flag"));
  uint32_t *got = shared;
  wm_plain_read(got, sizeof *got, WM_SITE("got"));
  if (*got != 7) wm_fail("the message is not there");
  wm_free(got, WM_SITE("got"));
  STORE(data, 1, release);
}

/* Turns for ever: only a bound ends it. */
static void endless(void *context, int number) {
  (void)context;
  for (;;) STORE(number ? flag : data, 1, relaxed);
}

/* Does something else each time it is run. */
static void fickle(void *context, int number) {
  static uint32_t runs;
  (void)context;
  STORE(flag, number ? ++runs : 1, relaxed);
  LOAD(flag, relaxed);
}

/* One address with two sizes; mode 1: plain after atomic. */
static void misusing(void *context, int number) {
  (void)context, (void)number;
  STORE(flag, 1, relaxed);
  if (mode == 1) wm_plain_write(flag, 4, WM_SITE("flag"));
  else wm_load(flag, 2, wm_relaxed, WM_SITE("flag"));
}

/* A location that is atomic elsewhere, written as if it were not; mode 1: nothing orders the two threads. */
static void nonatomic(void *context, int number) {
  (void)context;
  if (number == 0) {
    STORE(data, 7, nonatomic);
    STORE(flag, 1, release);
    return;
  }
  if (mode == 1) wm_await(flag, 4, 0, wm_relaxed, WM_SITE("flag"));
  else wm_await(flag, 4, 0, wm_acquire, WM_SITE("flag"));
  LOAD(data, relaxed);
  STORE(data, 8, relaxed);
}

/* One thread sleeps, and nobody wakes it; mode 1: but its time may be up. The outcome: whether it was. */
static uint64_t slept;
static void sleeping(void *context, int number) {
  (void)context;
  if (number != 0) return;
  slept = mode == 1 && wm_choose(2, WM_SITE("time"));
  if (!slept) wm_sleep(flag, 4, 0, WM_SITE("flag"));
}

/* A futex step by step: its queue counts the wakes, and who sleeps is woken by those after its place there. */
static void futex_sleep(void) {
  uint64_t wakes = wm_modify(queue, 4, wm_add, 0, wm_acquire, WM_SITE("queue"));
  if (!LOAD(flag, relaxed)) wm_await(queue, 4, wakes, wm_relaxed, WM_SITE("queue"));
}

static void wake(void) {
  if (mode & 1) wm_wake(flag, 4, WM_SITE("flag"));
  else wm_modify(queue, 4, wm_add, 1, wm_release, WM_SITE("queue"));
}

/* Until the flag is set; mode 1: in one step. */
static void sleep(void) {
  if (mode & 1) wm_sleep(flag, 4, 0, WM_SITE("flag"));
  else
    while (!LOAD(flag, relaxed)) futex_sleep();
}

/* Thread 1 fails where it reads what thread 0 has stored; otherwise each stores once more. */
static void asserting(void *context, int number) {
  (void)context;
  if (number == 0) {
    STORE(flag, 1, relaxed);
    STORE(flag, 2, relaxed);
    return;
  }
  WM_ASSERT(LOAD(flag, relaxed) != 1);
  STORE(data, 1, relaxed);
}

/* Thread 1 sleeps until thread 0 has stored; mode 1: in one step. mode 2: thread 0 wakes nobody. The
 * outcome: what thread 1 reads then, of it and of data. */
static void changing(void *context, int number) {
  (void)context;
  if (number == 0) {
    STORE(data, 1, relaxed);
    STORE(flag, 1, relaxed);
    if (!(mode & 2)) wake();
    STORE(data, 2, relaxed);
    STORE(flag, 2, relaxed);
    if (!(mode & 2)) wake();
    return;
  }
  sleep();
  slept = LOAD(flag, relaxed) * 10;
  slept += LOAD(data, relaxed);
}

/* Thread 0 wakes only after thread 1 has gone on; mode 1: which sleeps in one step. */
static void waking_late(void *context, int number) {
  (void)context;
  if (number == 0) {
    STORE(flag, 1, relaxed);
    wm_await(data, 4, 0, wm_relaxed, WM_SITE("data"));
    wake();
    return;
  }
  sleep();
  STORE(data, 1, relaxed);
}

/* Two read-modify-writes of a location, and one thread never ends. */
static void adding(void *context, int number) {
  (void)context;
  if (number == 1) LOAD(data, relaxed);
  do wm_modify(flag, 4, wm_add, 1, wm_relaxed, WM_SITE("flag"));
  while (number == 1);
}

static void how_it_slept(void *context) {
  (void)context;
  wm_outcome(slept);
  wm_outcome(wm_allocated());
}

static void (*const clients[])(void *, int) = {freeing,  endless,   fickle,   misusing,    nonatomic,
                                               sleeping, asserting, changing, waking_late, adding};

void client_explore(int client, int variant, const wm_options *options, wm_report *report) {
  mode = variant;
  wm_client c = {2, begin, clients[client], how_it_slept, NULL};
  wm_explore(&c, options, report);
}
