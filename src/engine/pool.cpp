#include "parwork/pool.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/tick_clock.hpp"
#include "engine/pool_state.hpp"
#include "parwork/options.hpp"

namespace parwork {

namespace {

unsigned checked_size(unsigned workers) {
  if (workers > max_workers) {
    throw std::invalid_argument("parwork: pool: workers is " + std::to_string(workers) +
                                ", the most is " + std::to_string(max_workers));
  }
  return workers == 0 ? available_cpus() : workers;
}

}  // namespace

pool::pool(unsigned workers)
    : state_(std::make_unique<detail::pool_state>(checked_size(workers))) {}

pool::pool(pool_options given)
    : state_(std::make_unique<detail::pool_state>(checked_size(given.workers), std::move(given),
                                                  detail::pool_state::starting::waited_for)) {}

// In the child of a fork the parent's threads are not there to be joined.
pool::~pool() {
  if (state_->is_of_parent()) detail::pool_state::keep_for_ever(std::move(state_));
}

unsigned pool::size() const noexcept { return state_->size(); }

namespace {

// Never destroyed: what runs at exit may still need it, destructors of static objects and other
// threads' runs included. Leak checkers see the pointer.
constinit std::atomic<pool*> shared_pool{nullptr};
// Who makes it: 1 + the generation of its process; 0: nobody. A fork while another thread makes it
// leaves a number here that is not the child's.
constinit std::atomic<unsigned> maker{0};

// Null: there is none, or it is the parent's.
pool* usable_pool() noexcept {
  pool* const shared = shared_pool.load();
  return shared == nullptr || shared->state().is_of_parent() ? nullptr : shared;
}

class making_pool {
 public:
  making_pool() noexcept {
    const unsigned ours = 1 + detail::process_generation();
    unsigned who = maker.load();
    while (who == ours || !maker.compare_exchange_weak(who, ours)) {
      if (who == ours) maker.wait(who);
      who = maker.load();
    }
  }
  ~making_pool() {
    maker.store(0);
    maker.notify_all();
  }
  making_pool(const making_pool&) = delete;
  making_pool& operator=(const making_pool&) = delete;
};

}  // namespace

pool& default_pool() {
  if (pool* const there = usable_pool()) return *there;
  const making_pool turn;
  if (pool* const there = usable_pool()) return *there;
  static auto& of_parents = *new std::vector<pool*>;  // somebody may refer to them still
  of_parents.push_back(shared_pool.load());
  shared_pool.store(new pool);
  return *shared_pool.load();
}

namespace detail {

namespace {

thread_local pool_state* pool_worked_for = nullptr;
thread_local pool_state* pool_of_thread = nullptr;

}  // namespace

working_for::working_for(pool_state& pool) noexcept : before_(pool_worked_for) {
  pool_worked_for = &pool;
}
working_for::~working_for() { pool_worked_for = before_; }

pool_state* pool_state::current() noexcept { return pool_worked_for; }
bool pool_state::owns_this_thread() const noexcept { return pool_of_thread == this; }

pool_state::pool_state(unsigned size, pool_options given, starting how)
    : size_(size), maker_(size, std::move(given)) {
  // Now rather than in the first run: while a process has one thread the kernel registers at once,
  // later it waits some 10 ms for the others.
  (void)available_barrier();
  tick_clock::calibrate();
  threads_.reserve(size);
  {
    const lock_guard guard(lock_);
    idle_.reserve(size);  // so that lying down never allocates
  }
  try {
    timer_.start();
    start_threads(how);
  } catch (...) {
    stop_threads();
    throw;
  }
}

struct pool_state::beginnings {
  std::atomic<unsigned> count{0};
  parker changed;
  mutex lock;
  std::exception_ptr first_error PARWORK_GUARDED_BY(lock);

