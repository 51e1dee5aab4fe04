// What has been asked of a run_control, and the run that it is for.
//
// Thread safety: by its lock. Threads outside the run reach it only with that lock held, and
// `close` takes it once more: then they have left. Invariant: one run at a time.
#pragma once

#include "engine/gatekeeping.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork {
class run_control;
}

namespace parwork::detail {

class control_state {
 public:
  control_state() = default;
  control_state(const control_state&) = delete;
  control_state& operator=(const control_state&) = delete;

  void pause() noexcept PARWORK_EXCLUDES(lock_);
  void resume() noexcept PARWORK_EXCLUDES(lock_);
  [[nodiscard]] bool is_paused() noexcept PARWORK_EXCLUDES(lock_);
  // REQUIRES: 1 to max_workers.
  void set_workers(unsigned workers) noexcept PARWORK_EXCLUDES(lock_);

  // What has been asked for. `workers`: 0: nothing.
  struct wish {
    bool paused = false;
    unsigned workers = 0;
  };

  // A run is being made. Throws std::logic_error if another one is using the control.
  [[nodiscard]] wish claim() PARWORK_EXCLUDES(lock_);
  // From now on `gate` is told; first what has been asked for since `claim`.
  void open(gatekeeping& gate) noexcept PARWORK_EXCLUDES(lock_);
  // The run is over, or has never begun.
  void close() noexcept PARWORK_EXCLUDES(lock_);

 private:
  mutex lock_;
  bool is_claimed_ PARWORK_GUARDED_BY(lock_) = false;
  gatekeeping* gate_ PARWORK_GUARDED_BY(lock_) = nullptr;
  wish wish_ PARWORK_GUARDED_BY(lock_);
};

// A run's side of its control. Without a control: nothing.
class control_claim {
 public:
  explicit control_claim(run_control* control);
  ~control_claim() { close(); }
  control_claim(const control_claim&) = delete;
  control_claim& operator=(const control_claim&) = delete;

  [[nodiscard]] bool is_there() const noexcept { return state_ != nullptr; }
  // When it was claimed.
  [[nodiscard]] const control_state::wish& wish() const noexcept { return wish_; }
  void open(gatekeeping& gate) noexcept {
    if (state_ != nullptr) state_->open(gate);
  }
  // No thread outside reaches the run any more.
  void close() noexcept {
    if (state_ != nullptr && is_claimed_) state_->close();
    is_claimed_ = false;
  }

 private:
  control_state* const state_;
  bool is_claimed_ = false;
  control_state::wish wish_;
};

}  // namespace parwork::detail
