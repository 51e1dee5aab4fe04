// The seam between the typed shell (templates, in the user's program) and the compiled engine.
//
// The engine decides who pulls, works, collects and sleeps, and knows no types. It calls
// `run_hooks`, which the typed run implements: each call handles a whole batch. The typed run calls
// back `worker_base` between items and `run_services` when something happens that is not the plain
// course.
//
// Thread safety: stated with each hook.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <typeinfo>

#include "parwork/context.hpp"
#include "parwork/detail/barrier.hpp"
#include "parwork/detail/batch.hpp"
#include "parwork/detail/lane.hpp"
#include "parwork/failure.hpp"
#include "parwork/options.hpp"
#include "parwork/summary.hpp"

namespace parwork::detail {

class pool_state;
class work_record;

// Reasons to leave the straight course between two items; see worker_base.
enum attention : std::uint32_t {
  attention_stop = 1,      // the run is stopping: cancel what has not started
  attention_asleep = 2,    // a thread that belongs to this run is asleep
  attention_lendable = 4,  // the pool has a thread for this run, or one may be started
  attention_free = attention_asleep | attention_lendable,  // somebody could help
  attention_spawns = 8,    // items have been spawned: they go before what was pulled
  attention_paused = 16,   // nothing new is begun
  attention_surplus = 32,  // workers are to leave: there are more than the run may have
  attention_hold = attention_paused | attention_surplus,
};

enum class claim { run, cancel, done };

// Of a run: its generator's and its collector's own thread, and threads outside that spawn.
constexpr unsigned numbers_beyond_workers = 3;
// The number of whoever is no worker yet: above every run's.
constexpr unsigned helper_to_be = max_workers + numbers_beyond_workers;

// What typed code sees of a worker. One thread at a time.
class worker_base {
 public:
  worker_base(const std::atomic<std::uint32_t>& attention, unsigned own_number) noexcept
      : number(own_number), attention_(attention) {}
  worker_base(const worker_base&) = delete;
  worker_base& operator=(const worker_base&) = delete;

  [[nodiscard]] bool counts_down_to_look() noexcept { return --until_look == 0; }

  // The same for up to `most` items from i on. Returns how many, 0 when the batch is done.
  [[nodiscard]] std::uint32_t next_span(batch& b, std::uint32_t i, std::uint32_t most);

  // What lies behind slot `from` of the batch it works on is not to wait for what is before it: it
  // goes to a batch of its own, which any worker may take. May throw std::bad_alloc.
  void part_behind(batch& b, std::uint32_t from);

  [[nodiscard]] bool stopping() const noexcept {
    return (attention_.load(std::memory_order_acquire) & attention_stop) != 0;
  }

  // Whether a stop, a pause, or perhaps the number of workers keeps it from beginning an item.
  [[nodiscard]] bool is_called_away() const noexcept {
    return (attention_.load(std::memory_order_acquire) & (attention_stop | attention_hold)) != 0;
  }
  [[nodiscard]] bool is_paused() const noexcept {
    return (attention_.load(std::memory_order_acquire) & attention_paused) != 0;
  }

  // Where this worker's time is recorded; null: nowhere. Its thread's own.
  lane* record = nullptr;

  const unsigned number;  // here and below: read by others

  // Items spawned here that nobody has started. Written under the lock that guards them.
  std::atomic<std::uint32_t> spawned{0};

  // Who pays when others reach for what is this worker's: it alone writes.
  [[nodiscard]] barrier_kind barrier() const noexcept {
    return kind_of_barrier.load(std::memory_order_relaxed);  // its own store
  }
  [[nodiscard]] const std::atomic<barrier_kind>& barrier_word() const noexcept {
    return kind_of_barrier;
  }

 protected:
  ~worker_base() = default;

  std::atomic<barrier_kind> kind_of_barrier{available_barrier()};

  // From here on: the worker's own. Written for every item, so not beside what others read.
  alignas(64) std::uint32_t until_look = 1;  // items until the next look at the clock

 private:
  friend class item_cursor;

  [[nodiscard]] claim next_slow(batch& b, std::uint32_t i);
  [[nodiscard]] bool pull_more_slow(batch& b, std::uint32_t filled);

