/* No wake-up is lost: while there is something to take, no thread that could take it sleeps for
   ever.

   Makers publish what others could take by plain stores, as a worker does inside a slow generator
   (item_cursor::pull_more) or between two items (item_cursor::next), and then enter user code that
   does not return before somebody has taken everything. Takers are threads of the run (the caller,
   threads started for the run) and of the pool. Work may be as mean: it may wait until everything
   has been taken, as long as there is another taker left. So whatever is missed even once stays,
   and in the end nothing moves. Each of these adds to it:
     PAUSES   a thread outside the run pauses and resumes it, at any time
     RESIZES  one changes the number of workers, at any time: 1: from all to one, so the others are
              surplus; 2: from one to all. Work does not wait then: who could take may be away
     DUTY     the maker is a caller that alone may generate: what it makes are finished items, and
              it goes on in a generator that does not return before they are collected. So it
              wakes nobody and collects them itself, or leaves that to who is collecting

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
#elif defined(PAUSES) || defined(RESIZES)
#define THREADS (TAKERS + MAKERS + 1)
#define CONTROLLER (TAKERS + MAKERS)
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
bool paused;                      /* gatekeeping::is_paused */
byte waiting;
#if defined(RESIZES) && RESIZES > 1
#define FIRST_LIMIT 1
#define LAST_LIMIT TAKERS
#else
#define FIRST_LIMIT TAKERS
#define LAST_LIMIT 1
#endif
byte limit = FIRST_LIMIT;         /* wakeups::number_limit_, gatekeeping::limit_ */
bool away[THREADS];               /* wakeups::away_, as a set */
bool collect_held, requested;     /* delivery::word_ */

#if MAKERS == 1
#define ALL_TAKEN (taken[TAKERS] == ITEMS)
#else
#define ALL_TAKEN (taken[TAKERS] == ITEMS && taken[TAKERS + 1] == ITEMS)
#endif

/* stealing::is_there_work */
inline look_at_makers(me, result) {
  for (other : TAKERS .. TAKERS + MAKERS - 1) {
    result = result || LOAD(me, WORD(other)) > taken[other]
  }
}

/* course::is_there_work, stealing::is_there_work, delivery::is_there_work: one maker after
   another, and nothing in a pause */
inline look_for_work(me, result) {
  result = false;
  if
  :: paused -> skip
  :: else -> look_at_makers(me, result)
  fi
}

#include "waking.h"

/* course::step, stealing::take_front: under the maker's lock, not in a pause and not by surplus
   workers */
inline take_one(me, result) {
  result = false;
  if
  :: paused || me >= limit -> skip
  :: else -> take_from_makers(me, result)
  fi
}

/* stealing::take_front */
inline take_from_makers(me, result) {
  for (other : TAKERS .. TAKERS + MAKERS - 1) {
    atomic {
      if
      :: !result && LOAD(me, WORD(other)) > taken[other] -> taken[other]++; result = true
      :: else -> skip
      fi
    }
  }
}

#ifdef DUTY
/* delivery::collect_left, delivery::harvest: all that is finished */
inline collect_all(me, result) {
  result = false;
  for (other : TAKERS .. TAKERS + MAKERS - 1) {
    atomic {
      if
      :: LOAD(me, WORD(other)) > taken[other] -> taken[other] = LOAD(me, WORD(other)); result = true
      :: else -> skip
      fi
    }
  }
}

/* delivery::collect: who lets go of the gate looks whether it was asked to collect more */
inline let_go_of_the_gate(me) {
  do
  :: atomic { !requested -> collect_held = false }; break
  :: atomic { requested -> requested = false };
     collect_all(me, found)
  od
}

/* delivery::collect_if_requested, delivery::is_there_work: a worker that found finished items */
inline collect_some(me, result) {
  result = false;
  if
  :: atomic { IS_DRAINED(me) && !collect_held -> collect_held = true };
     collect_all(me, result);
     let_go_of_the_gate(me)
  :: atomic { IS_DRAINED(me) && collect_held -> requested = true }
  fi
}

