#include "engine/run.hpp"

#include <pthread.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/saturating_add.hpp"
#include "engine/attempt_stop.hpp"
#include "parwork/pool.hpp"

namespace parwork::detail {

namespace {

constexpr std::chrono::nanoseconds unknown_item = std::chrono::seconds(1);
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

run_plan plan_for(const run_traits& traits, const options& given, const pool_state& pool) {
  run_plan plan;
  const bool is_nested = pool_state::current() == &pool;
  const unsigned threads = pool.size() - (pool.owns_this_thread() ? 1 : 0);
  const unsigned wanted = (given.workers == 0 ? pool.size() : given.workers) - 1;
  plan.helpers = std::min(wanted, threads);
  plan.own_threads = is_nested ? 0 : wanted - plan.helpers;

  run_shape& shape = plan.shape;
  shape.workers = 1 + plan.helpers + plan.own_threads;
  plan.queue = given.queue == 0 ? std::uint64_t{100} * shape.workers : given.queue;
  shape.is_split = traits.is_split;
  shape.folds = traits.collects == collecting::folds;
  shape.is_straight = traits.goes_straight && plan.queue >= shape.workers;
  shape.is_ordered = given.order == ordering::input && !shape.folds;
  if (!shape.folds) shape.collector_thread = given.collector_runs_on;
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
             .queue = plan.queue,
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

}  // namespace

run_handle::run_handle(run_hooks& hooks, const run_traits& traits, options&& given) {
  validate(given);
  static_cast<void>(standing());  // made while there is memory
  run_ = std::make_unique<run>(hooks, traits, std::move(given));
}
run_handle::~run_handle() = default;
run_services& run_handle::services() noexcept { return *run_; }
unsigned run_handle::workers() const noexcept { return run_->workers(); }
summary run_handle::execute() {
  const auto uncancelled = [&] {
    const cancellation_held_off scope;
    return run_->execute();
  };
  summary came_to = uncancelled();
  ::pthread_testcancel();
  return came_to;
}

// --- Start and end ---

run::run(run_hooks& hooks, const run_traits& its_traits, options&& given)
    : hooks_(hooks),
      traits_(its_traits),
      options_(std::move(given)),
      pool_(pool_for(options_)),
      plan_(plan_for(traits_, options_, pool_)),
      recording_(begin_recording(plan_, traits_, options_)),
      workers_(shape_.numbers()),
      credits_(plan_.queue, form_of(shape_), givers_of(shape_)),
      stock_(hooks_),
      wakeups_(pool_, attention, workers_, *this),
      ending_(*this, credits_, workers_, wakeups_, traits_, options_.on_failure,
              shape_.is_ordered ? ordering::input : ordering::completion),
      admission_(credits_, shape_.is_ordered ? &window_ : nullptr, traits_),
      returning_(pool_.timers(), offered_, wakeups_, ending_, recording_),
      spawning_(hooks_, traits_, options_.order, workers_, admission_, stock_, wakeups_),
      stealing_(hooks_, workers_, admission_, stock_),
      intake_(hooks_, traits_, shape_, credits_, admission_, window_, stock_, offered_, wakeups_,
              ending_),
      delivery_(hooks_, shape_, workers_, credits_, window_, stock_, wakeups_, ending_),
      course_(hooks_, shape_, attention, credits_, offered_, wakeups_, ending_, returning_,
              spawning_, stealing_, intake_, delivery_),
      telling_(shape_, options_.total, plan_.started, workers_, credits_, wakeups_, ending_,
               returning_) {
  wakeups_.terms().most = plan_.helpers;
  wakeups_.terms().kind = traits_.worker_slots;
  wakeups_.allow_own_threads(1 + plan_.helpers, plan_.own_threads);
  token = ending_.token();
  if (!options_.total) options_.total = traits_.size;
  // Relaxed: a guess.
  const std::int64_t usual = traits_.usual_item_ns->load(std::memory_order_relaxed);
  course_.expect_items_of(usual >= 0 ? std::chrono::nanoseconds(usual) : unknown_item);
}

run::~run() {
  if (recording_ != nullptr) recording_->abandon();  // it was never executed
  delivery_.free_left();
  workers_.for_each([this](worker& w) { stock_.empty(w); });
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
  if (recording_ != nullptr && number != shape_.outside_number()) {
    w->record = &recording_->worker_lane(number, w->turned_at.time_since_epoch().count());
  }
  workers_.add(*made.release());
  return *w;
}

// Nobody's: threads that are no workers take its owner's side, one at a time.
worker& run::outside() {
  const unsigned number = shape_.outside_number();
  if (worker* const known = workers_.at(number)) return *known;
  worker& made = make_worker(number);
  made.pay_for_barrier();
  return made;
}

summary run::execute() {
  worker& caller = enter(0);
  {
    // Before any other thread can come: a run that is stopped from the start calls nothing.
    const std::stop_callback on_stop(options_.stop, [this] { request_stop(); });
    pool_.attach(wakeups_);
    start_threads();
    const working_for scope(pool_);
    while (!wakeups_.is_over()) {
      course_.serve(caller);
      if (!wakeups_.is_over()) wakeups_.sleep(caller);
    }
    pool_.detach(wakeups_);
  }
  join_threads();
  returning_.wait_for_outsiders();
  hooks_.destroy_states();
  return summarise();
}

// A part whose thread cannot be started ends the run before it begins.
void run::start_threads() {
  try {
    if (shape_.collector_thread == runs_on::own_thread) {
      threads_.collector = std::thread([this, &w = make_worker(shape_.collector_number())] {
        const working_for scope(pool_);
        w.taken_by_this_thread();
        delivery_.collect_until_over(w);
      });
    }
    if (options_.on_progress) {
      threads_.progress = std::thread([this] { report_progress_until_over(); });
    }
    if (shape_.generator_thread == runs_on::own_thread) {
      threads_.generator = std::thread([this, &w = make_worker(shape_.generator_number())] {
        const working_for scope(pool_);
        w.taken_by_this_thread();
        intake_.pull_until_closed(w);
      });
    }
  } catch (...) {
    ending_.fail(std::current_exception());
    credits_.close();
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
  returning_.release();
  wakeups_.wake_owner(shape_.generator_thread, wakeups_.generator_place());
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
