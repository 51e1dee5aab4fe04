#include "nats/worker_core.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <utility>

#include "nats/batch_outcomes.hpp"
#include "nats/connection_options.hpp"
#include "nats/subjects.hpp"
#include "parwork/cpus.hpp"
#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {
namespace {

using std::chrono::nanoseconds;

// How long a goodbye may take to leave the machine.
constexpr std::chrono::seconds farewell_flush{2};
// Between two looks at whether a careful batch is still wanted, while the server is away.
constexpr std::chrono::milliseconds announcement_share{200};
// Clocks of condition variables cannot hold all that a time_point can.
constexpr std::chrono::hours longest_watch{1};

std::string name_of_host() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

worker_options checked(worker_options given) {
  validate(given);
  if (given.workers == 0) given.workers = available_cpus();
  return given;
}

std::int64_t count_of(std::chrono::steady_clock::time_point when) {
  return nanoseconds(when.time_since_epoch()).count();
}

// The items of a batch, as work gets them.
std::vector<served_item> items_of(const batch& what) {
  std::vector<served_item> items;
  items.reserve(what.items.size());
  for (const batch_item& each : what.items) {
    items.push_back({.index = each.index, .attempt = each.attempt, .bytes = each.bytes});
  }
  return items;
}

// Each item without an outcome fails by what is being handled. Empty: there is no memory to say it.
std::string all_out_of_memory(const owned_batch& its) noexcept {
  try {
    batch_outcomes outcomes(its);
    outcomes.fail_rest(parwork::detail::standing().out_of_memory);
    return outcomes.answer({});
  } catch (const std::bad_alloc&) {
    return {};
  }
}

}  // namespace

worker_core::worker_core(worker_options given, const worker_link_factory& make_link)
    : options_(checked(std::move(given))) {
  (void)parwork::detail::standing();  // the failures that need no memory later
  who_ = {.prefix = options_.prefix,
          .host = name_of_host(),
          .pid = static_cast<std::uint32_t>(getpid()),
          .threads = options_.workers,
          .labels = options_.labels};
  link_ = make_link(options_, *this);
}

// No listener's call goes on after that.
worker_core::~worker_core() { link_->close(); }

void worker_core::add(std::string name, std::unique_ptr<served_work> work) {
  require_name("work", name);
  const parwork::detail::lock_guard guard(lock_);
  if (machine_ != nullptr) {
    throw std::logic_error("parwork: serve: run is under way: serve \"" + name + "\" before it");
  }
  const std::string shown = name;
  if (!served_.try_emplace(std::move(name), std::move(work)).second) {
    throw std::logic_error("parwork: serve: \"" + shown + "\" is served already");
  }
}

// --- run's thread ---

void worker_core::run(const std::stop_token& stop) {
  begin();
  struct ends {
    worker_core& core;
    ~ends() { core.end(); }
  };
  {
    const ends guard{*this};
    subscribe();
    start_threads();
    tell_machine([](worker_machine& machine, clock::time_point) { machine.begin(); });
    const std::stop_callback on_stop(stop, [this] { ask(wish::leave); });
    watch();
  }
  const parwork::detail::lock_guard guard(lock_);
  if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
}

void worker_core::begin() {
  const parwork::detail::lock_guard guard(lock_);
  if (machine_ != nullptr) throw std::logic_error("parwork: worker::run is under way already");
  if (served_.empty()) {
    throw std::logic_error("parwork: worker::run: nothing is served: call serve before it");
  }
  who_.id = session_id::make();
  const auto now = clock::now();
  machine_ = std::make_unique<worker_machine>(who_, options_, served_, *link_, now);
  if (away_since_.has_value()) machine_->disconnected(now);
  wish_ = wish::work;
  is_over_ = false;
}

void worker_core::end() noexcept {
  {
    const parwork::detail::lock_guard guard(lock_);
    is_over_ = true;
    try {
      machine_->leave_at_once(clock::now());  // nothing, where it has left
    } catch (const std::bad_alloc&) {
      // It says no goodbye: its submitters find out.
    }
    may_work_.notify_all();
  }
  request_stops();
  link_->flush(std::min<nanoseconds>(farewell_flush, options_.leave_within));
  unsubscribe();
  for (std::thread& each : threads_) each.join();
  threads_.clear();
  for (auto& [name, work] : served_) work->destroy_states();
  const parwork::detail::lock_guard guard(lock_);
  machine_.reset();
}

void worker_core::subscribe() {
  const subjects names(who_.prefix);
  link_->subscribe(names.to_worker(who_.id));
  link_->subscribe(names.all_calls());
  link_->subscribe(names.status());
}

void worker_core::unsubscribe() noexcept {
  const subjects names(who_.prefix);
  link_->unsubscribe(names.all_calls());
  link_->unsubscribe(names.status());
  link_->unsubscribe(names.to_worker(who_.id));
}

void worker_core::start_threads() {
  threads_.reserve(options_.workers);
  for (unsigned number = 0; number < options_.workers; ++number) {
    threads_.emplace_back([this, number] { thread_main(number); });
  }
}

void worker_core::ask(wish what) noexcept {
  const parwork::detail::lock_guard guard(lock_);
  wish_ = std::max(wish_, what);
  may_change_.notify_all();
}

