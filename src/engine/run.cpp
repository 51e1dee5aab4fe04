#include "engine/run.hpp"

#include <pthread.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/saturating_add.hpp"
#include "engine/attempt_stop.hpp"
#include "parwork/pool.hpp"

namespace parwork::detail {

namespace {

constexpr std::chrono::nanoseconds unknown_item = std::chrono::seconds(1);
// An automatic queue of items whose memory is known grows to as many as this holds.
constexpr std::uint64_t queue_memory = std::uint64_t{8} << 20U;  // bytes
constexpr std::chrono::nanoseconds shortest_progress = std::chrono::milliseconds(1);

pool_state& pool_for(const options& given) {
  if (given.run_on == nullptr) {
    pool_state* const current = pool_state::current();
    return current != nullptr && !current->is_of_parent() ? *current : default_pool().state();
  }
  pool_state& named = given.run_on->state();
  if (!named.is_of_parent()) return named;
  throw std::logic_error(
      "parwork: options.run_on is a pool of the parent process, and a fork copies no threads: make "
      "a pool in the child, or leave run_on null");
}

// Whether more items in flight keep workers busy. Not while these wait for something outside: there
// the queue says how many may do so at once, asynchronous ones and those that are tried again.
bool may_lengthen(const run_traits& traits, const options& given) noexcept {
  const bool waits_to_retry = given.retry.max_attempts > 1 && given.retry.backoff.count() > 0;
  return given.queue == 0 && traits.known_bytes > 0 && !traits.goes_straight && !traits.is_async &&
         !waits_to_retry;
}

[[nodiscard]] std::uint64_t queue_for(const run_traits& traits, const options& given,
                                      unsigned workers) {
  if (given.queue > 0) return given.queue;
  return traits.usual_queue > 0 ? traits.usual_queue : std::uint64_t{100} * workers;
}

// Workers, queue and seats. A run that can be resized is sized for the pool, if that is more than
// it begins with, and has numbers for all workers that it may ever be given.
void plan_workers(run_plan& plan, const run_traits& traits, const options& given,
                  const pool_state& pool, const control_claim& control) {
  const bool works = traits.caller == calling_thread::works;
  const bool is_nested = works && pool_state::current() == &pool;
  const unsigned threads = pool.size() - (works && pool.owns_this_thread() ? 1 : 0);
  const unsigned asked = control.wish().workers != 0 ? control.wish().workers : given.workers;
  const unsigned wanted = (asked == 0 ? pool.size() : asked) - 1;
  plan.helpers = std::min(wanted, threads);
  plan.own_threads = is_nested ? 0 : wanted - plan.helpers;
  plan.limit = 1 + plan.helpers + plan.own_threads;
  plan.seats = control.is_there() ? threads : plan.helpers;

  run_shape& shape = plan.shape;
  shape.workers = control.is_there() ? std::max(plan.limit, 1 + plan.seats) : plan.limit;
  plan.queue = queue_for(traits, given, shape.workers);
  shape.is_straight = traits.goes_straight && plan.queue >= shape.workers;
  if (may_lengthen(traits, given)) plan.longest_queue = queue_memory / traits.known_bytes;
  if (!control.is_there()) return;
  const std::uint64_t most = is_nested ? shape.workers : max_workers;
  // A straight run has an item a worker in flight.
  const std::uint64_t allowed = shape.is_straight ? std::min(most, plan.queue) : most;
  shape.further =
      static_cast<unsigned>(std::max<std::uint64_t>(allowed, shape.workers)) - shape.workers;
}

run_plan plan_for(const run_traits& traits, const options& given, const pool_state& pool,
                  const control_claim& control) {
  run_plan plan;
  plan_workers(plan, traits, given, pool, control);
  run_shape& shape = plan.shape;
  shape.is_split = traits.is_split;
  shape.folds = traits.collects == collecting::folds;
  shape.keeps_batches = traits.keeps_batches;
  shape.is_ordered = given.order == ordering::input && !shape.folds;
  if (!shape.folds) shape.collector_thread = given.collector_runs_on;
  if (traits.collects == collecting::keeps) shape.collector_thread = runs_on::caller;
  if (shape.is_split) return plan;
  shape.generator_thread = given.generator_runs_on;
  // A caller that is to collect cannot be held up in a generator that blocks.
  if (shape.generator_thread == runs_on::workers && shape.collector_thread == runs_on::caller) {
    shape.generator_thread = runs_on::own_thread;
  }
  return plan;
}

credits::form form_of(const run_shape& shape) noexcept {
  if (shape.is_straight) return credits::form::straight;
  return shape.is_split ? credits::form::slices : credits::form::batches;
}

// Elsewhere than at a gate several workers count what is delivered.
credits::givers givers_of(const run_shape& shape) noexcept {
  return shape.folds || shape.is_split ? credits::givers::many : credits::givers::one;
}

// pthread_cancel ends a thread by an exception that nobody may catch, wherever it waits: in the
// midst of a run other threads would be left with what it owns. So it waits for the run's end, and
// then leaves `process` as an exception does.
class cancellation_held_off {
 public:
  cancellation_held_off() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~cancellation_held_off() { ::pthread_setcancelstate(before_, nullptr); }
  cancellation_held_off(const cancellation_held_off&) = delete;
  cancellation_held_off& operator=(const cancellation_held_off&) = delete;

