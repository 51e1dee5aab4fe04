/* The end of a run: it comes, once, when every item has been delivered exactly once, and nobody
   touches the run after its caller has left.

   The generator yields ITEMS items, of which QUEUE at most are in flight. Each of these adds to it:
     SPAWN       work may spawn so many items
     FOLDS       workers fold their results themselves: no gate at the collector
     ASYNC       one item may be finished by a completer on a thread outside the run
     RETRY       one item may wait for its next attempt, to which the timer's thread brings it
     STOP        a thread outside the run may request a stop, at any time
     PAUSE       a thread outside the run pauses it, at any time, and resumes it; with STOP it does
                 not resume it, and the stop ends the pause
     HOLDS_BACK  wake-ups may be held back for the pool's sentry

   Not modelled: batches (each item is alone) and their harvest, input order, parts with a thread of
   their own, several runs on a pool. */

#ifndef ITEMS
#define ITEMS 2
#endif
#ifndef QUEUE
#define QUEUE 1
#endif
#ifndef LENT
#define LENT 1
#endif
#define OWN 1 /* the caller */
#define CALLER 0
#define WORKERS (OWN + LENT)
#define OUTSIDER WORKERS /* a completer, the timer, or who stops the run */
#ifdef PAUSE
#define CONTROLLER (WORKERS + 1)
#define THREADS (WORKERS + 2)
#elif defined(HOLDS_BACK)
#define SENTRY (WORKERS + 1)
#define THREADS (WORKERS + 2)
#else
#define THREADS (WORKERS + 1)
#endif
#ifndef SPAWN
#define SPAWN 0
#endif
#define IS_CHILD(item) ((item) >= ITEMS) /* spawned ones come behind the generator's */
#define NONE (ITEMS + SPAWN)

bool gone; /* the caller has left, the run has been destroyed */

#define FIRST_WRITER 0
#define LAST_WRITER (WORKERS - 1)
#define RUN_ENDS
#define USE_RUN assert(!gone)

#define PRODUCED 0  /* credits::produced_ */
#define PULL_GATE 1 /* intake::pull_gate_ */
#define DELIVERED 2 /* credits::delivered_ */
#define SPAWNED(worker) (3 + (worker))                     /* worker::spawned_ever */
#define DELIVERED_SPAWNED(worker) (3 + WORKERS + (worker)) /* worker::delivered_spawned */
#if SPAWN > 0
#define WORDS (3 + 2 * WORKERS)
#else
#define WORDS 3
#endif

#include "machine.h"

bool ended_, stopping, stop_callback_ended = true;
bool paused;         /* gatekeeping::is_paused */
bool no_more_pauses; /* gatekeeping::is_stopped_ */
bool control_lock;   /* control_state::lock_ */
bool closed;         /* control_state::gate_ is null */
byte deliveries[ITEMS + SPAWN];
byte left = ITEMS;   /* in the generator */
byte children = SPAWN; /* that may be spawned yet */
byte child_waits;    /* worker::spawned, those of all as a set */
byte outside = NONE; /* the item that somebody outside holds */
bool was_outside;
byte settled = NONE; /* returning_items::finished_ */
byte offered = NONE; /* offered_batches::count_ */
bool outside_lock;
bool collect_held;   /* delivery::word_: the flag and the batches left, as a set */
byte collect_left;

/* credits::room */
#define HAS_ROOM(me) (LOAD(me, PRODUCED) - LOAD(me, DELIVERED) < QUEUE)

/* intake::is_there_work: its four loads one after another */
inline generator_waits_for(me, result) {
  atomic { USE_RUN; result = !ended_ };
  if
  :: result ->
     result = (LOAD(me, PULL_GATE) == 0);
     if
     :: result && !stopping -> result = HAS_ROOM(me)
     :: else -> skip
     fi
  :: else -> skip
  fi
}

/* course::is_there_work */
inline look_for_work(me, result) {
  result = false;
  if
  :: atomic { finished_ -> USE_RUN }
  :: atomic { !finished_ && paused -> USE_RUN };
     result = settled != NONE || (collect_left != 0 && !collect_held)
  :: atomic { !finished_ && !paused -> USE_RUN };
     generator_waits_for(me, result);
     result = result || settled != NONE || offered != NONE || child_waits != 0;
     result = result || (collect_left != 0 && !collect_held)
  fi
}

#include "waking.h"

/* wakeups::end */
inline finish(me) {
  atomic { IS_DRAINED(me) -> USE_RUN; was = finished_; finished_ = true };
  if
  :: was -> skip
  :: else ->
#ifndef BUG_FINISH_WAKES_NOBODY
     do
     :: wake_sleeper(woken);
        if
        :: woken == NOBODY -> break
        :: else -> skip
        fi
     od
#else
     skip
#endif
  fi
}

