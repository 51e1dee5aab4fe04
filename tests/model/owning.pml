/* The mutex with an owner: one thread at a time is inside, and everybody gets in.

   The owner comes in by plain stores, others by a mutex of their own and a heavy barrier, which
   they leave out where the owner has chosen locked instructions instead. The owner changes its mind
   in between. */

#ifndef VISITORS
#define VISITORS 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define OWNER 0
#define THREADS (1 + VISITORS)
#define FIRST_WRITER 0
#define LAST_WRITER VISITORS
#define USE_RUN skip

#define OWNER_INSIDE 0 /* owned_mutex::owner_inside_ */
#define OTHERS 1       /* owned_mutex::others_ */
#define WORDS 2

#include "machine.h"

bool symmetric; /* owned_mutex::kind_ */
bool entrance;  /* owned_mutex::entrance_ */
byte inside;
byte done;

/* publish: as the owner's kind wants it */
inline come_in() {
  publish(OWNER, OWNER_INSIDE, 1);
#ifndef BUG_NO_BARRIER_ON_EITHER_SIDE
  if
  :: symmetric -> IS_DRAINED(OWNER)
  :: else -> skip
  fi
#endif
}

/* owned_mutex::lock_as_owner */
inline lock_as_owner() {
  come_in();
#ifndef BUG_OWNER_DOES_NOT_LOOK
  if
  :: LOAD(OWNER, OTHERS) != 0 ->
#ifndef BUG_OWNER_DOES_NOT_GIVE_WAY
     publish(OWNER, OWNER_INSIDE, 0);
#endif
     atomic { IS_DRAINED(OWNER) && !entrance -> entrance = true };
     come_in();
     atomic { IS_DRAINED(OWNER) -> entrance = false }
  :: LOAD(OWNER, OTHERS) == 0
  fi
#endif
}

/* owned_mutex::unlock_as_owner */
inline unlock_as_owner() {
  publish(OWNER, OWNER_INSIDE, 0)
}

/* owned_mutex::lock */
inline lock(me) {
  atomic { IS_DRAINED(me) && !entrance -> entrance = true };
  atomic { memory[OTHERS] = 1; stored[OTHERS] = 1; writer[OTHERS] = me };
  if
  :: !symmetric -> heavy_barrier()
  :: symmetric -> skip
  fi;
  LOAD(me, OWNER_INSIDE) == 0
}

/* owned_mutex::unlock */
inline unlock(me) {
  publish(me, OTHERS, 0);
  atomic { IS_DRAINED(me) -> entrance = false }
}

/* intake::end_pull, course::next_item */
proctype owner() {
  LOCALS;
  byte round;
  do
  :: round < ROUNDS ->
     round++;
     lock_as_owner();
     inside++;
     assert(inside == 1);
     inside--;
     unlock_as_owner();
     if
     :: skip
     :: atomic { IS_DRAINED(OWNER) -> symmetric = !symmetric } /* worker::choose_barrier */
     fi
  :: else -> break
  od;
  done++
}

/* stealing::take_front, stealing::take_back */
proctype visitor(byte me) {
  LOCALS;
  byte round;
  do
  :: round < ROUNDS ->
     round++;
     lock(me);
     inside++;
     assert(inside == 1);
     inside--;
     unlock(me)
  :: else -> break
  od;
  done++
}

/* the check: once nothing can move any more */
active proctype everybody_gets_in() {
  timeout;
  assert(done == THREADS)
}

init {
  byte i;
  atomic {
    run owner();
    run store_buffer(OWNER);
    for (i : 1 .. THREADS - 1) {
      run visitor(i);
      run store_buffer(i)
    }
  }
}
