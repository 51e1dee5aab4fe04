/* How threads sleep and are woken: the steps of src/engine/wakeups.hpp, pool.cpp and parker.cpp,
   shared by the models.

   Each inline stands for the function that the comment before it names. A statement is one access
   to memory that several threads use; what a lock guards from everybody's eyes is one step.

   Who includes this has included machine.h, and defines first:
     THREADS   how many threads there are; those that wait for work come first:
     OWN       numbers 0 to OWN - 1 belong to the run and sleep in it (at most 2)
     LENT      numbers OWN to OWN + LENT - 1 are the pool's (at most 2)
     USE_RUN   checks that the run still exists, before each step that needs it
     RUN_ENDS  where the run may end
     SENTRY    the sentry's number, where wake-ups may be held back */

#define ASLEEP 1
#define LENDABLE 2
#define NOBODY THREADS
#define END_PARKER THREADS

mtype = { no_token, token, parked };

byte attention;                   /* run_services::attention */
bool searching_;                  /* wakeups::searching_ */
bool finished_;                   /* wakeups::over_ */
bool listed[THREADS];             /* sleeper::listed */
bool search[THREADS];             /* worker::search */
/* sleeper::place, pool_thread::place, pool_client::caller_place_ */
mtype place[THREADS + 1] = no_token;

bool pool_lock;                   /* held for more than a step in lie_down alone */
bool attached;                    /* the run is in pool_state::runs_ */
bool ending;                      /* lending::ending */
byte present;                     /* lending::present */
bool idle[THREADS];               /* pool_thread::idle */
bool assigned[THREADS];           /* pool_thread::assigned */
bool chosen[THREADS];             /* pool_thread::search */

#ifdef SENTRY
bool held_back_;                  /* wakeups::held_back_ */
bool watching_;                   /* pool_state::watching_ */
byte pinned;                      /* lending::pinned */
#else
#define pinned 0
#endif

#if OWN > 1
#define ANY_LISTED (listed[0] || listed[1])
#else
#define ANY_LISTED (OWN > 0 && listed[0])
#endif
#if LENT > 1
#define ANY_IDLE (idle[OWN] || idle[OWN + 1])
#elif LENT > 0
#define ANY_IDLE idle[OWN]
#else
#define ANY_IDLE false
#endif

/* parker::unpark */
inline unpark(p) {
  place[p] = token
}

/* parker::park: parker::take, then the wait for its word to change */
inline park(p) {
  if
#ifdef BUG_PARKER_LOSES_TOKEN
  :: place[p] = parked
#else
  :: place[p] == token
  :: atomic { place[p] == no_token -> place[p] = parked }
#endif
  fi;
  place[p] != parked;
  place[p] = no_token
}

/* pool_state::refresh: under the pool's lock */
inline refresh() {
  if
  :: ANY_IDLE && attached && !ending -> attention = attention | LENDABLE
  :: else -> attention = attention & ~LENDABLE
  fi
}

/* wakeups::wake_sleeper: any of the sleepers, where the engine takes the latest */
inline wake_sleeper(who) {
  USE_RUN;
  atomic {
    if
    :: OWN > 0 && listed[0] -> who = 0
#if OWN > 1
    :: listed[1] -> who = 1
#endif
    :: !ANY_LISTED -> who = NOBODY
    fi;
    if
    :: who != NOBODY ->
       listed[who] = false;
       if
       :: ANY_LISTED -> skip
       :: else -> attention = attention & ~ASLEEP
       fi
    :: else -> skip
    fi
  };
  if
  :: who != NOBODY -> unpark(who)
  :: else -> skip
  fi
}

/* pool_state::lend, pool_state::eligible, pool_state::assign */
inline lend(who) {
  USE_RUN;
  atomic {
    !pool_lock;
    if
#if LENT > 0
    :: idle[OWN] && !ending -> who = OWN
#endif
#if LENT > 1
    :: idle[OWN + 1] && !ending -> who = OWN + 1
#endif
    :: !ANY_IDLE || ending -> who = NOBODY
    fi;
    if
    :: who != NOBODY ->
       assigned[who] = true;
       chosen[who] = true;
       idle[who] = false;
       present++;
       refresh();
       unpark(who)
    :: else -> skip
    fi
  }
}

/* wakeups::notify: `me` has made something that others could take */
inline notify(me) {
  do
  :: atomic { attention == 0 -> USE_RUN }; break
  :: atomic { attention != 0 -> USE_RUN };
#if defined(RUN_ENDS) && !defined(BUG_NOTIFY_OVERLOOKS_THE_END)
     if
     :: atomic { finished_ -> USE_RUN }; break /* finish has woken everybody */
     :: atomic { !finished_ -> USE_RUN }
     fi;
#endif
#ifdef BUG_NOTIFY_READS_SEARCHING_FIRST
     if
     :: atomic { searching_ -> USE_RUN }; break
     :: atomic { !searching_ -> USE_RUN }
     fi;
#endif
     atomic { IS_DRAINED(me) -> USE_RUN; was = searching_; searching_ = true };
     if
     :: was -> break
     :: else -> skip
     fi;
     wake_sleeper(woken);
     if
     :: woken != NOBODY -> break
     :: else -> skip
     fi;
     lend(woken);
     if
     :: woken != NOBODY -> break
     :: else -> skip
     fi;
     atomic { IS_DRAINED(me) -> USE_RUN; searching_ = false };
#ifdef BUG_NOTIFY_TRIES_ONCE
     break
#endif
  od
}