#if SPAWN > 0
/* roster::spawned, roster::delivered_spawned */
inline add_up(me, sum, of_first) {
  sum = 0;
  for (other : 0 .. WORKERS - 1) {
    sum = sum + LOAD(me, of_first + other)
  }
}
#else
#define add_up(me, sum, of_first) sum = 0
#endif

/* ending::check */
inline check_finished(me) {
  if
  :: atomic { !ended_ -> USE_RUN }
  :: atomic { ended_ -> USE_RUN };
#ifdef BUG_COUNTS_READ_IN_OTHER_ORDER
     add_up(me, count_spawned, SPAWNED(0));
     count = LOAD(me, DELIVERED);
     was = (LOAD(me, PRODUCED) == count);
     add_up(me, count, DELIVERED_SPAWNED(0));
#else
     count = LOAD(me, DELIVERED);
     was = (LOAD(me, PRODUCED) == count);
     add_up(me, count, DELIVERED_SPAWNED(0));
     add_up(me, count_spawned, SPAWNED(0));
#endif
     if
     :: was && count == count_spawned -> finish(me)
     :: else -> skip
     fi
  fi
}

/* delivery::account, credits::give_back */
inline account(me) {
  if
#if SPAWN > 0
  :: IS_CHILD(item) ->
     count = LOAD(me, DELIVERED_SPAWNED(me)) + 1;
#ifdef BUG_DELIVERED_SPAWNED_BY_PLAIN_STORE
     publish(me, DELIVERED_SPAWNED(me), count)
#else
     locked_store(me, DELIVERED_SPAWNED(me), count)
#endif
#endif
  :: !IS_CHILD(item) ->
#ifdef FOLDS
     atomic { IS_DRAINED(me) -> USE_RUN; memory[DELIVERED] = memory[DELIVERED] + 1 };
#else
     count = LOAD(me, DELIVERED) + 1;
     if
#ifndef BUG_DELIVERED_BY_PLAIN_STORE
     :: count == LOAD(me, PRODUCED) -> locked_store(me, DELIVERED, count)
#endif
     :: else -> publish(me, DELIVERED, count) /* there is more to come */
     fi;
#endif
     if
     :: atomic { !ended_ -> USE_RUN }; notify_in_time(me)
     :: atomic { ended_ -> USE_RUN }
     fi
  fi;
  item = NONE;
  check_finished(me)
}

/* delivery::deliver_upto */
inline deliver(me) {
  atomic { USE_RUN; deliveries[item] = deliveries[item] + 1; assert(deliveries[item] == 1) }
}

/* delivery::collect, delivery::collect_left; `taken`: a set of items */
inline collect(me) {
  found_work(me);
  do
  :: taken != 0 ->
     item = 0;
     do
     :: taken & (1 << item) -> break
     :: else -> item++
     od;
     taken = taken & ~(1 << item);
     deliver(me);
     account(me)
  :: else ->
     atomic {
       IS_DRAINED(me) -> USE_RUN;
       taken = collect_left;
       collect_left = 0;
       collect_held = (taken != 0)
     };
     if
     :: taken == 0 -> break
     :: else -> skip
     fi
  od
}

/* delivery::take, delivery::leave */
inline complete(me) {
#ifdef FOLDS
  deliver(me);
  account(me)
#else
  atomic {
    IS_DRAINED(me) -> USE_RUN;
    was = collect_held;
    if
    :: collect_held -> collect_left = collect_left | (1 << item); item = NONE
    :: else ->
       collect_held = true;
       taken = collect_left | (1 << item);
       collect_left = 0;
       item = NONE
    fi
  };
  if
  :: was -> skip
  :: else -> collect(me)
  fi
#endif
}

/* delivery::collect_if_requested */
inline collect_if_requested(me) {
  if
  :: atomic { IS_DRAINED(me) && collect_left != 0 && !collect_held ->
       USE_RUN;
       collect_held = true;
       taken = collect_left;
       collect_left = 0
     };
     collect(me);
     did_something = true
  :: atomic { collect_left == 0 || collect_held -> USE_RUN }
  fi
}

/* user code, spawning::add, course::work_on */
inline work(me) {
#if SPAWN > 0
  do
  :: break
  :: atomic { !IS_CHILD(item) && children > 0 -> children--; child = ITEMS + children };
     count = LOAD(me, SPAWNED(me)) + 1;
     publish(me, SPAWNED(me), count);
     atomic { IS_DRAINED(me) -> USE_RUN; child_waits = child_waits | (1 << child); child = 0 };
     notify_in_time(me)
  od;
#endif
#if defined(ASYNC) || defined(RETRY)
  if
  :: skip
  :: atomic {
       IS_DRAINED(me) && !IS_CHILD(item) && !was_outside ->
       was_outside = true; outside = item; item = NONE
     }
  fi;
#endif
  if
  :: item != NONE -> complete(me)
  :: else -> skip
  fi
}

