/* Work handed out to other machines: each item is collected exactly once, whatever is lost, and no
   item is executed twice where nothing is.

   ITEMS items, each a batch of its own, are handed out to WORKERS workers over channels that keep
   their order. Each of these adds to it:
     FAULTS    so many times a message is lost, or worker 0 freezes, wakes up, or is killed
     EARLY     so many polls come before all is quiet: answers and batches cross
     RESTARTS  so many times the submitter is killed, and its job comes back under another session,
               with a journal of what was collected. What workers have kept is not executed again:
               nothing is handed out before the first states of all that answer
     WAKES     so many times an earlier submitter, which was frozen, wakes up and calls a worker

   A step is what a machine does about one message: it holds its lock meanwhile. Time is what
   happens when all is quiet: then a heartbeat comes. Not modelled: careful batches and batches of
   several items, parts, credit, labels. */

#ifndef ITEMS
#define ITEMS 2
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef FAULTS
#define FAULTS 0
#endif
#ifndef EARLY
#define EARLY 0
#endif
#ifndef RESTARTS
#define RESTARTS 0
#endif
#ifndef WAKES
#define WAKES 0
#endif
#define NUMBERS 7 /* of batches, of all sessions: more are not followed */
#define ROOM 4    /* of a channel: what is beyond is lost, as at a slow reader */
#define BIT(number) (1 << (number))
#define MOST_POLLS 6 /* when all is quiet, since the last fault: then it is to be done */
#define LOST_AFTER 2 /* polls without an answer */

#define BATCH 0  /* to a worker */
#define TAKEN 1
#define POLL 2
#define CALL 3
#define RESULT 0 /* to the submitter */
#define KEPT 1
#define STATE 2
#define SUPERSEDED 3

chan to[WORKERS] = [ROOM] of { byte, byte, byte }    /* kind, session, number of batch or poll */
chan from[WORKERS] = [ROOM] of { byte, byte, byte, byte } /* kind, session, number, held */

/* The submitter: batches of its session. */
byte session;
byte given;            /* numbers, of all sessions */
byte open;             /* batches that are handed out: a set */
byte item_of[NUMBERS];
byte holder[NUMBERS];
byte polls_before[NUMBERS]; /* polls of the holder when it was sent */
byte done;             /* items: a set */
byte held;             /* items in open batches: a set */
byte polls[WORKERS];
byte unanswered[WORKERS];
byte known;            /* workers that have said their first state: a set */
byte lost;             /* workers: a set */
bool settled;          /* the first states are here: it hands out */

/* Workers. */
byte queued[WORKERS];  /* batches: a set */
byte kept[WORKERS];    /* finished, not taken: a set */
byte latest[WORKERS];  /* session that it has seen */
byte session_of[NUMBERS];
bool frozen, dead;     /* worker 0 */

/* The check. */
byte collected[ITEMS];
byte executed[ITEMS];
byte faults;
byte early;
byte wakes;
byte quiet_polls;
byte w, n, k, s, c, set;

#define MAY_REPEAT (faults > 0)
#define IS_AWAY(worker) ((worker) == 0 && (frozen || dead))
/* or it does not answer: its call or its answer is lost */
#define HAS_ANSWERED(worker) \
  (HAS(known, worker) || IS_AWAY(worker) || (len(to[worker]) == 0 && len(from[worker]) == 0))
#define HAS(set, number) (((set) & BIT(number)) != 0)
#define ALL_ITEMS ((1 << ITEMS) - 1)

/* the machine: a message that finds no room is lost */
inline send_to(worker, kind, sid, number) {
  if
  :: worker == 0 && dead -> skip
  :: (worker != 0 || !dead) && len(to[worker]) < ROOM -> to[worker]!kind, sid, number
  :: else -> skip
  fi
}

/* the machine: what a session that has ended would get is lost, too */
inline send_from(worker, kind, sid, number, what) {
  if
  :: sid == session && len(from[worker]) < ROOM -> from[worker]!kind, sid, number, what
  :: else -> skip
  fi
}

/* the protocol: a pending item goes to a worker that has said its first state */
inline hand_out(worker, item) {
  given < NUMBERS;
  n = given;
  given++;
  item_of[n] = item;
  session_of[n] = session;
  holder[n] = worker;
  polls_before[n] = polls[worker];
  open = open | BIT(n);
  held = held | BIT(item);
  send_to(worker, BATCH, session, n)
}

/* the protocol: the first result counts */
inline collect(number) {
  if
#ifdef BUG_EVERY_RESULT_COUNTS
  :: true ->
#else
  :: !HAS(done, item_of[number]) ->
#endif
     done = done | BIT(item_of[number]);
     collected[item_of[number]]++;
     assert(collected[item_of[number]] == 1)
  :: else -> skip
  fi
}

