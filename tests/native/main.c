/* The core over its C ABI, with threads of the system and nothing in between.
 *
 * Usage: native MESSAGES ROUNDS [LIMIT]: unit tests, then so many messages exchanged in all, then so many rounds
 * of each race; 0 leaves a part out. LIMIT: seconds without progress that count as a hang (60).
 * Ends with 0; or with 1 and the mistake; or with 2 and the phase that hung. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "native.h"

static uint64_t number(const char *text) {
  char *end;
  errno = 0;
  uint64_t value = strtoull(text, &end, 10);
  if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0) return value;
  fprintf(stderr, "not a number: \"%s\"; usage: native MESSAGES ROUNDS [LIMIT]\n", text);
  exit(64);
}

int main(int argc, char **argv) {
  if (argc != 3 && argc != 4) {
    fprintf(stderr, "usage: native MESSAGES ROUNDS [LIMIT]\n");
    return 64;
  }
  uint64_t messages = number(argv[1]), rounds = number(argv[2]), limit = argc == 4 ? number(argv[3]) : 60;
  watchdog_begin((unsigned)limit);
  units();
  if (messages) exchanges(messages);
  if (rounds) {
    race_ends(rounds);
    race_holds(rounds);
    race_registry(rounds);
  }
  watchdog_end();
  printf("%" PRIu64 " messages, %" PRIu64 " rounds of each race: no mistake\n", messages, rounds);
  return 0;
}
