/* Three threads that meet a short-lived channel of its own in each round, each thread in a part of its own. */
#ifndef OMNI_TESTS_CREW_H
#define OMNI_TESTS_CREW_H

#include "native.h"

enum { CREW = 3, RACE_CAPACITY = 8, RACE_LONGEST = 64 };

typedef struct {
  omni_broker *broker; /* whoever gives it up puts NULL here */
  omni_producer *producer;
  omni_consumer *consumer;
  uint64_t number;                 /* of the round, from 0 */
  _Atomic uint64_t pushed, popped; /* by the parts; `pushed` begins with what the channel holds already */
  _Atomic int told;                /* how far the parts have told each other to be */
  omni_message message;            /* what they told of */
  _Atomic int64_t sleeper;         /* the thread that is about to block, 0 while none is, or NO_SLEEPER */
} race_round;

enum { NO_SLEEPER = -1 };

typedef struct {
  const char *name;
  uint64_t filled;                   /* messages that wait when a round begins */
  bool sleeps;                       /* some part says about_to_block */
  void (*parts[CREW])(race_round *); /* NULL: nobody */
  void (*judge)(race_round *);       /* afterwards, alone */
} race_kind;

/* Every round must leave no channel behind. */
void races_run(const race_kind *kinds, size_t count, uint64_t rounds);

/* In a part: about to call something that may block. */
void about_to_block(race_round *round);
/* In another: waits for a moment that differs from round to round; where a part sleeps, often until it does. */
void choose_moment(race_round *round);
void tell(race_round *round, int what);
void await(race_round *round, int what);

/* Calls that check what they move, and add it to the round's counts. Numbers continue from them. */
int try_push_next(race_round *round);
int try_pop_next(race_round *round, omni_message *message);
/* Until it answers something else than SUCCESS; signals and pins do not count. */
int push_on(race_round *round);
int pop_on(race_round *round);

#endif