/* the protocol: a batch is not in this worker's hands any more */
inline close(number) {
  if
  :: HAS(open, number) ->
     open = open & ~BIT(number);
     held = 0;
     for (c : 0 .. NUMBERS - 1) {
       if
       :: HAS(open, c) -> held = held | BIT(item_of[c])
       :: else -> skip
       fi
     }
  :: else -> skip
  fi
}

/* the protocol: what was sent before the poll and is not in its answer never arrived */
inline read_state(worker, poll, has) {
  unanswered[worker] = 0;
  known = known | BIT(worker);
  lost = lost & ~BIT(worker);
  for (n : 0 .. NUMBERS - 1) {
    if
#ifdef BUG_ANSWERS_OF_ANY_POLL
    :: HAS(open, n) && holder[n] == worker && !HAS(has, n) -> close(n)
#else
    :: HAS(open, n) && holder[n] == worker && polls_before[n] < poll && !HAS(has, n) -> close(n)
#endif
    :: else -> skip
    fi
  }
}

/* the protocol: a worker that does not answer is lost, and what it held is pending */
inline lose(worker) {
  lost = lost | BIT(worker);
  for (n : 0 .. NUMBERS - 1) {
    if
    :: HAS(open, n) && holder[n] == worker -> close(n)
    :: else -> skip
    fi
  }
}

/* the protocol: a heartbeat, to one worker */
inline poll_worker(worker) {
  if
  :: unanswered[worker] >= LOST_AFTER && !HAS(lost, worker) -> lose(worker)
  :: else -> skip
  fi;
  if
  :: HAS(known, worker) ->
     polls[worker]++;
     if
     :: unanswered[worker] < LOST_AFTER -> unanswered[worker]++
     :: else -> skip
     fi;
     send_to(worker, POLL, session, polls[worker])
  :: else -> send_to(worker, CALL, session, 0)
  fi
}

/* the protocol: what the submitter does about a message */
inline hear(worker) {
  from[worker]?k, s, n, set;
  assert(k != SUPERSEDED); /* the latest session is never told so */
  if
  :: k == STATE -> k = n; read_state(worker, k, set)
  :: else ->
#ifndef BUG_RESULT_IS_NOT_ACKNOWLEDGED
     send_to(worker, TAKEN, session_of[n], n);
#endif
     set = n;
     close(set);
     collect(set)
  fi
}

/* the protocol: all that it has finished for a session, in front of its state */
inline say_what_is_kept(worker, sid) {
  for (n : 0 .. NUMBERS - 1) {
    if
    :: HAS(kept[worker], n) && session_of[n] == sid -> send_from(worker, RESULT, sid, n, 0)
    :: HAS(kept[worker], n) && session_of[n] < sid -> send_from(worker, KEPT, sid, n, 0)
    :: else -> skip
    fi
  }
}

/* the protocol: the answer lists what it holds of the session */
inline say_state(worker, sid, poll) {
  set = 0;
  for (n : 0 .. NUMBERS - 1) {
    if
    :: HAS(queued[worker] | kept[worker], n) && session_of[n] == sid -> set = set | BIT(n)
    :: else -> skip
    fi
  }
  send_from(worker, STATE, sid, poll, set)
}

/* the protocol: a later session of the job: what the earlier one left in the queue is dropped */
inline turn_to(worker, sid) {
  latest[worker] = sid;
#ifndef BUG_EARLIER_WORK_STAYS_QUEUED
  for (n : 0 .. NUMBERS - 1) {
    if
    :: HAS(queued[worker], n) && session_of[n] < sid -> queued[worker] = queued[worker] & ~BIT(n)
    :: else -> skip
    fi
  }
#endif
}

/* the protocol: what a worker does about a message */
inline work_on(worker) {
  to[worker]?k, s, n;
  if
  :: k == BATCH ->
     if
     :: s == latest[worker] && !HAS(kept[worker], n) -> queued[worker] = queued[worker] | BIT(n)
     :: else -> skip
     fi
  :: k == TAKEN -> kept[worker] = kept[worker] & ~BIT(n)
  :: k == CALL && s >= latest[worker] ->
     turn_to(worker, s);
#ifdef BUG_STATE_IN_FRONT_OF_KEPT
     say_state(worker, s, 0);
     say_what_is_kept(worker, s)
#else
     say_what_is_kept(worker, s);
     say_state(worker, s, 0)
#endif
#ifdef BUG_EARLIER_CALL_TAKES_OVER
  :: k == CALL && s < latest[worker] -> send_from(worker, SUPERSEDED, latest[worker], 0, 0)
#endif
  :: k == POLL && s == latest[worker] ->
     k = n;
#ifndef BUG_RESULT_IS_SENT_ONCE
     say_what_is_kept(worker, s);
#endif
     say_state(worker, s, k)
  :: else -> skip
  fi
}