  const std::atomic<std::uint32_t>& attention_;
};

// Where a worker is in a batch, item by item: while the batch is filled, or while it is worked
// on. What each item asks for is kept here, so in registers: nothing else may use the worker's
// `until_look` meanwhile but what is called from here.
class item_cursor {
 public:
  item_cursor(worker_base& by, batch& b) noexcept
      : by_(by), batch_(b), attention_(by.attention_), kind_(by.barrier()), left_(by.until_look) {}
  item_cursor(const item_cursor&) = delete;
  item_cursor& operator=(const item_cursor&) = delete;

  // Reports items [0, i) of the batch as finished and claims item i. Two stores and two loads in
  // the plain course.
  [[nodiscard, gnu::always_inline]] claim next(std::uint32_t i) {
    batch_.finished.store(i, std::memory_order_release);  // partner: who collects
    return next_straight(i);
  }

  // The same where nobody asks how far the batch is finished.
  [[nodiscard, gnu::always_inline]] claim next_straight(std::uint32_t i) {
    publish(batch_.claimed, i + 1, kind_);
    // Seq_cst, behind `publish`. It acquires, too: a thief that lowered the limit has moved the
    // items out; the run has set what attention points at.
    if (i < batch_.limit.load() && is_undisturbed()) [[likely]]
      return claim::run;
    by_.until_look = left_;
    const claim claimed = by_.next_slow(batch_, i);
    look_again();
    return claimed;
  }

  // Reports that `filled` items have been pulled. False: stop pulling.
  [[nodiscard, gnu::always_inline]] bool pull_more(std::uint32_t filled) {
    publish(batch_.filled, filled, kind_);
    if (is_undisturbed()) [[likely]]
      return true;
    by_.until_look = left_;
    const bool more = by_.pull_more_slow(batch_, filled);
    look_again();
    return more;
  }

 private:
  [[nodiscard, gnu::always_inline]] bool is_undisturbed() noexcept {
    const std::uint32_t bits = attention_.load();  // behind `publish`
    return (bits | static_cast<std::uint32_t>(--left_ == 0)) == 0;
  }
  void look_again() noexcept {
    kind_ = by_.barrier();
    left_ = by_.until_look;
  }

  worker_base& by_;
  batch& batch_;
  const std::atomic<std::uint32_t>& attention_;
  barrier_kind kind_;   // only the worker itself changes it, and not inside user code
  std::uint32_t left_;  // items until the next look at the clock
};

enum class pull_end { more, ended };

// How working on a batch ended.
enum class work_end {
  finished,     // every item it was left with has an outcome
  waiting,      // a lone item waits for its next attempt, batch::wait from now
  outstanding,  // a lone item, or a whole span, was started: its completer will finish it
};

// Items by what became of them.
struct outcome_counts {
  std::uint64_t succeeded = 0, failed = 0, cancelled = 0;
};

// What delivering came to.
struct delivered_items {
  std::uint32_t upto;       // slots below have been delivered
  std::uint32_t delivered;  // items among them: less than the slots where some have moved elsewhere
  batch* lone = nullptr;    // a lone batch that was delivered on the way, free now
};

class run_services {
 public:
  // Bits of enum attention. Set and cleared by the engine, read between items.
  std::atomic<std::uint32_t> attention{0};
  // Items are destroyed, not collected, from now on.
  std::atomic<bool> discarding{false};
  // Under ordering::input a failure stopped the run: what is behind it arrives as cancelled.
  // Guarded by the gate.
  bool cut_off = false;
  // Finished items that are kept for the caller, who looks at one after the other
  // (collecting::keeps). Its own.
  std::uint64_t kept = 0;
  // Requested when the run stops.
  std::stop_token token = {};
  // Where forms note stages and waits; null: nothing is recorded.
  work_record* recorded_work = nullptr;