 private:
  int before_ = PTHREAD_CANCEL_ENABLE;
};

// Null: nothing is to be recorded.
recording* begin_recording(const run_plan& plan, const run_traits& traits, const options& given) {
  if (given.record == nullptr) return nullptr;
  recording& its = recording_of(*given.record);
  its.begin({.workers = plan.shape.workers,
             .further_workers = plan.shape.further,
             .queue = plan.queue,
             .memory = given.memory,
             .is_ordered = plan.shape.is_ordered,
             .folds = plan.shape.folds,
             .is_split = plan.shape.is_split,
             .is_straight = plan.shape.is_straight,
             .is_async = traits.is_async,
             .generator_on = plan.shape.generator_thread,
             .collector_on = plan.shape.collector_thread,
             .item_type = traits.item_type},
            tick_clock::count());
  return &its;
}

// Workers beyond those that the run is sized for have a lane as long as there are any.
lane* lane_of(recording& its, const run_shape& shape, const worker& w) {
  if (w.number == shape.outside_number()) return nullptr;
  const std::int64_t now = w.turned_at.time_since_epoch().count();
  if (w.number >= shape.workers && w.number < shape.most()) {
    return its.further_lane(w.number - shape.workers, now);
  }
  const unsigned number = w.number < shape.workers ? w.number : w.number - shape.further;
  return &its.worker_lane(number, now);
}

}  // namespace

void refuse_memory(std::size_t bytes) {
  throw std::invalid_argument(std::string("parwork: options.memory is ")
                                  .append(std::to_string(bytes))
                                  .append(", and nothing tells what an item weighs: give process "
                                          "parwork::weighed(generator, weight)"));
}

run_handle::run_handle(run_hooks& hooks, const run_traits& traits, options&& given) {
  validate(given);
  if (given.memory != 0 && !traits.is_weighed) refuse_memory(given.memory);
  static_cast<void>(standing());  // made while there is memory
  run_ = std::make_unique<run>(hooks, traits, std::move(given));
}
run_handle::~run_handle() = default;
progress run_handle::now() const { return run_->now(); }
pool_state& run_handle::pool() noexcept { return run_->pool(); }
run_services& run_handle::services() noexcept { return *run_; }
unsigned run_handle::workers() const noexcept { return run_->workers(); }
summary run_handle::execute() {
  const auto uncancelled = [&] {
    const cancellation_held_off scope;
    run_->begin();
    static_cast<void>(run_->serve_caller());
    return run_->end();
  };
  summary came_to = uncancelled();
  test_cancel();
  return came_to;
}

void run_handle::begin() {
  const cancellation_held_off scope;
  run_->begin();
}
bool run_handle::next() {
  const cancellation_held_off scope;
  return run_->serve_caller();
}
void run_handle::let_go(const kept_item& its) noexcept { run_->let_go(its); }
void run_handle::discard() noexcept {
  run_->discarding.store(true);
  run_->request_stop();
}
summary run_handle::end() {
  const cancellation_held_off scope;
  return run_->end();
}
void run_handle::test_cancel() { ::pthread_testcancel(); }
bool run_handle::is_of_parent() const noexcept { return run_->pool().is_of_parent(); }

// --- Start and end ---

run::run(run_hooks& hooks, const run_traits& its_traits, options&& given)
    : hooks_(hooks),
      traits_(its_traits),
      options_(std::move(given)),
      pool_(pool_for(options_)),
      control_(options_.control),
      plan_(plan_for(traits_, options_, pool_, control_)),
      recording_(begin_recording(plan_, traits_, options_)),
      workers_(plan_.shape.numbers()),
      credits_(plan_.queue, form_of(plan_.shape), givers_of(plan_.shape), options_.memory,
               plan_.longest_queue),
      lists_{.order = {}, .stock = {hooks_, traits_.spare_batches}, .offered = {}},
      wakeups_(pool_, attention, workers_, *this),
      gate_(attention, plan_.shape, pool_, wakeups_,
            control_.is_there() ? controlled::yes : controlled::no, plan_.limit),
      ending_(*this, credits_, workers_, wakeups_, traits_, options_.on_failure,
              plan_.shape.is_ordered ? ordering::input : ordering::completion),
      admission_(credits_, plan_.shape.is_ordered ? &lists_.order : nullptr, traits_),
      returning_(pool_.timers(), lists_.offered, wakeups_, ending_, recording_),
      spawning_(hooks_, traits_, options_.order, workers_, admission_, lists_.stock, wakeups_),
      lingering_(traits_, pool_.timers(), hooks_, credits_, admission_, lists_.stock,
                 lists_.offered, wakeups_, ending_),
      stealing_(hooks_, workers_, admission_, lists_.stock, lingering_),
      intake_(hooks_, traits_, plan_.shape, credits_, admission_, lists_.order, lists_.stock,
              lists_.offered, wakeups_, ending_, gate_, lingering_),
      delivery_(hooks_, plan_.shape, workers_, credits_, lists_.order, lists_.stock, wakeups_,
                ending_),
      course_(hooks_, plan_.shape, attention, kept, credits_, lists_.offered, wakeups_, ending_,
              gate_, returning_, spawning_, stealing_, intake_, delivery_),
      telling_(plan_.shape, options_.total, plan_.started, workers_, credits_, wakeups_, gate_,
               ending_, returning_) {
  wakeups_.terms().seats = plan_.seats;
  wakeups_.terms().most = plan_.helpers;
  wakeups_.terms().kind = traits_.worker_slots;
  wakeups_.allow_own_threads(1 + plan_.seats, plan_.own_threads);
  if (control_.wish().paused) gate_.begin_paused(plan_.started);
  token = ending_.token();
  if (recording_ != nullptr) recorded_work = &recording_->work();
  if (!options_.total) options_.total = traits_.size;
  // Relaxed: a guess.
  const std::int64_t usual = traits_.usual_item_ns->load(std::memory_order_relaxed);
  course_.expect_items_of(usual >= 0 ? std::chrono::nanoseconds(usual) : unknown_item);
}

run::~run() {
  if (recording_ != nullptr) recording_->abandon();  // it was never executed
  delivery_.free_left();
  workers_.for_each([this](worker& w) { lists_.stock.empty(w); });
  lists_.stock.empty_shared();
}

// The worker's own record, made when its thread comes for the first time.
worker& run::enter(unsigned number) {
  worker* const known = workers_.at(number);
  worker& w = known != nullptr ? *known : make_worker(number);
  w.taken_by_this_thread();
  return w;
}

// Null: there is no memory for it.
worker* run::try_enter(unsigned number) noexcept {
  try {
    return &enter(number);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

worker& run::make_worker(unsigned number) {
  auto made = std::make_unique<worker>(course_, attention, number);
  worker* const w = made.get();
  if (traits_.batches == batching::by_count) w->target = traits_.largest_batch;
  w->item_time = course_.usual_item();
  if (recording_ != nullptr) w->record = lane_of(*recording_, plan_.shape, *w);
  workers_.add(*made.release());
  return *w;
}

// Nobody's: threads that are no workers take its owner's side, one at a time.
worker& run::outside() {
  const unsigned number = plan_.shape.outside_number();
  if (worker* const known = workers_.at(number)) return *known;
  worker& made = make_worker(number);
  made.pay_for_barrier();
  return made;
}

void run::begin() {
  enter(0);
  // Before any other thread can come: a run that is stopped from the start calls nothing.
  on_stop_.emplace(options_.stop, stop_request{*this});
  pool_.attach(wakeups_);
  control_.open(gate_);
  start_threads();
}

bool run::serve_caller() {
  worker& caller = enter(0);
  const working_for scope(pool_);
  while (kept == 0 && !wakeups_.is_over()) {
    course_.serve(caller);
    if (kept == 0 && !wakeups_.is_over()) wakeups_.sleep(caller);
  }
  if (kept == 0) return false;
  wakeups_.leave_to_others(caller);
  caller.turn_to(part::collecting);  // what the caller does with it
  return true;
}

void run::let_go(const kept_item& its) noexcept {
  --kept;
  delivery_.let_go(*workers_.at(0), its, kept);
}

// REQUIRES: it is over.
summary run::end() {
  pool_.detach(wakeups_);
  on_stop_.reset();
  join_threads();
  control_.close();
  returning_.wait_for_outsiders();
  hooks_.destroy_states();
  return summarise();
}

// A part whose thread cannot be started ends the run before it begins.
void run::start_threads() {
  try {
    if (plan_.shape.collector_thread == runs_on::own_thread) {
      threads_.collector =
          pool_.threads().start_further([this, &w = make_worker(plan_.shape.collector_number())] {
            const working_for scope(pool_);
            w.taken_by_this_thread();
            delivery_.collect_until_over(w);
          });
    }
    if (options_.on_progress) {
      threads_.progress = pool_.threads().start_further([this] { report_progress_until_over(); });
    }
    if (plan_.shape.generator_thread == runs_on::own_thread) {
      threads_.generator =
          pool_.threads().start_further([this, &w = make_worker(plan_.shape.generator_number())] {
            const working_for scope(pool_);
            w.taken_by_this_thread();
            intake_.pull_until_closed(w);
          });
    }
  } catch (...) {
    ending_.fail(std::current_exception());
    credits_.close();
    lingering_.release();
    wakeups_.notify();
    ending_.check();
  }
}

void run::join_threads() {
  wakeups_.join_own_threads();
  for (auto* each : {&threads_.generator, &threads_.collector, &threads_.progress}) {
    threads_.progress_place.unpark();
    if (each->joinable()) each->join();
  }
}

// A thread of the pool takes part for as long as it finds something to do.
bool run::help(unsigned number, searching search) noexcept {
  worker* const entered = try_enter(number);
  if (entered == nullptr) {
    wakeups_.give_up(search);
    return false;
  }
  worker& w = *entered;
  w.search = search;
  w.came_at = w.turn_to(part::nothing);
  course_.serve(w);
  wakeups_.give_up(w);
  wakeups_.note_stay(w);
  return true;
}

void run::take_part_until_it_is_over(unsigned number) noexcept {
  const working_for scope(pool_);
  worker* const entered = try_enter(number);
  if (entered == nullptr) return wakeups_.give_up(searching::yes);
  worker& w = *entered;
  w.search = searching::yes;
  while (!wakeups_.is_over()) {
    course_.serve(w);
    if (!wakeups_.is_over()) wakeups_.sleep(w);
  }
  wakeups_.give_up(w);
}

summary run::summarise() {
  if (options_.on_progress && !discarding.load()) report_progress();
  try {
    if (const std::exception_ptr error = ending_.error()) std::rethrow_exception(error);
    hooks_.merge();
  } catch (...) {
    end_recording(telling_.counted(), std::current_exception());
    throw;
  }
  const summary s = telling_.counted();
  end_recording(s, nullptr);
  // Relaxed: the next run's guess.
  if (s.produced > 0) {
    traits_.usual_item_ns->store(course_.usual_item().count(), std::memory_order_relaxed);
  }
  return s;
}

void run::end_recording(const summary& counts, const std::exception_ptr& error) {
  if (recording_ == nullptr) return;
  std::exchange(recording_, nullptr)->end(counts, error, tick_clock::count());
}

void run::report_progress() noexcept {
  try {
    options_.on_progress(telling_.now());
  } catch (...) {
    collector_threw(std::current_exception());
  }
}

void run::report_progress_until_over() noexcept {
  const auto every = std::max<std::chrono::nanoseconds>(options_.progress_every, shortest_progress);
  for (auto next = saturating_add(telling_.started(), every);
       !wakeups_.is_over() && !discarding.load();) {
    threads_.progress_place.park_until(next);
    if (wakeups_.is_over() || clock::now() < next) continue;
    report_progress();
    next = saturating_add(clock::now(), every);
  }
}

// --- What the typed run tells ---

void run::request_stop() noexcept {
  if (!ending_.stop()) return;
  gate_.stop();
  returning_.release();
  lingering_.release();
  wakeups_.wake_owner(plan_.shape.generator_thread, wakeups_.generator_place());
  wakeups_.notify();
}

void run::item_failed(std::uint64_t index, const failure& why, unsigned attempts) noexcept {
  if (ending_.note_failure(index, why, attempts)) request_stop();
}

void run::collector_threw(std::exception_ptr error) noexcept {
  ending_.fail(std::move(error));
  discarding.store(true);
  request_stop();
}

void run::element_threw(std::exception_ptr error) noexcept {
  ending_.fail(std::move(error));
  credits_.close();
}

void run::count(worker_base& by, const outcome_counts& handed_over) noexcept {
  static_cast<worker&>(by).count(handed_over);
}

bool run::go_on_with_stack(worker_base& by) noexcept {
  return course_.go_on_with_stack(static_cast<worker&>(by));
}

bool run::must_leave(worker_base& by) noexcept {
  return course_.must_leave(static_cast<worker&>(by));
}

void run::delivered_some(worker_base& by, batch& b, std::uint32_t upto,
                         std::uint32_t items) noexcept {
  delivery_.note_delivered(static_cast<worker&>(by), b, upto, items);
}

void run::spawn(worker_base& by, const std::type_info& type, void* child) {
  auto& w = static_cast<worker&>(by);
  if (w.is_this_thread()) [[likely]] {
    spawning_.add(w, type, child);
  } else {
    spawn_from_outside(type, child);
  }
}

void run::spawn_from_outside(const std::type_info& type, void* child) {
  const lock_guard guard(outside_lock_);
  spawning_.add_from_outside(outside(), type, child);
}

attempt_stop_ptr run::make_attempt_stop(clock::time_point deadline) {
  return detail::make_attempt_stop(token, pool_.timers(), deadline);
}

}  // namespace parwork::detail