/* user code: a batch is executed, kept, and its result sent */
inline execute(worker, number) {
  executed[item_of[number]]++;
  assert(MAY_REPEAT || executed[item_of[number]] == 1);
  queued[worker] = queued[worker] & ~BIT(number);
  kept[worker] = kept[worker] | BIT(number);
  if
  :: session_of[number] == latest[worker] -> send_from(worker, RESULT, latest[worker], number, 0)
  :: else -> send_from(worker, KEPT, latest[worker], number, 0)
  fi
}

/* the machine: the submitter is killed, and another one takes the job over */
inline restart() {
  session++;
  open = 0;
  held = 0;
  known = 0;
  lost = 0;
  settled = false;
  for (w : 0 .. WORKERS - 1) {
    polls[w] = 0;
    unanswered[w] = 0;
    do
    :: len(from[w]) > 0 -> from[w]?_, _, _, _
    :: else -> break
    od;
    send_to(w, CALL, session, 0)
  }
}

/* the machine: worker 0 is killed, and what is on its way to it is lost */
inline kill() {
  dead = true;
  queued[0] = 0;
  kept[0] = 0;
  do
  :: len(to[0]) > 0 -> to[0]?_, _, _
  :: else -> break
  od
}

#define IS_QUIET                                                                          \
  ((IS_AWAY(0) || (len(to[0]) == 0 && queued[0] == 0)) && len(from[0]) == 0 &&                  \
   (WORKERS == 1 || (len(to[WORKERS - 1]) == 0 && queued[WORKERS - 1] == 0 &&                \
                     len(from[WORKERS - 1]) == 0)) &&                                        \
   ((done | held) == ALL_ITEMS || (known & ~lost) == 0))
#define IS_OVER (done == ALL_ITEMS && (IS_AWAY(0) || kept[0] == 0) && kept[WORKERS - 1] == 0)

/* the check: every step of submitter, workers, bus and fate, one at a time */
active proctype all() {
  byte worker, item, number;
  atomic {
    for (worker : 0 .. WORKERS - 1) {
      send_to(worker, CALL, session, 0)
    }
    worker = 0
  };
  do
  :: atomic { /* the submitter */
       select (worker : 0 .. WORKERS - 1);
       if
       :: len(from[worker]) > 0 -> hear(worker)
#ifdef BUG_FIRST_ANSWER_IS_ENOUGH
       :: HAS(known & ~lost, worker) && (done | held) != ALL_ITEMS ->
#else
       :: settled && HAS(known & ~lost, worker) && (done | held) != ALL_ITEMS ->
#endif
          item = 0;
          do
          :: HAS(done | held, item) -> item++
          :: else -> break
          od;
          hand_out(worker, item)
       :: early < EARLY && HAS(known, worker) -> early++; poll_worker(worker)
       fi;
       worker = 0; item = 0; w = 0; n = 0; k = 0; s = 0; c = 0; set = 0
     }
  :: atomic { /* the settling time is over: who answers has answered meanwhile */
       !settled && known != 0 && HAS_ANSWERED(0) && HAS_ANSWERED(WORKERS - 1) -> settled = true
     }
  :: atomic { /* a worker */
       select (worker : 0 .. WORKERS - 1);
       !IS_AWAY(worker);
       if
       :: len(to[worker]) > 0 -> work_on(worker)
       :: queued[worker] != 0 ->
          number = 0;
          do
          :: !HAS(queued[worker], number) -> number++
          :: else -> break
          od;
          execute(worker, number)
       fi;
       worker = 0; number = 0; w = 0; n = 0; k = 0; s = 0; c = 0; set = 0
     }
  :: atomic { faults < FAULTS -> /* fate */
       faults++;
       quiet_polls = 0;
       select (worker : 0 .. WORKERS - 1);
       if
       :: len(to[worker]) > 0 -> to[worker]?_, _, _
       :: len(from[worker]) > 0 -> from[worker]?_, _, _, _
       :: WORKERS > 1 && !dead && !frozen -> frozen = true
       :: WORKERS > 1 && !dead -> kill()
       fi;
       worker = 0
     }
  :: atomic { frozen && !dead -> frozen = false; quiet_polls = 0 }
  :: atomic { session < RESTARTS && done != ALL_ITEMS -> restart(); quiet_polls = 0; w = 0 }
  :: atomic { wakes < WAKES && session > 0 -> /* it calls, as it does each heartbeat */
       wakes++;
       select (worker : 0 .. WORKERS - 1);
       send_to(worker, CALL, session - 1, 0);
       worker = 0
     }
  :: atomic { IS_QUIET && !IS_OVER -> /* a heartbeat */
       quiet_polls++;
       assert(quiet_polls <= MOST_POLLS);
       for (worker : 0 .. WORKERS - 1) {
         poll_worker(worker)
       }
       worker = 0; n = 0; k = 0; s = 0; c = 0; set = 0
     }
  :: atomic { IS_QUIET && IS_OVER && !frozen -> break }
  od
}
