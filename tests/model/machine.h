/* Memory as x86 has it (TSO). A store that is no locked instruction waits in its thread's store
   buffer, where no other thread sees it, and reaches memory in order. A locked instruction (every
   other atomic operation that is not a load) waits until its thread's buffer is empty; the heavy
   barrier (Linux membarrier) waits until everybody's has been.

   Only words that threads store to without a locked instruction are kept here; all others are plain
   variables of the models.

   Who includes this defines first:
     THREADS   how many threads there are
     FIRST_WRITER, LAST_WRITER
               those of them that store to such words
     WORDS     how many such words
     USE_RUN   checks that the run still exists, before each step that needs it */

byte memory[WORDS];
byte stored[WORDS];               /* what the last writer of a word stored, and who that was: one */
byte writer[WORDS] = THREADS;     /* thread at a time writes a word, and sees its own stores */
chan buffer[THREADS] = [2] of { byte, byte };

#define LOAD(t, word) (writer[word] == t -> stored[word] : memory[word])
#define IS_DRAINED(t) empty(buffer[t])

/* locals of a process that takes these steps */
#define LOCALS       \
  byte other, woken; \
  bool was, found, leaves_without_sleep

/* the machine */
proctype store_buffer(byte t) {
  byte word, value;
  do
  :: atomic { buffer[t] ? word, value -> memory[word] = value; word = 0; value = 0 }
  od
}

/* publish */
inline publish(t, word, value) {
  atomic {
    nfull(buffer[t]) -> USE_RUN;
    stored[word] = value;
    writer[word] = t;
    buffer[t] ! word, value
  }
}

/* heavy_barrier: thread after thread, not all at one moment */
inline heavy_barrier() {
#ifdef BUG_NO_BARRIER
  skip
#else
  for (other : FIRST_WRITER .. LAST_WRITER) {
    IS_DRAINED(other)
  }
#endif
}

/* a store or an addition by a locked instruction */
inline locked_store(t, word, value) {
  atomic { IS_DRAINED(t) -> USE_RUN; memory[word] = value; writer[word] = THREADS }
}