#ifdef ASYNC
/* course::work_on_returned, course::settle */
inline settle_some(me) {
  if
  :: atomic { settled == NONE -> USE_RUN }
  :: atomic { settled != NONE -> USE_RUN };
     atomic { IS_DRAINED(me) && !outside_lock -> USE_RUN; item = settled; settled = NONE };
     if
     :: item != NONE -> found_work(me); complete(me); did_something = true
     :: else -> skip
     fi
  fi
}
#endif

#if defined(RETRY) || defined(PAUSE)
/* offered_batches::take */
inline take_offered(me) {
  if
  :: atomic { offered == NONE -> USE_RUN }
  :: atomic { IS_DRAINED(me) && offered != NONE -> USE_RUN; item = offered; offered = NONE };
     found_work(me);
     complete(me);
     did_something = true
  fi
}
#endif

#if SPAWN > 0
/* spawning::next_own, spawning::next_of_others */
inline steal_spawned(me) {
  atomic {
    IS_DRAINED(me) -> USE_RUN;
    if
    :: child_waits & (1 << ITEMS) -> item = ITEMS
    :: child_waits & (2 << ITEMS) -> item = ITEMS + 1
    :: child_waits == 0 -> item = NONE
    fi;
    if
    :: item != NONE -> child_waits = child_waits & ~(1 << item)
    :: else -> skip
    fi
  };
  if
  :: item != NONE -> found_work(me); work(me); did_something = true
  :: else -> skip
  fi
}
#endif

/* credits::close */
inline generator_ended(me) {
  atomic { IS_DRAINED(me) -> USE_RUN; ended_ = true }
}

/* intake::pull_batch, intake::end_pull, admission::admit */
inline pull_batch(me) {
  if
  :: atomic { ended_ -> USE_RUN }
  :: atomic { !ended_ && stopping -> USE_RUN }; generator_ended(me)
  :: atomic { !ended_ && !stopping && !HAS_ROOM(me) -> USE_RUN }
  :: atomic { !ended_ && !stopping && HAS_ROOM(me) && left == 0 -> USE_RUN }; generator_ended(me)
  :: atomic {
       !ended_ && !stopping && HAS_ROOM(me) && left > 0 ->
       USE_RUN; item = ITEMS - left; left--
     };
#ifdef BUG_ENDED_BEFORE_ADMITTED
     if
     :: left == 0 -> generator_ended(me)
     :: skip
     fi;
     count = LOAD(me, PRODUCED) + 1;
     publish(me, PRODUCED, count)
#else
     count = LOAD(me, PRODUCED) + 1;
     publish(me, PRODUCED, count);
     if
     :: left == 0 -> generator_ended(me)
     :: skip /* the end comes with the next call */
     fi
#endif
  fi
}

/* intake::next_pulled */
inline feed(me) {
  generator_waits_for(me, found);
  if
  :: found ->
     atomic {
       IS_DRAINED(me) -> USE_RUN;
       was = memory[PULL_GATE];
       memory[PULL_GATE] = 1;
       writer[PULL_GATE] = THREADS
     }
  :: else -> was = true
  fi;
  if
  :: was -> skip
  :: else ->
     found_work(me);
     pull_batch(me);
     publish(me, PULL_GATE, 0);
     generator_waits_for(me, found);
     if
     :: found -> notify_in_time(me)
     :: else -> skip
     fi;
     if
     :: item != NONE && paused -> /* course::next_item: it is held back before it has begun */
        atomic { IS_DRAINED(me) -> USE_RUN; offered = item; item = NONE };
        notify(me)
     :: item != NONE && !paused -> work(me)
#ifdef BUG_NO_CHECK_BEHIND_THE_LAST_PULL
     :: else -> skip
#else
     :: else -> check_finished(me)
#endif
     fi;
     did_something = true
  fi
}

/* course::serve, course::step */
inline serve(me) {
  do
  :: atomic { finished_ -> USE_RUN }; break
  :: atomic { !finished_ -> USE_RUN };
     did_something = false;
     collect_if_requested(me);
#ifdef ASYNC
     settle_some(me);
#endif
#ifdef PAUSE
     if
     :: paused -> skip
     :: else -> take_what_is_new(me)
     fi;
#else
     take_what_is_new(me);
#endif
     if
     :: !did_something -> break
     :: else -> skip
     fi
  od
}