  // The failure of an item that is being handed to the collector. Gate held, or any worker with
  // reduce.
  virtual void item_failed(std::uint64_t index, const failure& why, unsigned attempts) noexcept = 0;
  // What `by` has handed to the collector.
  virtual void count(worker_base& by, const outcome_counts& handed_over) noexcept = 0;
  // An exception from the collector or another callable whose throwing ends the run.
  virtual void collector_threw(std::exception_ptr error) noexcept = 0;
  // An exception from reading an element of a split range: no further slices are claimed.
  virtual void element_threw(std::exception_ptr error) noexcept = 0;
  virtual void count_retry() noexcept = 0;
  // Between two spawned items, when until_look says so: whether to go on with them.
  [[nodiscard]] virtual bool go_on_with_stack(worker_base& by) noexcept = 0;
  // Between two of them, when called away by no stop: whether to leave what is left to others.
  [[nodiscard]] virtual bool must_leave(worker_base& by) noexcept = 0;
  // Called between collector calls while somebody who could use the room is asleep.
  virtual void delivered_some(worker_base& by, batch& b, std::uint32_t upto,
                              std::uint32_t items) noexcept = 0;

  // Takes the weight of the next item, if there is room for it. One thread at a time.
  [[nodiscard]] virtual bool take_memory(std::uint64_t bytes) noexcept = 0;
  // Gives back the weights of items that have been handed over, before they are accounted for.
  virtual void give_back_memory(std::uint64_t bytes) noexcept = 0;

  virtual void spawn(worker_base& by, const std::type_info& type, void* child) = 0;
  // The lone batch of an item that left its batch for a later attempt is in place of it: it may be
  // scheduled.
  virtual void retry_later(batch& lone) noexcept = 0;
  // An asynchronous item, or span, was finished after its call had returned. Any thread.
  virtual void async_finished(batch& b) noexcept = 0;
  [[nodiscard]] virtual attempt_stop_ptr make_attempt_stop(
      std::chrono::steady_clock::time_point deadline) = 0;

 protected:
  ~run_services() = default;
};

// Gives spawned items their indices.
class index_source {
 public:
  virtual std::uint64_t next() noexcept = 0;

 protected:
  ~index_source() = default;
};

class run_hooks {
 public:
  [[nodiscard]] virtual batch* make_batch(std::uint32_t slots) = 0;
  virtual void free_batch(batch* b) noexcept = 0;

  // How long the next batch may be, from 1. Where run_traits::asks_for_length is set: called once
  // before each, by whoever is about to fill it. May throw.
  [[nodiscard]] virtual std::uint32_t longest_wanted() = 0;

  // Fills slots from batch::filled on, so that `most` of them are filled at the end, or fewer. The
  // exception of a generator leaves it. One thread at a time.
  [[nodiscard]] virtual pull_end pull(worker_base& by, batch& b, std::uint32_t most) = 0;
  // Copies elements [from, from + count) of a split range into slots from 0 on; `filled` says how
  // far it came.
  virtual void copy_slice(batch& b, std::uint64_t from, std::uint32_t count) = 0;

  // Works through a batch, from batch::start on. The worker's thread.
  [[nodiscard]] virtual work_end work(worker_base& by, batch& b) = 0;
  // The worker let go of an outstanding item or span: true where it is finished already.
  [[nodiscard]] virtual bool let_go(batch& b) noexcept = 0;
  // Takes the outcomes of a finished asynchronous item or span: finished or waiting.
  [[nodiscard]] virtual work_end settle(worker_base& by, batch& b) noexcept = 0;

  // Moves items [from, upto) into slots from 0 on of another batch.
  virtual void move_items(batch& source, std::uint32_t from, std::uint32_t upto,
                          batch& target) noexcept = 0;
  // Moves a spawned child into slot 0. `child` is an Item.
  [[nodiscard]] virtual bool accepts(const std::type_info& type) const noexcept = 0;
  virtual void adopt(batch& lone, void* child) = 0;

  // Where stacks_spawned is set: puts a child, an Item, where `by` keeps what it has spawned. May
  // throw; `next` gives the index once nothing can fail any more.
  virtual void stack(worker_base& by, void* child, index_source& next) = 0;
  // Works on what `by` has spawned, newest first, until nothing is left or it is time for something
  // else. Returns how many items it has folded.
  [[nodiscard]] virtual std::uint32_t work_off_stack(worker_base& by) noexcept = 0;
  // Moves the oldest that another worker has spawned to what `by` has.
  virtual void rob_stack(worker_base& by, worker_base& victim) noexcept = 0;

