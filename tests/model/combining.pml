/* The collector by combining: one thread at a time collects, and no batch and no request is left
   behind when it lets go.

   One word holds the list of finished batches and two flags: somebody collects; there is something
   to be delivered that is in no list. Workers complete batches of two items; within a batch they
   may ask for their first item's delivery and then not go on before it has come. Batches are used
   again, so the list's head may come back with another tail.

   Every operation on the word is a locked instruction: store buffers do not matter here. */

#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef BATCHES
#define BATCHES 3
#endif
#ifndef ROUNDS
#define ROUNDS 2 /* batches of each worker */
#endif
#define NIL BATCHES

byte head = NIL;          /* delivery::word_: its three parts, always changed as one */
bool held, look;
byte next[BATCHES];       /* batch::next */
byte current[WORKERS] = NIL; /* worker::current */
byte finished[BATCHES];   /* batch::finished */
byte delivered[BATCHES];  /* batch::delivered */
bool in_use[BATCHES];
byte collecting;          /* how many threads call the collector */
byte items_delivered;

/* delivery::word_: takes the gate and all that has been left, within a step */
inline take() {
  held = true;
  list = head;
  looks = look;
  head = NIL;
  look = false
}

/* delivery::deliver_upto */
inline deliver_upto(b, upto) {
  atomic {
    assert(in_use[b] && delivered[b] <= upto);
    collecting++;
    assert(collecting == 1)
  };
  atomic {
    items_delivered = items_delivered + upto - delivered[b];
    delivered[b] = upto;
    collecting--
  }
}

/* batch_stock::put */
inline recycle(b) {
  atomic {
    assert(delivered[b] == 2);
    delivered[b] = 0;
    finished[b] = 0;
    next[b] = 0;
    in_use[b] = false
  }
}

/* delivery::harvest */
inline harvest() {
  for (other : 0 .. WORKERS - 1) {
     b = current[other];
     if
     :: b != NIL ->
        upto = finished[b];
        deliver_upto(b, upto)
     :: else -> skip
     fi
  };
  atomic { other = 0; b = 0; upto = 0 }
}

/* delivery::collect_left */
inline collect_left() {
  do
  :: list != NIL ->
     b = list;
     list = next[b];
     deliver_upto(b, 2);
     recycle(b);
     b = 0
  :: else -> break
  od;
  if
  :: looks -> looks = false; harvest()
  :: else -> skip
  fi
}

/* delivery::collect: until there is nothing left to take */
inline collect() {
  do
  :: collect_left();
     if
     :: own != NIL -> deliver_upto(own, 2); recycle(own); own = NIL
     :: else -> skip
     fi;
#ifdef BUG_LETS_GO_WITHOUT_LOOKING
     held = false;
     break
#else
     if
#ifdef BUG_LOOK_FORGOTTEN
     :: atomic { head == NIL -> held = false; look = false }; break
     :: head != NIL ->
#else
     :: atomic { head == NIL && !look -> held = false }; break
     :: head != NIL || look ->
#endif
        atomic { take() }
     fi
#endif
  od
}

/* delivery::leave: a compare and swap that fails begins anew, so what it saw is what it
   changes */
inline leave_to_collector() {
#ifdef BUG_GATE_TESTED_THEN_TAKEN
  if
  :: held -> atomic { next[own] = head; head = own; own = NIL }
  :: else -> atomic { take() }; collect()
  fi
#elif defined(BUG_NEXT_SET_ONCE)
  old = head;
  next[own] = old;
  atomic {
    was = held;
    if
    :: held -> head = own; own = NIL
    :: else -> take()
    fi
  };
  if
  :: was -> skip
  :: else -> collect()
  fi
#else
  do
  :: atomic { old = head; was = held };
     if
     :: was ->
        next[own] = old;
        if
        :: atomic { head == old && held -> head = own; own = NIL; old = 0; was = false }; break
        :: atomic { head != old || !held }
        fi
     :: else ->
        if
        :: atomic { head == old && !held -> take(); old = 0 };
           collect();
           break
        :: atomic { head != old || held }
        fi
     fi
  od
#endif
}

/* delivery::request, delivery::flush */
inline request_delivery() {
  atomic {
    was = held;
    if
    :: held -> look = true
    :: else -> take(); looks = true
    fi
  };
  if
  :: was -> skip
  :: else -> collect()
  fi
}

/* delivery::collect_if_requested */
inline collect_if_requested() {
  atomic {
    was = held || (head == NIL && !look);
    if
    :: was -> skip
    :: else -> take()
    fi
  };
  if
  :: was -> skip
  :: else -> collect()
  fi
}

/* course::work_on, course::work_through, delivery::take */
proctype worker(byte me) {
  byte own = NIL, list = NIL, b, old, other, round, upto;
  bool was, looks;
  do
  :: round < ROUNDS ->
     round++;
     atomic {
       if
       :: !in_use[0] -> own = 0
#if BATCHES > 1
       :: !in_use[1] -> own = 1
#endif
#if BATCHES > 2
       :: !in_use[2] -> own = 2
#endif
       fi;
       in_use[own] = true
     };
     current[me] = own;
     finished[own] = 1;
     if
     :: skip
     :: own = NIL;
        request_delivery();
        own = current[me];
        delivered[own] >= 1 /* user code */
     fi;
     finished[own] = 2;
     current[me] = NIL;
     leave_to_collector()
  :: else -> break
  od;
  collect_if_requested()
}

/* the check: once nothing can move any more */
active proctype nothing_is_left_behind() {
  timeout;
  assert(items_delivered == 2 * WORKERS * ROUNDS);
  assert(head == NIL && !held && !look)
}

init {
  byte i;
  atomic {
    for (i : 0 .. WORKERS - 1) {
      run worker(i)
    }
  }
}

#ifdef PROGRESS
/* the check: also where threads could go on for ever without getting anywhere */
ltl everything_is_delivered { <> (items_delivered == 2 * WORKERS * ROUNDS) }
#endif