  void note(const std::exception_ptr& error) {
    {
      const lock_guard guard(lock);
      if (!first_error) first_error = error;
    }
    ++count;
    changed.unpark();
  }
  void wait_for(unsigned threads) {
    while (count.load() < threads) changed.park();
    const lock_guard guard(lock);
    if (first_error) std::rethrow_exception(first_error);
  }
};

void pool_state::start_threads(starting how) {
  // Shared: a thread may still be at it when this has returned by an exception.
  const auto began = how == starting::waited_for ? std::make_shared<beginnings>() : nullptr;
  for (unsigned i = 0; i < size_; ++i) {
    auto& made = *threads_.emplace_back(std::make_unique<pool_thread>());
    made.thread = maker_.start(i, {.body =
                                       [this, &made, began] {
                                         if (began) began->note(nullptr);
                                         thread_main(made);
                                       },
                                   .refused =
                                       [began](const std::exception_ptr& error) {
                                         if (began) began->note(error);
                                       }});
  }
  if (began) began->wait_for(size_);
}

pool_state::~pool_state() { stop_threads(); }

// Where leak checkers see that it is still there.
void pool_state::keep_for_ever(std::unique_ptr<pool_state> of_parent) {
  static auto& kept = *new std::vector<std::unique_ptr<pool_state>>;
  static mutex& lock = *new mutex;
  const lock_guard guard(lock);
  kept.push_back(std::move(of_parent));
}

void pool_state::stop_threads() {
  {
    const lock_guard guard(lock_);
    stopping_ = true;
  }
  for (auto& each : threads_) each->place.unpark();
  for (auto& each : threads_) {
    if (each->thread.joinable()) each->thread.join();
  }
}

void pool_state::thread_main(pool_thread& self) {
  pool_of_thread = this;
  const working_for scope(*this);
  for (;;) {
    pool_client* work = nullptr;
    {
      const lock_guard guard(lock_);
      if (self.assigned == nullptr && stopping_) return;
      work = std::exchange(self.assigned, nullptr);
    }
    if (work == nullptr) {
      lie_down(self);
    } else {
      const bool helped = work->help(self.number, self.search);
      leave(*work, self, helped);
    }
  }
}

// Says that it is idle, looks once more for a run that has something to do, then sleeps. The heavy
// barrier lies between the two: see wakeups.hpp.
void pool_state::lie_down(pool_thread& self) {
  {
    const lock_guard guard(lock_);
    if (self.assigned != nullptr || stopping_) return;
    if (!self.idle) {
      self.idle = true;
      idle_.push_back(&self);
      refresh_all();
    }
  }
  heavy_barrier();
  {
    const lock_guard guard(lock_);
    if (self.assigned != nullptr || stopping_) return;
    for (pool_client* each : runs_) {
      if (eligible(*each, self) && each->is_there_work(helper_to_be)) {
        assign(*each, self, each->search_unless_others_do());
        return;
      }
    }
  }
  self.place.park();
}

bool pool_state::eligible(pool_client& r, const pool_thread& thread) {
  const lending& terms = r.terms();
  if (terms.ending || terms.present >= terms.most) return false;
  if (terms.kind == slots::free_for_all || terms.bound.size() < terms.most) return true;
  const auto end = terms.bound.begin() + terms.most;
  return std::find(terms.bound.begin(), end, &thread) != end;
}

// One of 1 to `most`. The latest that was given back, for what it has is still in a cache, but
// where that has become too high.
unsigned pool_state::take_number(lending& terms) noexcept {
  auto& free = terms.free_numbers;
  if (free.back() > terms.most) std::swap(free.back(), *std::min_element(free.begin(), free.end()));
  const unsigned number = free.back();
  free.pop_back();
  return number;
}

void pool_state::assign(pool_client& r, pool_thread& thread, searching search) {
  lending& terms = r.terms();
  if (terms.kind == slots::free_for_all) {
    thread.number = take_number(terms);
  } else {
    auto seat = std::find(terms.bound.begin(), terms.bound.end(), &thread);
    if (seat == terms.bound.end()) seat = terms.bound.insert(seat, &thread);
    thread.number = 1 + static_cast<unsigned>(seat - terms.bound.begin());
  }
  thread.assigned = &r;
  thread.search = search;
  thread.idle = false;
  std::erase(idle_, &thread);
  ++terms.present;
  refresh_all();
}

void pool_state::leave(pool_client& r, const pool_thread& self, bool helped) {
  const lock_guard guard(lock_);
  lending& terms = r.terms();
  if (terms.kind == slots::free_for_all) terms.free_numbers.push_back(self.number);
  --terms.present;
  if (!helped) terms.most = terms.present;  // it makes do with those it has
  if (terms.ending && terms.present == 0) r.caller_place().unpark();
  refresh(r);
}

void pool_state::attach(pool_client& r) {
  const lock_guard guard(lock_);
  lending& terms = r.terms();
  if (terms.kind == slots::free_for_all) {
    terms.free_numbers.reserve(terms.seats);
    for (unsigned number = terms.seats; number > 0; --number) terms.free_numbers.push_back(number);
  } else {
    terms.bound.reserve(terms.seats);
  }
  runs_.push_back(&r);
  refresh(r);
}

void pool_state::detach(pool_client& r) {
  for (;;) {
    {
      const lock_guard guard(lock_);
      r.terms().ending = true;
      call_off(r);
      if (r.terms().present == 0 && r.terms().pinned == 0) {
        std::erase(runs_, &r);
        return;
      }
    }
    r.caller_place().park();
  }
}

// Threads that were sent to the run and have not arrived: a short run is not to wait for their
// waking.
void pool_state::call_off(pool_client& r) {
  for (auto& each : threads_) {
    if (each->assigned != &r) continue;
    each->assigned = nullptr;
    --r.terms().present;
  }
}

bool pool_state::lend(pool_client& r) {
  const lock_guard guard(lock_);
  // The newest sleeper first: its cache is the warmest.
  for (auto each = idle_.rbegin(); each != idle_.rend(); ++each) {
    pool_thread& thread = **each;
    if (!eligible(r, thread)) continue;
    assign(r, thread, searching::yes);
    thread.place.unpark();
    return true;
  }
  return false;
}

void pool_state::allow(pool_client& r, unsigned most) {
  const lock_guard guard(lock_);
  r.terms().most = std::min(most, r.terms().seats);
  refresh(r);
}

void pool_state::update(pool_client& r) {
  const lock_guard guard(lock_);
  refresh(r);
}

// The sentry's delay is longer than a scheduler's tick, and longer than the timer's thread stays up
// for a next entry: who sets it need not wake that thread, as long as it comes back often.
bool pool_state::watch() noexcept {
  constexpr std::chrono::nanoseconds delay = std::chrono::microseconds(4500);
  if (watching_.load() || watching_.exchange(true)) return true;
  try {
    timer_.schedule(sentry_, std::chrono::steady_clock::now() + delay);
    return true;
  } catch (const std::exception&) {
    watching_.store(false);
    return false;
  }
}

// Runs that have something to take get the wake-up that they held back. First the flag, then the
// runs: one that holds back now sees the flag cleared, or is seen here.
void pool_state::look_after_runs() noexcept {
  watching_.store(false);
  pin_held_back();
  while (pool_client* const held = take_pinned()) {
    held->notify();
    const lock_guard guard(lock_);
    lending& terms = held->terms();
    if (--terms.pinned == 0 && terms.ending) held->caller_place().unpark();
  }
}

// All at once, so that a run that goes meanwhile does not hide another.
void pool_state::pin_held_back() noexcept {
  const lock_guard guard(lock_);
  for (pool_client* each : runs_) {
    if (!each->take_held_back()) continue;
    ++each->terms().pinned;
    each->terms().to_be_notified = true;
  }
}

// Null: none is left.
pool_client* pool_state::take_pinned() noexcept {
  const lock_guard guard(lock_);
  const auto found =
      std::ranges::find_if(runs_, [](pool_client* r) { return r->terms().to_be_notified; });
  if (found == runs_.end()) return nullptr;
  (*found)->terms().to_be_notified = false;
  return *found;
}

void pool_state::refresh(pool_client& r) {
  const bool idle = std::any_of(idle_.begin(), idle_.end(),
                                [&](const pool_thread* t) { return eligible(r, *t); });
  r.set_lendable(idle || r.may_start_thread() ? lendable::yes : lendable::no);
}

void pool_state::refresh_all() {
  for (pool_client* each : runs_) refresh(*each);
}

}  // namespace detail
}  // namespace parwork