/* course::do_duty, delivery::flush, delivery::request: before the generator is called again */
inline flush(me) {
#ifndef BUG_CALLER_KEEPS_WHAT_IT_HAS_DONE
  if
  :: atomic { IS_DRAINED(me) && !collect_held -> collect_held = true };
     collect_all(me, found);
     let_go_of_the_gate(me)
#ifdef BUG_FLUSH_ASKS_NOBODY
  :: atomic { IS_DRAINED(me) && collect_held }
#else
  :: atomic { IS_DRAINED(me) && collect_held -> requested = true }
#endif
  fi
#else
  skip
#endif
}
#define take(me, result) collect_some(me, result)
#else
#define take(me, result) take_one(me, result)
#endif

/* user code */
inline work() {
  if
  :: skip
#ifdef DUTY
  :: skip; ALL_TAKEN /* all others may be held in items */
#elif !defined(RESIZES)
  :: atomic { waiting + 1 < TAKERS -> waiting++ };
     ALL_TAKEN;
     waiting--
#endif
  fi
}

/* course::serve */
inline serve(me) {
  do
  :: take(me, found);
     if
     :: found -> found_work(me); work()
#ifdef DUTY
     :: else -> work(); break /* on an item that nobody collects here */
#else
     :: else -> break
#endif
     fi
  od
#ifdef RESIZES
  ;
  leave_if_surplus(me)
#endif
}

#ifdef RESIZES
/* course::serve, wakeups::leave_to_others: makers may have relied on the worker */
inline leave_if_surplus(me) {
  if
  :: me >= limit ->
     give_up(me);
#ifndef BUG_SURPLUS_WORKER_WAKES_NOBODY
     look_for_work(me, found);
     if
     :: found -> notify(me)
     :: else -> skip
     fi
#endif
  :: else -> skip
  fi
}

/* wakeups::sleep, wakeups::stay_away: whether it is surplus is asked again under the lock */
inline sleep_or_stay_away(me) {
  if
  :: me >= limit ->
     leave_if_surplus(me);
     atomic {
       if
#ifndef BUG_LIMIT_READ_WITHOUT_THE_LOCK
       :: me < limit -> skip
       :: else -> away[me] = true
#else
       :: away[me] = true
#endif
       fi
     };
     do
     :: away[me] -> park(me) /* wakeups::is_listed */
     :: else -> break
     od
  :: else -> sleep_here(me)
  fi
}
#else
#define sleep_or_stay_away(me) sleep_here(me)
#endif

/* item_cursor::pull_more, intake::pull_more, item_cursor::next */
proctype maker(byte me) {
  LOCALS;
  byte made;
  do
  :: made < ITEMS ->
     made++;
#ifndef BUG_NOTIFY_BEFORE_PUBLISH
     publish(me, WORD(me), made);
#endif
#ifdef DUTY
     flush(me);
     taken[me] == made; /* user code */
#else
     notify_in_time(me);
#endif
#ifdef BUG_NOTIFY_BEFORE_PUBLISH
     publish(me, WORD(me), made)
#endif
  :: else -> break
  od;
  ALL_TAKEN /* user code */
}

/* run::serve_caller, run::take_part_until_it_is_over */
proctype own_thread(byte me) {
  LOCALS;
  do
  :: serve(me); sleep_or_stay_away(me)
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

#ifdef PAUSES
/* gatekeeping::pause, gatekeeping::resume: by a thread outside the run, at any time */
proctype controller(byte me) {
  LOCALS;
  paused = true;
  paused = false;
#ifndef BUG_RESUME_WAKES_NOBODY
  notify(me)
#endif
}
#endif

#ifdef RESIZES
/* run_control::set_workers, gatekeeping::set_limit, wakeups::limit_numbers,
   wakeups::call_back_those_away: by a thread outside the run, at any time */
proctype controller(byte me) {
  LOCALS;
  limit = LAST_LIMIT;
#ifndef BUG_NOBODY_IS_CALLED_BACK
  atomic {
    for (other : 0 .. TAKERS - 1) {
      if
      :: away[other] -> away[other] = false; unpark(other)
      :: else -> skip
      fi
    }
  };
#endif
  notify(me)
}
#endif

/* the check: once nothing can move any more */
active proctype no_wake_up_is_lost() {
  timeout;
  assert(ALL_TAKEN);
#ifdef RESIZES
  assert(limit == 1 || !away[TAKERS - 1]) /* nobody stays away who may come */
#endif
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
#if defined(PAUSES) || defined(RESIZES)
    run controller(CONTROLLER)
#endif
  }
}

#ifdef PROGRESS
/* the check: also where threads could go on for ever without getting anywhere */
ltl everything_is_taken { <> ALL_TAKEN }
#endif
