/* Plain memory: an arena for each thread, so that an address does not depend on the order of the threads; and a race
 * detector. */
#include <stdlib.h>

#include "engine.h"

/* ---- data races ---- */

/* Data races: two accesses to the same byte from two threads, one of them a write, not both atomic, and neither
 * before the other in happens-before. Threads run in an order that respects happens-before, so each access is
 * compared with earlier ones only. */

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

/* Of one thread, and of one kind. */
static bool is_alike(const access *one, const access *other) {
  return one->thread == other->thread && one->write == other->write && one->atomic == other->atomic &&
         one->explored == other->explored && one->freed == other->freed;
}

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

static void trace(const access *a) { run_trace(a->thread, a->explored ? a->index + 1 : a->index); }

static void check_pair(const access *old, const access *new, const clock_vector *clock) {
  if (old->freed && (old->thread == new->thread || clock->of[old->thread] > old->index)) {
    run_failed(WM_FREED, "%s at %s:%d of memory freed at %s:%d", verb(new), new->site->file, new->site->line,
               old->site->file, old->site->line);
    return;
  }
  if (!(old->write || new->write) || (old->atomic && new->atomic)) return;
  if (old->thread == new->thread || clock->of[old->thread] > old->index) {
    if (old->explored && new->write && !new->explored && !new->freed)
      run_failed(WM_MISUSE, "plain write at %s:%d to what was atomic at %s:%d: only before that is it explored",
                 new->site->file, new->site->line, old->site->file, old->site->line);
    return;
  }
  run_failed(WM_RACE, "data race: %s by thread %d at %s:%d, and %s by thread %d at %s:%d", verb(old), old->thread,
             old->site->file, old->site->line, verb(new), new->thread, new->site->file, new->site->line);
}

static void record(uintptr_t at, size_t size, const access *new, const clock_vector *clock) {
  for (uintptr_t granule = at / GRANULE; size && granule <= (at + size - 1) / GRANULE; granule++) {
    uintptr_t low = granule * GRANULE < at ? at - granule * GRANULE : 0;
    uintptr_t high = (granule + 1) * GRANULE > at + size ? at + size - granule * GRANULE : GRANULE;
    uint8_t bytes = (uint8_t)((1u << high) - (1u << low));
    access **first = bucket_of(granule), *alike = NULL;
    for (access *old = *first; old && !run.failure; old = old->next) {
      if (old->granule != granule || !(old->bytes & bytes)) continue;
      bool unmet = !run.met;
      check_pair(old, new, clock);
      if (unmet && run.met) {
        trace(old), trace(new);
        if (!new->explored) run.stopped = new->thread;
      }
      if (old->bytes == bytes && is_alike(old, new)) alike = old;
    }
    if (alike) { /* the newer one is kept: what races with the older one races with it too */
      alike->index = new->index;
      alike->site = new->site;
      continue;
    }
    /* By its members: as one, it would wait for the writes of each. */
    access *kept = another();
    *kept = (access){.next = *first,
                     .granule = granule,
                     .site = new->site,
                     .index = new->index,
                     .thread = new->thread,
                     .bytes = bytes,
                     .write = new->write,
                     .atomic = new->atomic,
                     .explored = new->explored,
                     .freed = new->freed};
    *first = kept;
  }
}

void memory_access(uintptr_t at, size_t size, bool write, int thread, int index, const clock_vector *clock,
                   const wm_site *site) {
  access new = {.site = site, .index = (uint16_t)index, .thread = (uint8_t)thread, .write = write};
  record(at, size, &new, clock);
}

void memory_explored(uintptr_t at, size_t size, const event *e) {
  access new = {.site = e->site,
                .index = e->index,
                .thread = e->thread,
                .write = e->kind == WRITE,
                .atomic = e->order != wm_nonatomic,
                .explored = true};
  record(at, size, &new, &e->before);
}

/* ---- allocation ---- */

enum { ARENA = 256 * 1024, LINE = 64 };

typedef struct {
  char *memory;
  size_t used;
} arena;

static arena arenas[WM_THREADS + 1]; /* the last: before and after the threads */
static unsigned allocated;

typedef struct {
  size_t size;
  char unused[LINE - sizeof(size_t)];
} header;

void memory_start(void) {
  used = 0;
  allocated = 0;
  for (arena *a = arenas; a <= arenas + WM_THREADS; a++) {
    if (a->used) memset(a->memory, 0, a->used);
    a->used = 0;
  }
}

void *wm_allocate(size_t size) {
  arena *a = &arenas[run.current < 0 ? WM_THREADS : run.current];
  size_t whole = sizeof(header) + (size + LINE - 1) / LINE * LINE;
  if (!a->memory && (!(a->memory = aligned_alloc(LINE, ARENA)) || !memset(a->memory, 0, ARENA))) return NULL;
  if (whole > ARENA - a->used) return NULL;
  header *h = (header *)(a->memory + a->used);
  a->used += whole;
  h->size = size;
  allocated++;
  return h + 1;
}

unsigned wm_allocated(void) { return allocated; }

void memory_free(void *memory, int thread, int index, const clock_vector *clock, const wm_site *site) {
  access new = {.site = site, .index = (uint16_t)index, .thread = (uint8_t)thread, .write = true, .freed = true};
  record((uintptr_t)memory, ((header *)memory - 1)->size, &new, clock);
  if (!run.failure) allocated--;
}
