#include "script.h"

omni_broker *broker;
static actor actors[WM_THREADS + 1];
static _Atomic uint32_t handed;
static actor giver; /* as it was then, plain memory */

static void perform(actor *me, const script *s, const script_operation *o) {
  uint64_t result = 0;
  script_kind kind = (script_kind)o->kind;
  bool any = false;
  if (kind == HAND) {
    giver = *me;
    platform_store(&handed, 1, release);
  } else if (kind == TAKE) {
    wm_await(&handed, sizeof handed, 0, wm_acquire, WM_SITE("&handed"));
    memcpy(me->held, giver.held, sizeof giver.held);
    me->held_count = giver.held_count;
    me->pinned = giver.pinned;
  } else if (kind >= REQUEST) {
    any = administer(me, s, kind, o->argument, &result);
  } else if (me->producer) {
    any = (kind < TRY_POP ? produce : consume)(me, kind, o->argument, &result);
  }
  if (any) me->results[me->used++] = result;
}

static void run_script(const script *s, int number) {
  for (int i = 0; i < s->length[number]; i++) perform(&actors[number], s, &s->operations[number][i]);
}

static void begin(void *context) {
  const script *s = context;
  memset(actors, 0, sizeof actors);
  atomic_init(&handed, 0);
  mishaps_begin(s);
  broker = omni_broker_new(s->channels ? (uint64_t)(s->channels * s->capacity * MESSAGE_SIZE) : UINT64_MAX);
  if (!s->bare) administer(&actors[SETUP], s, REQUEST, 0, &(uint64_t){0});
  run_script(s, SETUP);
  actors[SETUP].used = 0;
  for (int t = 0; t < s->threads; t++) actors[t] = actors[SETUP];
}

static void thread(void *context, int number) { run_script(context, number); }

static void end(void *context) {
  const script *s = context;
  for (int t = 0; t < s->threads; t++)
    for (int i = 0; i < actors[t].used; i++) wm_outcome(actors[t].results[i]);
  wm_outcome(wm_allocated());
}

void script_explore(const script *given, const wm_options *options, wm_report *report) {
  wm_client client = {given->threads, begin, thread, end, (void *)given};
  wm_explore(&client, options, report);
}
