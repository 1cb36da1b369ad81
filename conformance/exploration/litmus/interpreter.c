/* Runs a litmus program given as data: a client of the explorer. */
#include "../engine/explorer.h"

enum { OPERATIONS = 16, LOCATIONS = 8, REGISTERS = 8 };

enum { LOAD, STORE, EXCHANGE, ADD, REPLACE, FENCE, AWAIT, PLAIN_LOAD, PLAIN_STORE, SLEEP, WAKE, CHOOSE };

typedef struct {
  int32_t kind, location, order, failure, target; /* target: register, or -1 */
  int32_t guard, guard_value;                     /* done only if that register has that value; -1: always */
  int64_t value, expected;
} litmus_operation;

typedef struct {
  int32_t threads, locations;
  int32_t length[WM_THREADS];
  litmus_operation operations[WM_THREADS][OPERATIONS];
} litmus_program;

static uint32_t memory[LOCATIONS][16]; /* a line each */
static uint64_t registers[WM_THREADS][REGISTERS];
static wm_site sites[WM_THREADS][OPERATIONS];

static uint64_t perform(const litmus_operation *o, const wm_site *site) {
  uint32_t *at = memory[o->location];
  wm_order order = (wm_order)o->order;
  uint64_t expected = (uint64_t)o->expected, value = (uint64_t)o->value;
  switch (o->kind) {
    case LOAD:
      return wm_load(at, 4, order, site);
    case STORE:
      wm_store(at, 4, value, order, site);
      return 0;
    case EXCHANGE:
      return wm_modify(at, 4, wm_exchange, value, order, site);
    case ADD:
      return wm_modify(at, 4, wm_add, value, order, site);
    case REPLACE:
      wm_replace(at, 4, &expected, value, order, (wm_order)o->failure, site);
      return expected;
    case FENCE:
      wm_fence(order, site);
      return 0;
    case AWAIT:
      return wm_await(at, 4, expected, order, site);
    case PLAIN_LOAD:
      wm_plain_read(at, 4, site);
      return *at;
    case PLAIN_STORE:
      wm_plain_write(at, 4, site);
      *at = (uint32_t)value;
      return 0;
    case SLEEP:
      wm_sleep(at, 4, expected, site);
      return 0;
    case WAKE:
      wm_wake(at, 4, site);
      return 0;
    case CHOOSE:
      return wm_choose((unsigned)value, site);
    default:
      wm_fail("no such operation");
      return 0;
  }
}

static void begin(void *context) {
  (void)context;
  static const char *const names[LOCATIONS] = {"x", "y", "z", "w", "a", "b", "c", "d"};
  for (int i = 0; i < LOCATIONS; i++) {
    memory[i][0] = 0;
    wm_name(memory[i], names[i]);
  }
  for (int t = 0; t < WM_THREADS; t++)
    for (int i = 0; i < REGISTERS; i++) registers[t][i] = 0;
}

static void thread(void *context, int number) {
  const litmus_program *p = context;
  for (int i = 0; i < p->length[number]; i++) {
    const litmus_operation *o = &p->operations[number][i];
    if (o->guard >= 0 && registers[number][o->guard] != (uint64_t)o->guard_value) continue;
    wm_site *site = &sites[number][i];
    *site = (wm_site){.file = "thread", .line = i + 1, .text = ""};
    uint64_t value = perform(o, site);
    if (o->target >= 0) registers[number][o->target] = value;
  }
}

/* The outcome: each thread's registers that are named, in order, then what each location ends with. */
static void end(void *context) {
  const litmus_program *p = context;
  for (int t = 0; t < p->threads; t++)
    for (int r = 0; r < REGISTERS; r++)
      for (int i = 0; i < p->length[t]; i++)
        if (p->operations[t][i].target == r) {
          wm_outcome(registers[t][r]);
          break;
        }
  for (int i = 0; i < p->locations; i++) wm_outcome(memory[i][0]);
}

void litmus_explore(const litmus_program *program, const wm_options *options, wm_report *report) {
  wm_client client = {program->threads, begin, thread, end, (void *)program};
  wm_explore(&client, options, report);
}