/* course::step: what is not done in a pause */
inline take_what_is_new(me) {
#if defined(RETRY) || defined(PAUSE)
  take_offered(me);
#endif
#if SPAWN > 0
  if
  :: !did_something -> steal_spawned(me)
  :: else -> skip
  fi;
#endif
  if
  :: !did_something -> feed(me)
  :: else -> skip
  fi
}

#define WORKER_LOCALS                                   \
  LOCALS;                                               \
  byte item = NONE, taken, child, count, count_spawned; \
  bool did_something

/* run::serve_caller, run::end */
proctype caller() {
  WORKER_LOCALS;
  attach();
  do
  :: finished_ -> break
  :: else ->
     serve(CALLER);
     if
     :: finished_ -> break
     :: else -> sleep_here(CALLER)
     fi
  od;
  detach();
  stop_callback_ended; /* ~stop_callback waits for a callback that runs */
#ifndef BUG_NO_OUTSIDE_LOCK
  !outside_lock;
#endif
#ifdef PAUSE
  atomic { !control_lock -> closed = true }; /* control_state::close */
#endif
  atomic {
    assert(LOAD(CALLER, PRODUCED) + left == ITEMS && (left == 0 || stopping));
    assert(LOAD(CALLER, DELIVERED) == LOAD(CALLER, PRODUCED));
    for (other : 0 .. ITEMS - left - 1) {
      assert(deliveries[other] == 1)
    };
    for (other : ITEMS + children .. ITEMS + SPAWN - 1) {
      assert(deliveries[other] == 1)
    };
    gone = true
  }
}

/* pool_state::thread_main, run::help */
proctype pool_thread(byte me) {
  WORKER_LOCALS;
  do
  :: atomic { !pool_lock && assigned[me] -> assigned[me] = false; search[me] = chosen[me] };
     serve(me);
     give_up(me);
     leave(me)
  :: atomic { !pool_lock && !assigned[me] };
     lie_down(me)
  od
}

#if defined(ASYNC) || defined(RETRY)
/* returning_items::put_finished, returning_items::retry_wait::fire, offered_batches::put */
proctype outsider() {
  LOCALS;
  outside != NONE;
  atomic { !outside_lock -> outside_lock = true };
#ifdef ASYNC
  atomic { USE_RUN; settled = outside; outside = NONE };
#else
  atomic { USE_RUN; offered = outside; outside = NONE };
#endif
  notify(OUTSIDER);
  atomic { USE_RUN; outside_lock = false }
}
#endif

#ifdef STOP
/* run::request_stop */
proctype outsider() {
  LOCALS;
  atomic { attached && !ending -> stop_callback_ended = false };
  atomic { USE_RUN; stopping = true };
#if defined(PAUSE) && !defined(BUG_STOP_LEAVES_THE_PAUSE)
  atomic { USE_RUN; no_more_pauses = true; paused = false }; /* gatekeeping::stop */
#endif
  notify(OUTSIDER);
  atomic { USE_RUN; stop_callback_ended = true }
}
#endif

#ifdef PAUSE
/* control_state::pause, gatekeeping::pause, control_state::resume, gatekeeping::resume: each under
   the control's lock, which the run takes at its end */
proctype controller() {
  LOCALS;
  bool open;
  atomic {
    !control_lock;
    if
    :: closed -> skip
    :: else ->
       USE_RUN;
#ifdef BUG_PAUSE_BEHIND_A_STOP
       paused = true
#else
       paused = !no_more_pauses
#endif
    fi
  };
#ifndef STOP
#ifdef BUG_NO_CONTROL_LOCK
  open = !closed;
#else
  atomic { !control_lock -> open = !closed; control_lock = open };
#endif
  if
  :: open ->
     atomic { USE_RUN; paused = false };
     notify(CONTROLLER);
     control_lock = false
  :: else -> skip
  fi
#endif
}
#endif

/* the check: once nothing can move any more */
active proctype the_run_ends() {
  timeout;
  assert(gone)
}

init {
  byte i;
  atomic {
    run caller();
    run store_buffer(CALLER);
    for (i : OWN .. WORKERS - 1) {
      run pool_thread(i);
      run store_buffer(i)
    };
#if defined(ASYNC) || defined(RETRY) || defined(STOP)
    run outsider();
#endif
#ifdef PAUSE
    run controller();
#endif
#ifdef SENTRY
    run sentry()
#endif
  }
}

#ifdef PROGRESS
/* the check: also where threads could go on for ever without getting anywhere */
ltl the_run_comes_to_an_end { <> gone }
#endif
