/* Data races: two accesses to the same byte from two threads, one of them a write, not both atomic, and neither
 * before the other in happens-before. Threads run in an order that respects happens-before, so it is enough to
 * look back from each access. */
#include <stdlib.h>

#include "run.h"

enum { BUCKETS = 4096, GRANULE = 8 };

typedef struct access {
  struct access *next;
  uintptr_t granule;
  const wm_site *site;
  uint16_t index;
  uint8_t thread, bytes;               /* a bit per byte */
  bool write, atomic, explored, freed; /* explored: its value is the graph's, whether it is atomic or not */
} access;

static struct {
  access *first;
  unsigned run;
} buckets[BUCKETS];
static access *pool;
static size_t used, room;

void plain_start(void) { used = 0; }

static access **bucket_of(uintptr_t granule) {
  size_t bucket = (granule ^ granule >> 12) % BUCKETS;
  if (buckets[bucket].run != run.number) buckets[bucket].first = NULL;
  buckets[bucket].run = run.number;
  return &buckets[bucket].first;
}

static access *another(void) {
  static access **chunks; /* never moved, for they point at each other */
  enum { CHUNK = 4096 };
  if (used == room) {
    chunks = realloc(chunks, (room / CHUNK + 1) * sizeof *chunks);
    if (!chunks || !(pool = malloc(CHUNK * sizeof *pool))) abort();
    chunks[room / CHUNK] = pool;
    room += CHUNK;
  }
  access *taken = &chunks[used / CHUNK][used % CHUNK];
  used++;
  return taken;
}

static const char *verb(const access *a) {
  return a->freed ? "freed" : a->atomic ? (a->write ? "atomic write" : "atomic read") : a->write ? "write" : "read";
}

static void blame(const access *a) { run_blame(a->thread, a->explored ? a->index + 1 : a->index); }

static void judge(const access *old, const access *new, const clock_vector *clock) {
  if (old->freed && (old->thread == new->thread || clock->of[old->thread] > old->index)) {
    run_failed(WM_FREED, new->site, "%s at %s:%d of memory freed at %s:%d", verb(new), new->site->file, new->site->line,
               old->site->file, old->site->line);
    return;
  }
  if (!(old->write || new->write) || (old->atomic && new->atomic)) return;
  if (old->thread == new->thread || clock->of[old->thread] > old->index) {
    if (old->explored && new->write && !new->explored && !new->freed)
      run_failed(WM_MISUSE, new->site,
                 "plain write at %s:%d to what was atomic at %s:%d: only before that is it explored", new->site->file,
                 new->site->line, old->site->file, old->site->line);
    return;
  }
  run_failed(WM_RACE, new->site, "data race: %s by thread %d at %s:%d, and %s by thread %d at %s:%d", verb(old),
             old->thread, old->site->file, old->site->line, verb(new), new->thread, new->site->file, new->site->line);
}

static void record(uintptr_t at, size_t size, access sample, const clock_vector *clock) {
  for (uintptr_t granule = at / GRANULE; size && granule <= (at + size - 1) / GRANULE; granule++) {
    uintptr_t low = granule * GRANULE < at ? at - granule * GRANULE : 0;
    uintptr_t high = (granule + 1) * GRANULE > at + size ? at + size - granule * GRANULE : GRANULE;
    sample.bytes = (uint8_t)((1u << high) - (1u << low));
    sample.granule = granule;
    access **first = bucket_of(granule);
    bool known = false;
    for (const access *old = *first; old && !run.failure; old = old->next) {
      if (old->granule != granule || !(old->bytes & sample.bytes)) continue;
      judge(old, &sample, clock);
      if (run.failure) blame(old), blame(&sample);
      known |= old->thread == sample.thread && old->index == sample.index && old->bytes == sample.bytes &&
               old->write == sample.write && old->atomic == sample.atomic && old->explored == sample.explored &&
               old->freed == sample.freed;
    }
    if (known) continue;
    access *kept = another();
    *kept = sample;
    kept->next = *first;
    *first = kept;
  }
}

void plain_access(uintptr_t at, size_t size, bool write, int thread, int index, const clock_vector *clock,
                  const wm_site *site) {
  record(at, size, (access){.site = site, .index = (uint16_t)index, .thread = (uint8_t)thread, .write = write}, clock);
}

void plain_explored(uintptr_t at, size_t size, const event *e) {
  access sample = {.site = e->site,
                   .index = e->index,
                   .thread = e->thread,
                   .write = e->kind == WRITE,
                   .atomic = e->order != wm_nonatomic,
                   .explored = true};
  record(at, size, sample, &e->before);
}

void plain_freed(uintptr_t at, size_t size, int thread, int index, const clock_vector *clock, const wm_site *site) {
  access sample = {.site = site, .index = (uint16_t)index, .thread = (uint8_t)thread, .write = true, .freed = true};
  record(at, size, sample, clock);
}
