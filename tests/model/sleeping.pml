/* No wake-up is lost: while there is something to take, no thread that could take it sleeps for
   ever.

   Makers publish what others could take by plain stores, as a worker does inside a slow generator
   (worker_base::pull_more) or between two items (worker_base::next), and then enter user code that
   does not return before somebody has taken everything. Takers are threads of the run (the caller,
   threads started for the run) and of the pool. Work may be as mean: it may wait until everything
   has been taken, as long as there is another taker left. So whatever is missed even once stays,
   and in the end nothing moves.

   Not modelled: which of several sleepers is chosen, threads that are started on demand
   (wakeups::start_own_thread; they begin by looking), parts with a thread of their own (parkers
   alone). */

#ifndef MAKERS
#define MAKERS 1
#endif
#ifndef ITEMS
#define ITEMS 2 /* of each maker */
#endif
#ifndef OWN
#define OWN 1
#endif
#ifndef LENT
#define LENT 1
#endif
#define TAKERS (OWN + LENT)
#ifdef HOLDS_BACK
#define THREADS (TAKERS + MAKERS + 1)
#define SENTRY (TAKERS + MAKERS)
#else
#define THREADS (TAKERS + MAKERS)
#endif
#define FIRST_WRITER TAKERS
#define LAST_WRITER (TAKERS + MAKERS - 1)
#define WORDS MAKERS
#define WORD(maker) ((maker) - TAKERS) /* batch::filled, batch::claimed, batch::finished */

#define USE_RUN skip

#include "machine.h"

byte taken[THREADS];
byte waiting;

#if MAKERS == 1
#define ALL_TAKEN (taken[TAKERS] == ITEMS)
#else
#define ALL_TAKEN (taken[TAKERS] == ITEMS && taken[TAKERS + 1] == ITEMS)
#endif

/* course::is_there_work, stealing::is_there_work, delivery::is_there_work: one maker after
   another */
inline look_for_work(me, result) {
  result = false;
  for (other : TAKERS .. TAKERS + MAKERS - 1) {
    result = result || LOAD(me, WORD(other)) > taken[other]
  }
}

#include "waking.h"

/* course::step, stealing::take_front: under the maker's lock */
inline take_one(me, result) {
  result = false;
  for (other : TAKERS .. TAKERS + MAKERS - 1) {
    atomic {
      if
      :: !result && LOAD(me, WORD(other)) > taken[other] -> taken[other]++; result = true
      :: else -> skip
      fi
    }
  }
}

/* user code */
inline work() {
  if
  :: skip
  :: atomic { waiting + 1 < TAKERS -> waiting++ };
     ALL_TAKEN;
     waiting--
  fi
}

/* course::serve */
inline serve(me) {
  do
  :: take_one(me, found);
     if
     :: found -> found_work(me); work()
     :: else -> break
     fi
  od
}

/* worker_base::pull_more, intake::pull_more */
proctype maker(byte me) {
  LOCALS;
  byte made;
  do
  :: made < ITEMS ->
     made++;
#ifndef BUG_NOTIFY_BEFORE_PUBLISH
     publish(me, WORD(me), made);
#endif
     notify_in_time(me);
#ifdef BUG_NOTIFY_BEFORE_PUBLISH
     publish(me, WORD(me), made)
#endif
  :: else -> break
  od;
  ALL_TAKEN /* user code */
}

/* run::execute, run::take_part_until_it_is_over */
proctype own_thread(byte me) {
  LOCALS;
  do
  :: serve(me); sleep_here(me)
  od
}

/* pool_state::thread_main, run::help */
proctype pool_thread(byte me) {
  LOCALS;
  do
  :: atomic { !pool_lock && assigned[me] -> assigned[me] = false; search[me] = chosen[me] };
     serve(me);
     give_up(me);
     leave(me)
  :: atomic { !pool_lock && !assigned[me] };
     lie_down(me)
  od
}

/* the check: once nothing can move any more */
active proctype no_wake_up_is_lost() {
  timeout;
  assert(ALL_TAKEN)
}

init {
  byte i;
  atomic {
    attached = true;
    for (i : 0 .. TAKERS + MAKERS - 1) {
      if
      :: i < OWN -> run own_thread(i)
      :: i >= OWN && i < TAKERS -> run pool_thread(i)
      :: else -> run maker(i); run store_buffer(i)
      fi
    };
#ifdef SENTRY
    run sentry()
#endif
  }
}

#ifdef PROGRESS
/* the check: also where threads could go on for ever without getting anywhere */
ltl everything_is_taken { <> ALL_TAKEN }
#endif
