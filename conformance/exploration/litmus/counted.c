/* Programs with a known number of executions whose stores depend on what was read. */
#include "../engine/explorer.h"

enum { WORDS = 128 };

static uint32_t word[WORDS];
static int size;

#define LOAD(x, order) ((uint32_t)wm_load(x, 4, wm_##order, WM_SITE(#x)))
#define STORE(x, v, order) wm_store(x, 4, v, wm_##order, WM_SITE(#x))

/* Each adds to what it read, without a read-modify-write. */
static void inc(void *context, int number) {
  (void)context;
  STORE(word, LOAD(word, relaxed) + (1u << number), release);
}

/* One thread searches for a zero from the end; each other sets its word to one more than the word before. */
static void lastzero(void *context, int number) {
  (void)context;
  if (number) STORE(word + number, LOAD(word + number - 1, acquire) + 1, release);
  else
    for (int at = size; LOAD(word + at, acquire); at--) continue;
}

/* Threads put four words each into one hash table. Of `size` threads only 0 to size - 12 meet another, which is 11
 * further on; the others' one execution is left out. */
static void indexer(void *context, int number) {
  int meeting = size - 11, self = number < meeting ? number : number - meeting + 11;
  (void)context;
  for (int i = 0; i < 4; i++) {
    unsigned key = (unsigned)(i * 11 + self), at = key * 7 % WORDS;
    for (uint64_t empty = 0; !wm_replace(word + at, 4, &empty, key, wm_relaxed, wm_relaxed, WM_SITE("word")); empty = 0)
      at = (at + 1) % WORDS;
  }
}

/* Independent reads of two writes, one of which repeats the other. */
static void iriwish(void *context, int number) {
  uint32_t *x = word, *y = word + 16;
  (void)context;
  switch (number) {
    case 0:
      STORE(x, 1, relaxed);
      break;
    case 1:
      STORE(y, LOAD(x, relaxed), release);
      break;
    default:
      LOAD(number == 2 ? x : y, relaxed);
      wm_fence(wm_acq_rel, WM_SITE("fence"));
      LOAD(number == 2 ? y : x, relaxed);
  }
}

static void detour(void *context, int number) {
  uint32_t *x = word, *y = word + 16, *z = word + 32;
  (void)context;
  switch (number) {
    case 0:
      STORE(x, 1, relaxed);
      break;
    case 1:
      STORE(x, LOAD(z, relaxed) - 1, relaxed);
      STORE(y, LOAD(x, relaxed), relaxed);
      break;
    default:
      STORE(z, LOAD(y, relaxed), relaxed);
  }
}

/* Two sum up x and y, `size` times, by turns or not; a third loads once x and then y. */
static void fib(void *context, int number) {
  uint32_t *x = word, *y = word + 16;
  (void)context;
  if (number == 2) {
    if (LOAD(x, acquire) > 144 || LOAD(y, acquire) > 144) wm_fail("more than the twelfth Fibonacci number");
    return;
  }
  for (int i = 0; i < size; i++) {
    uint32_t first = LOAD(x, acquire), second = LOAD(y, acquire);
    STORE(number ? y : x, first + second, release);
  }
}

static void (*const clients[])(void *, int) = {inc, lastzero, indexer, iriwish, detour, fib};

static void begin(void *context) {
  (void)context;
  for (int i = 0; i < WORDS; i++) word[i] = 0;
  if (*(int *)context == 5) word[0] = word[16] = 1;
}

void counted_explore(int client, int of_size, const wm_options *options, wm_report *report) {
  int threads[] = {of_size, of_size + 1, 2 * (of_size - 11), 4, 3, 3};
  size = of_size;
  wm_client c = {threads[client], begin, clients[client], NULL, &client};
  wm_explore(&c, options, report);
}