void worker_core::leave_at_once() noexcept { ask(wish::leave_at_once); }

bool worker_core::go_on() {
  const auto now = clock::now();
  if (wish_ >= wish::leave) machine_->leave(now);
  if (wish_ == wish::leave_at_once) machine_->leave_at_once(now);
  if (error_ == nullptr && machine_->has_given_up(now)) {
    error_ = std::make_exception_ptr(nats::disconnected(
        "no server has answered at " + options_.url +
        " for the worker's give_up_after: start it again when there is one, or wait longer"));
  }
  if (now >= machine_->next_deadline()) machine_->tick(now);
  return error_ == nullptr && !machine_->has_left();
}

void worker_core::watch() {
  for (;;) {
    request_stops();
    const parwork::detail::lock_guard guard(lock_);
    try {
      if (!go_on()) return;
      watched_until_ = std::min(machine_->next_deadline(), clock::now() + longest_watch);
    } catch (const std::bad_alloc&) {
      watched_until_ = clock::now() + std::chrono::milliseconds(10);  // it tries again
    }
    if (!machine_->has_stops()) may_change_.wait_until(lock_, watched_until_);
  }
}

void worker_core::request_stops() noexcept {
  std::vector<std::stop_source> stops;
  {
    const parwork::detail::lock_guard guard(lock_);
    stops = machine_->take_stops();
  }
  for (std::stop_source& each : stops) each.request_stop();
}

// --- The link's thread ---

template <class Event>
void worker_core::tell_machine(Event&& event) noexcept {
  const parwork::detail::lock_guard guard(lock_);
  if (machine_ == nullptr) return;
  try {
    std::forward<Event>(event)(*machine_, clock::now());
  } catch (const std::bad_alloc&) {
    // As a message that did not arrive: whatever depends on one is said again.
  }
  wake_whom_it_concerns();
}

void worker_core::wake_whom_it_concerns() noexcept {
  if (machine_->may_take()) may_work_.notify_one();
  if (machine_->has_left() || machine_->has_stops() || machine_->next_deadline() < watched_until_) {
    may_change_.notify_all();
  }
}

void worker_core::message(std::string_view, std::string_view reply,
                          std::string_view bytes) noexcept {
  tell_machine(
      [&](worker_machine& machine, clock::time_point now) { machine.arrived(reply, bytes, now); });
}

void worker_core::disconnected() noexcept {
  {
    const parwork::detail::lock_guard guard(lock_);
    away_since_ = clock::now();
  }
  tell_machine([](worker_machine& machine, clock::time_point now) { machine.disconnected(now); });
}

void worker_core::reconnected() noexcept {
  {
    const parwork::detail::lock_guard guard(lock_);
    away_since_.reset();
  }
  tell_machine([](worker_machine& machine, clock::time_point now) { machine.reconnected(now); });
}

void worker_core::refused(std::exception_ptr why) noexcept {
  const parwork::detail::lock_guard guard(lock_);
  if (error_ == nullptr) error_ = std::move(why);
  may_change_.notify_all();
}

// --- Threads that execute ---

void worker_core::thread_main(unsigned number) noexcept {
  while (const auto its = next()) execute(*its, number);
}

std::optional<assignment> worker_core::next() {
  const parwork::detail::lock_guard guard(lock_);
  for (;;) {
    if (is_over_) return std::nullopt;
    try {
      if (auto its = machine_->take()) {
        if (machine_->may_take()) may_work_.notify_one();
        return its;
      }
    } catch (const std::bad_alloc&) {
      // Nothing has been taken: it waits, and tries again with the next event.
    }
    may_work_.wait(lock_);
  }
}

bool worker_core::announce(const assignment& its) noexcept {
  while (!link_->flush(announcement_share)) {
    // Relaxed: see owned_batch.
    if (its.batch->is_cut_short.load(std::memory_order_relaxed)) return false;
  }
  return true;
}

void worker_core::execute(const assignment& its, unsigned number) noexcept {
  std::string answer;
  std::uint64_t begun = 0;
  try {
    batch_outcomes outcomes(*its.batch);
    if (its.must_be_announced() && !announce(its))
      return finish(*its.batch, outcomes.answer({}), 0);
    const auto began = clock::now();
    try {
      its.work->execute(
          items_of(its.batch->what),
          {.thread = number, .timeout = its.timeout, .stop = its.batch->stop.get_token()},
          outcomes);
    } catch (...) {
      outcomes.fail_rest(parwork::detail::current_failure());
    }
    begun = outcomes.size();
    answer = outcomes.answer({.thread = number + 1,
                              .began = count_of(began),
                              .took = nanoseconds(clock::now() - began).count()});
  } catch (const std::bad_alloc&) {
    answer = all_out_of_memory(*its.batch);
  }
  finish(*its.batch, std::move(answer), begun);
}

void worker_core::finish(owned_batch& its, std::string&& answer, std::uint64_t begun) noexcept {
  const parwork::detail::lock_guard guard(lock_);
  try {
    machine_->finished(its, std::move(answer), begun, clock::now());
  } catch (const std::bad_alloc&) {
    // It is kept, and sent at a poll; or it is gone, and given out again after one.
  }
  wake_whom_it_concerns();
}

}  // namespace parwork::nats::detail