/* wakeups::notify_in_time, pool_state::watch */
inline notify_in_time(me) {
#ifdef SENTRY
  if
  :: notify(me)
  :: atomic { held_back_ -> USE_RUN }
  :: atomic { !held_back_ -> USE_RUN };
     atomic { IS_DRAINED(me) -> USE_RUN; held_back_ = true };
     watching_ = true
  fi
#else
  notify(me)
#endif
}

#ifdef SENTRY
/* pool_state::look_after_runs, wakeups::take_held_back */
proctype sentry() {
  LOCALS;
  do
  :: atomic { watching_ -> watching_ = false };
     if
     :: atomic { !pool_lock && !attached }
     :: atomic { !pool_lock && attached -> pool_lock = true };
        atomic { USE_RUN; was = held_back_; held_back_ = false };
        found = false;
        if
        :: was ->
#ifndef BUG_SENTRY_NO_BARRIER
           heavy_barrier();
#endif
           look_for_work(SENTRY, found)
        :: else -> skip
        fi;
#ifdef BUG_SENTRY_DOES_NOT_PIN
        pool_lock = false;
        if
        :: found -> notify(SENTRY)
        :: else -> skip
        fi
#else
        atomic { pinned = pinned + found; pool_lock = false };
        if
        :: found ->
           notify(SENTRY);
           atomic {
             !pool_lock;
             USE_RUN;
             pinned--;
             if
             :: pinned == 0 && ending -> unpark(END_PARKER)
             :: else -> skip
             fi
           }
        :: else -> skip
        fi
#endif
     fi
  od
}
#endif

/* wakeups::give_up */
inline give_up(me) {
  if
  :: search[me] ->
     search[me] = false;
     atomic { IS_DRAINED(me) -> USE_RUN; searching_ = false }
  :: else -> skip
  fi
}

/* wakeups::search_unless_others_do: who finds something in its last search wakes the next for the
   rest */
inline search_unless_others_do(me, result) {
#ifdef BUG_LAST_LOOK_WAKES_NOBODY
  result = false
#else
  atomic { IS_DRAINED(me) -> USE_RUN; result = !searching_; searching_ = true }
#endif
}

/* wakeups::found_work */
inline found_work(me) {
  if
  :: search[me] ->
     give_up(me);
#ifndef BUG_FOUND_WORK_WAKES_NOBODY
     look_for_work(me, found);
     if
     :: found -> notify(me)
     :: else -> skip
     fi
#endif
  :: else -> skip
  fi
}

/* wakeups::sleep */
inline sleep_here(me) {
#ifndef BUG_SLEEPER_STAYS_SEARCHING
  give_up(me);
#endif
#ifdef BUG_LOOK_BEFORE_LISTING
  look_for_work(me, found);
#endif
  atomic { IS_DRAINED(me) -> USE_RUN; listed[me] = true; attention = attention | ASLEEP };
  heavy_barrier();
#ifdef BUG_NO_SECOND_LOOK
  found = false;
#elif !defined(BUG_LOOK_BEFORE_LISTING)
  look_for_work(me, found);
#endif
  if
#ifdef BUG_SLEEPER_OVERLOOKS_THE_END
  :: !found -> park(me)
#else
  :: !found && !finished_ -> park(me)
#endif
  :: else -> skip
  fi;
  atomic {
    USE_RUN;
    if
    :: !listed[me] -> search[me] = true
    :: else ->
       listed[me] = false;
       if
       :: ANY_LISTED -> skip
       :: else -> attention = attention & ~ASLEEP
       fi
    fi
  };
  if
  :: found && !search[me] -> search_unless_others_do(me, search[me])
  :: else -> skip
  fi
}

/* pool_state::lie_down */
inline lie_down(me) {
  if
  :: atomic { !pool_lock && assigned[me] }
  :: atomic { IS_DRAINED(me) && !pool_lock && !assigned[me] -> idle[me] = true; refresh() };
     heavy_barrier();
     atomic { !pool_lock -> pool_lock = true };
     found = false;
#ifndef BUG_POOL_NO_SECOND_LOOK
     if
     :: !assigned[me] && attached && !ending -> look_for_work(me, found)
     :: else -> skip
     fi;
#endif
     if
     :: found -> search_unless_others_do(me, chosen[me])
     :: else -> skip
     fi;
     atomic {
       if
       :: found ->
          assigned[me] = true;
          idle[me] = false;
          present++;
          refresh()
       :: else -> skip
       fi;
       leaves_without_sleep = assigned[me];
       pool_lock = false
     };
     if
     :: leaves_without_sleep -> skip
     :: else -> park(me)
     fi
  fi
}

/* pool_state::leave */
inline leave(me) {
  atomic {
    IS_DRAINED(me) && !pool_lock;
    USE_RUN;
    present--;
    if
    :: ending && present == 0 -> unpark(END_PARKER)
    :: else -> skip
    fi;
#ifndef BUG_LEAVE_LETS_GO_OF_THE_LOCK
    refresh()
  }
#else
  };
  atomic { USE_RUN; refresh() }
#endif
}

/* pool_state::attach */
inline attach() {
  atomic { !pool_lock; attached = true; refresh() }
}

/* pool_state::detach, pool_state::call_off */
inline detach() {
#ifdef BUG_CALLER_DOES_NOT_WAIT
  atomic { !pool_lock; ending = true; attached = false }
#else
  do
  :: atomic {
       !pool_lock;
       ending = true;
       for (other : 0 .. THREADS - 1) {
         if
         :: assigned[other] -> assigned[other] = false; present--
         :: else -> skip
         fi
       };
       if
       :: present == 0 && pinned == 0 -> attached = false
       :: else -> skip
       fi;
       was = (present == 0 && pinned == 0)
     };
     if
     :: was -> break
     :: else -> park(END_PARKER)
     fi
  od
#endif
}
