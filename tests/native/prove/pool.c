/* The pool's accounts: whatever happened before, a buffer that is taken is one that is free, and there is one. Which
 * operation, a macro says: one of those below.
 *
 * One buffer is watched, any of them, and where it is: never used, in the place of a message, in the stack of spare
 * ones, in that of those given back, owed, or taken. What holds of it holds of all. Of the others only their numbers
 * are kept. Each operation begins in any state that `holds` allows, and leaves one.
 *
 * That the consumer leaves the producer a buffer is what operations.c claims of pops, and is assumed here. */
#include "platform/platform.h"
#undef platform_trap
#define platform_trap(what) CLAIM(!what)
#define CLAIM(what) __CPROVER_assert(what, "claim: " #what)
#include "ring.h"
#undef CLAIM
#include "proof.h"

static omni_ring ring;
static omni_pool *const pool = &ring.pool;
static uint64_t buffers; /* how many there are */
static _Atomic uint64_t released;
static uint64_t write; /* the index of the next message: those from `reclaimed` up to it have a buffer each */
static uint64_t spares, owed, returned, taken;

static uint32_t watched;
static enum { FRESH, PLACED, SPARE, RETURNED, OWED, TAKEN } where;
static uint64_t at; /* of PLACED: the message's index */
#ifdef TAKE         /* pool_reclaim alone reads pins, and is replaced: without an array it is far less for the solver */
static uint32_t watched_pins;
#else
#define watched_pins pool->pins[watched]
#endif

uint32_t nondet_u32(void);

static uint64_t placed(void) { return write - pool->reclaimed; }

static bool indices_hold(void) {
  return pool->cached_released - pool->reclaimed <= released - pool->reclaimed &&
         released - pool->reclaimed <= placed() && placed() <= pool->fresh && pool->fresh <= buffers;
}

/* Each buffer that was ever used is in one place. What an operation swaps is added first: a help to the solver. */
static bool numbers_hold(void) { return pool->fresh == (placed() + owed + taken) + (spares + returned) && taken <= 1; }

/* A stack of `size` buffers; whether the watched one is among them. */
static bool stack_holds(uint32_t top, uint64_t size, bool has_watched) {
  if ((top == 0) != (size == 0) || top > pool->fresh) return false;
  if (!has_watched) return top != watched + 1;
  return size > 0 && (size > 1 || top == watched + 1);
}

static bool watched_holds(void) {
  uint32_t pins = watched_pins;
  if ((where == FRESH) != (watched >= pool->fresh)) return false;
  if (where == PLACED) return at - pool->reclaimed < write - pool->reclaimed && pins < POOL_OWED;
  if (where == OWED) return owed > 0 && pins > POOL_OWED;
  return pins == 0 && (where != TAKEN || taken > 0);
}

static bool holds(void) {
  return indices_hold() && numbers_hold() && stack_holds(pool->spare, spares, where == SPARE) &&
         stack_holds(pool->returned, returned, where == RETURNED) && watched_holds();
}

/* MSG-3: fewer messages are waiting, held and pinned than there are buffers. */
static bool enough_remain(void) { return write - released + owed < buffers; }

static pool_buffer top_of_stack;
static uint32_t spare_before;

/* In the place of pool_at: `below` is what a stack with this top allows. */
pool_buffer *buffer_of_its_own(const omni_pool *asked, uint32_t buffer) {
  CLAIM(asked == pool && buffer < buffers);
  uint64_t size = spare_before ? spares : returned;
  bool has_watched = where == (spare_before ? SPARE : RETURNED);
  top_of_stack.below = nondet_u32();
  if (size > 0) ASSUME(stack_holds(top_of_stack.below, size - 1, has_watched && buffer != watched));
  ASSUME(top_of_stack.below != buffer + 1); /* or it would be there twice: what holds of the watched one holds of it */
  return &top_of_stack;
}

static uint32_t place;

/* In the place of pool_place: of a message that has a buffer, another one than the watched, or that. */
uint32_t *place_of_its_own(const omni_pool *asked, uint64_t index) {
  CLAIM(asked == pool);
  place = nondet_u32();
  if (index == write) return &place; /* to be written, whatever is there */
  CLAIM(index - pool->reclaimed < write - pool->reclaimed);
  bool here = where == PLACED && at == index;
  ASSUME(place < pool->fresh && (place == watched) == here);
  return &place;
}

/* In the place of pool_reclaim, for TAKE: what RECLAIM proves of it. */
bool any_reclaim(omni_pool *asked, uint32_t *buffer) {
  CLAIM(asked == pool);
  if (pool->reclaimed == pool->cached_released) return false;
  bool here = where == PLACED && at == pool->reclaimed;
  *buffer = nondet_u32();
  ASSUME(*buffer < pool->fresh && (*buffer == watched) == here);
  pool->reclaimed++;
  bool given = nondet_bool();
  if (given) {
    taken++;
    if (here) where = TAKEN, watched_pins = 0;
  } else {
    owed++;
    ASSUME(enough_remain()); /* the pinned message was counted before */
    if (here) where = OWED, watched_pins = POOL_OWED | 1;
  }
  return given;
}