  // Hands finished slots [from, upto) to the collector. Gate held; with reduce the worker that
  // worked on them.
  [[nodiscard]] virtual delivered_items deliver(worker_base& by, batch& b, std::uint32_t from,
                                                std::uint32_t upto) noexcept = 0;
  // After the last item, on the calling thread: destroys the workers' states.
  virtual void destroy_states() noexcept = 0;
  // Merges the accumulators of a reduction. May throw.
  virtual void merge() = 0;

 protected:
  ~run_hooks() = default;
};

// What becomes of finished items: a collector is called, they are kept until the caller has looked
// at them, or workers fold them.
enum class collecting { calls, keeps, folds };
// Whether the thread that makes the run is its first worker, or another one will be.
enum class calling_thread { works, leaves };
enum class slots { free_for_all, bound_to_threads };
enum class batching { by_time, by_count };
// Which batches wait to be used again: a few, or all, because their slots keep memory.
enum class spares { few, all };

// What the engine has to know of the types.
struct run_traits {
  std::optional<std::uint64_t> size = {};  // of a sized generator
  std::uint64_t usual_queue = 0;           // what the work asks for; 0: a share for each worker
  calling_thread caller = calling_thread::works;
  bool is_split = false;          // the generator is a split range of that size
  bool goes_straight = false;     // such a range is read, worked on and folded in one go
  bool is_async = false;          // items outlive their call
  bool pulls_in_order = false;    // slices of a split range are copied one after the other
  std::uint64_t known_bytes = 0;  // of an item and its result; 0: not known
  bool is_weighed = false;        // items have weights, which options::memory bounds
  bool sees_failures = true;      // the collector takes completions
  collecting collects = collecting::calls;
  slots worker_slots = slots::free_for_all;
  batching batches = batching::by_time;
  std::uint32_t largest_batch = 256;
  bool asks_for_length = false;        // each batch is at most as long as run_hooks says then
  bool keeps_batches = false;          // asynchronous spans: a batch lives as long as its span
  std::chrono::nanoseconds linger{0};  // how long a batch may wait to be as large as that
  spares spare_batches = spares::few;
  const std::type_info* item_type = nullptr;
  bool may_spawn = false;       // work has a context to spawn by
  bool stacks_spawned = false;  // the typed run keeps spawned items and works them off by itself
  // Nanoseconds that an item took in the last run of these types; negative: not known.
  std::atomic<std::int64_t>* usual_item_ns = nullptr;
};

// An item that is kept, once it has been let go of: what remains to be accounted for.
struct kept_item {
  origin from = origin::generator;
  std::uint64_t bytes = 0;  // of memory
  outcome_counts counts;
};

// Checks the options: throws std::invalid_argument naming the field and the value.
void validate(const options& given);
// The same of a bound for memory where items have no weights.
[[noreturn]] void refuse_memory(std::size_t bytes);

// A run from its start to its end. The services it offers to the hooks are there between the
// constructor and the destructor.
class run_handle {
 public:
  // Throws as `validate` does. REQUIRES: `hooks` outlives it.
  run_handle(run_hooks& hooks, const run_traits& traits, options&& given);
  ~run_handle();
  run_handle(const run_handle&) = delete;
  run_handle& operator=(const run_handle&) = delete;

  [[nodiscard]] run_services& services() noexcept;
  // The most it may ever have: their numbers are below.
  [[nodiscard]] unsigned workers() const noexcept;
  [[nodiscard]] summary execute();

  // In place of `execute`, where the run keeps items: `begin`, then `next` until it says that
  // nothing is kept, then `end`. Between those the caller is at its own code.
  void begin();
  // Takes part until an item is kept, or the run is over.
  [[nodiscard]] bool next();
  // The caller is done with a kept item. It is in flight until then.
  void let_go(const kept_item& its) noexcept;
  // The run stops. What is not kept yet is destroyed.
  void discard() noexcept;
  // REQUIRES: the run is over. Throws as `execute` does.
  [[nodiscard]] summary end();
  // Where pthread_cancel may end a thread that loops over a run.
  static void test_cancel();
  // Whether a fork has copied the run, without its threads.
  [[nodiscard]] bool is_of_parent() const noexcept;

  // How far it has come. Any thread.
  [[nodiscard]] progress now() const;
  [[nodiscard]] pool_state& pool() noexcept;

 private:
  std::unique_ptr<class run> run_;
};

}  // namespace parwork::detail
