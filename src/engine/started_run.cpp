#include "parwork/detail/started_run.hpp"

#include <atomic>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <utility>

#include "engine/os_thread.hpp"
#include "engine/pool_state.hpp"
#include "engine/process_generation.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

struct started_run::state {
  explicit state(options& given)
      : control(given.control == nullptr ? &own_control : given.control),
        on_stop(given.stop, [this] { stop.request_stop(); }) {
    given.control = control;
    given.stop = stop.get_token();
  }

  // The thread's.
  void run() noexcept {
    try {
      outcome = parts->handle().execute();
    } catch (...) {
      error = std::current_exception();
    }
    const lock_guard guard(lock);
    last = parts->handle().now();
    is_done.store(true);
  }

  [[nodiscard]] bool is_of_parent() const noexcept { return generation != process_generation(); }

  const unsigned generation = process_generation();
  run_control own_control;
  run_control* const control;
  std::stop_source stop;
  std::stop_callback<std::function<void()>> on_stop;
  std::unique_ptr<started_parts> parts;
  // Written by the thread before it is joined.
  summary outcome;
  std::exception_ptr error;
  std::atomic<bool> is_done{false};
  std::atomic<bool> is_waited_for{false};
  mutable mutex lock;
  progress last PARWORK_GUARDED_BY(lock);  // once it is done
  os_thread thread;
};

started_run::started_run(options& given) : state_(std::make_unique<state>(given)) {}

started_run::~started_run() {
  if (state_->is_of_parent()) {
    [[maybe_unused]] const state* const left_to_the_parent = state_.release();
  } else if (state_->thread.joinable()) {
    state_->stop.request_stop();
    state_->thread.join();
  }
}

void started_run::begin(std::unique_ptr<started_parts> of_run) {
  state_->parts = std::move(of_run);
  state_->thread =
      state_->parts->handle().pool().threads().start_further([its = state_.get()] { its->run(); });
}

summary started_run::wait() {
  state& its = *state_;
  if (its.is_of_parent()) {
    throw std::logic_error("parwork: running::wait: the run is the parent process's");
  }
  if (its.is_waited_for.exchange(true)) {
    throw std::logic_error("parwork: running::wait was called before: a run ends once");
  }
  its.thread.join();
  if (its.error) std::rethrow_exception(std::exchange(its.error, nullptr));
  return std::move(its.outcome);
}

bool started_run::is_done() const noexcept { return state_->is_done.load(); }
void started_run::request_stop() noexcept { state_->stop.request_stop(); }
run_control& started_run::control() noexcept { return *state_->control; }

progress started_run::now() const {
  const lock_guard guard(state_->lock);
  return state_->is_done.load() ? state_->last : state_->parts->handle().now();
}

}  // namespace parwork::detail