static void any_state(void) {
  buffers = UINT64_C(1) << (nondet_u32() & 31);
  ASSUME(buffers >= 16 && buffers <= UINT32_C(1) << 20);
  pool->last = buffers - 1;
  pool->budget = nondet_u32();
  ASSUME(pool->budget <= buffers);
#ifdef TAKE
  watched_pins = nondet_u32();
#else
  pool->pins = malloc(buffers * sizeof *pool->pins);
  ASSUME(pool->pins != NULL);
#endif
  /* The masks keep the other bits constant, so that sums stay small. */
#ifdef TAKE
  pool->reclaimed = 0; /* the search compares indices for equality alone; RECLAIM is for every index */
#else
  pool->reclaimed = nondet_u64();
#endif
  pool->cached_released = pool->reclaimed + (nondet_u64() & 0x1fffff);
  pool->fresh = nondet_u32();
  pool->spare = spare_before = nondet_u32();
  pool->returned = nondet_u32();
  released = pool->reclaimed + (nondet_u64() & 0x1fffff);
  write = pool->reclaimed + (nondet_u64() & 0x1fffff);
  at = pool->reclaimed + (nondet_u64() & 0x1fffff);
  spares = nondet_u64() & 0x1fffff, owed = nondet_u64() & 0x1fffff, returned = nondet_u64() & 0x1fffff;
  taken = nondet_bool();
  watched = nondet_u32();
  ASSUME(watched < buffers);
  uint32_t state = nondet_u32();
  ASSUME(state <= TAKEN);
  where = state;
  ASSUME(holds());
}

int main(void) {
  any_state();
#if defined(TAKE)
  /* A longer search is one step after the other, each from a state that holds. */
  ASSUME(pool->cached_released - pool->reclaimed <= 1 && released - pool->cached_released <= 1);
  ASSUME(taken == 0 && enough_remain());
  omni_pool before = *pool;
  uint32_t buffer = pool_take(pool, &released);
  bool brought = pool->fresh != before.fresh, popped = pool->spare != before.spare || pool->returned != before.returned;
  CLAIM(buffer < buffers && brought + popped + taken == 1);
  if (taken) REACHED("used again");
  if (brought && before.fresh >= pool->budget) REACHED("beyond the budget");
  if (brought && before.fresh >= pool->budget) CLAIM(pool->reclaimed == released && !pool->spare && !pool->returned);
  if (popped && !before.spare) {
    REACHED("given back");
    spares = returned, returned = 0;
    if (where == RETURNED) where = SPARE;
  }
  spares -= popped;
  if (buffer == watched) CLAIM(where == (brought ? FRESH : popped ? SPARE : TAKEN));
  else CLAIM(where != TAKEN);
  taken = 1;
  if (buffer == watched) where = TAKEN;
#elif defined(RECLAIM)
  uint32_t buffer;
  ASSUME(taken == 0);
  uint64_t before = pool->reclaimed;
  bool given = pool_reclaim(pool, &buffer);
  CLAIM(pool->reclaimed - before <= 1);
  if (given) {
    CLAIM((buffer == watched) == (where == PLACED && at == before));
    taken = 1;
    if (buffer == watched) where = TAKEN;
  } else if (pool->reclaimed != before) {
    REACHED("owed");
    owed++;
    if (where == PLACED && at == before) where = OWED;
  }
#elif defined(PUT)
  uint32_t buffer = nondet_u32();
  ASSUME(taken == 1 && buffer < pool->fresh && (buffer == watched) == (where == TAKEN));
  CLAIM(write - pool->reclaimed < buffers); /* so the place is that of no other message */
  uint64_t ahead = nondet_u64();
  uint32_t offset = nondet_u32(), size = nondet_u32();
  ring.write_index = write - ahead;
  uint8_t *payload = ring_put(&ring, ahead, buffer, size, offset);
  CLAIM(place == buffer && payload == top_of_stack.payload);
  CLAIM(top_of_stack.length == size && top_of_stack.offset == offset);
  if (buffer == watched) where = PLACED, at = write;
  taken = 0;
  write++;
#elif defined(KEEP_SPARE)
  uint32_t buffer = nondet_u32();
  ASSUME(taken == 1 && buffer < pool->fresh && (buffer == watched) == (where == TAKEN));
  pool_keep_spare(pool, buffer);
  CLAIM(top_of_stack.below == spare_before && pool->spare == buffer + 1);
  if (buffer == watched) where = SPARE;
  taken = 0;
  spares++;
#elif defined(UNPIN)
  uint32_t buffer = nondet_u32(), top_before = pool->returned;
  ASSUME(buffer < pool->fresh && (pool->pins[buffer] & ~POOL_OWED) > 0);
  ASSUME(buffer == watched ? where == PLACED || where == OWED
                           : pool->pins[buffer] < POOL_OWED || owed > (where == OWED));
  bool was_owed = pool->pins[buffer] > POOL_OWED, last = pool_unpin(pool, buffer);
  if (last && was_owed) {
    REACHED("given back");
    CLAIM(pool->returned == buffer + 1 && top_of_stack.below == top_before);
    owed--;
    returned++;
    if (buffer == watched) where = RETURNED;
  }
#elif defined(PIN)
  uint32_t buffer = nondet_u32();
  ASSUME(buffer < pool->fresh && pool->pins[buffer] < PLATFORM_MOST_PINS + 1000000); /* as many threads at once */
  ASSUME(buffer != watched || where == PLACED);
  uint32_t before = pool->pins[buffer], others = pool_pin(pool, buffer);
  if (others == PLATFORM_MOST_PINS) REACHED("refused");
  CLAIM(pool->pins[buffer] == before + (others < PLATFORM_MOST_PINS) && others <= PLATFORM_MOST_PINS);
#endif
  /* One at a time: together they are far more for the solver. */
  CLAIM(indices_hold());
  CLAIM(numbers_hold());
  CLAIM(stack_holds(pool->spare, spares, where == SPARE));
  CLAIM(stack_holds(pool->returned, returned, where == RETURNED));
  CLAIM(watched_holds());
}
