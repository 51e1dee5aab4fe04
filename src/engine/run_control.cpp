#include "parwork/run_control.hpp"

#include <memory>
#include <stdexcept>
#include <string>

#include "engine/control_state.hpp"
#include "parwork/options.hpp"

namespace parwork {

run_control::run_control() : state_(std::make_unique<detail::control_state>()) {}
run_control::~run_control() = default;

void run_control::pause() { state_->pause(); }
void run_control::resume() { state_->resume(); }
bool run_control::is_paused() const { return state_->is_paused(); }

void run_control::set_workers(unsigned workers) {
  if (workers == 0 || workers > max_workers) {
    throw std::invalid_argument("parwork: run_control::set_workers was given " +
                                std::to_string(workers) + ", it has to be from 1 to " +
                                std::to_string(max_workers));
  }
  state_->set_workers(workers);
}

namespace detail {

void control_state::pause() noexcept {
  const lock_guard guard(lock_);
  wish_.paused = true;
  if (gate_ != nullptr) gate_->pause();
}

void control_state::resume() noexcept {
  const lock_guard guard(lock_);
  wish_.paused = false;
  if (gate_ != nullptr) gate_->resume();
}

bool control_state::is_paused() noexcept {
  const lock_guard guard(lock_);
  return gate_ != nullptr ? gate_->is_paused() : wish_.paused;
}

void control_state::set_workers(unsigned workers) noexcept {
  const lock_guard guard(lock_);
  wish_.workers = workers;
  if (gate_ != nullptr) gate_->set_limit(workers);
}

control_state::wish control_state::claim() {
  const lock_guard guard(lock_);
  if (is_claimed_) {
    throw std::logic_error(
        "parwork: options.control is in use by another run: a run_control is for one run at a "
        "time, so give each its own");
  }
  is_claimed_ = true;
  return wish_;
}

void control_state::open(gatekeeping& gate) noexcept {
  const lock_guard guard(lock_);
  gate_ = &gate;
  if (wish_.workers != 0) gate.set_limit(wish_.workers);
  if (wish_.paused) {
    gate.pause();
  } else {
    gate.resume();
  }
}

void control_state::close() noexcept {
  const lock_guard guard(lock_);
  if (gate_ != nullptr) wish_.paused = gate_->is_paused();
  gate_ = nullptr;
  is_claimed_ = false;
}

control_claim::control_claim(run_control* control)
    : state_(control == nullptr ? nullptr : &control->state()) {
  if (state_ == nullptr) return;
  wish_ = state_->claim();
  is_claimed_ = true;
}

}  // namespace detail
}  // namespace parwork
