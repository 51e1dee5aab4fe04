// Whether a run can go on: no server, no workers, none that fits.
//
// Thread safety: one thread at a time. Invariants: it is asked while a run goes on, and knows no
// error before its time has passed since the run began. Once a worker has fitted, others that do
// not fit are none at all: who has had the right names waits for such a worker to come back.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "nats/messages.hpp"
#include "nats/poll_watch.hpp"

namespace parwork::nats::detail {

/// For so long workers that do not fit, and none at all, are borne.
inline constexpr std::chrono::nanoseconds patience = std::chrono::seconds(3);

/// What is wanted of workers, for people.
struct wanted_work {
  std::string work;
  std::vector<std::string> needs;
  std::chrono::nanoseconds give_up_after{0};  // 0: never
};

class run_watch {
 public:
  enum class connection { there, away };
  struct verdict {
    std::exception_ptr error = {};  // null: it goes on
    bool are_no_workers = false;    // said once, until one comes
  };

  explicit run_watch(wanted_work wanted) : wanted_(std::move(wanted)) {}

  /// A run begins: nothing has been waited for.
  void begin() noexcept;
  /// All that is waited for is waited for from now on: time has passed that nobody saw.
  void start_anew(time_point now) noexcept;
  /// A worker that does not fit has said so.
  void unfit(const session_id& worker, fitness why, time_point now);
  void fits(const session_id& worker) noexcept { unfit_.erase(worker); }
  /// Forgets unfit workers not heard of since then.
  void forget_unfit(time_point before) noexcept;

  /// `workers`: how many fit.
  [[nodiscard]] verdict look(connection server, std::size_t workers, time_point now);
  /// When to look again, where nothing happens.
  [[nodiscard]] std::optional<time_point> next_look() const noexcept;

 private:
  struct unfit_worker {
    fitness why = fitness::serves;
    time_point heard_at;
  };

  [[nodiscard]] std::exception_ptr misfit() const;
  [[nodiscard]] std::exception_ptr gone(connection server) const;

  const wanted_work wanted_;
  std::unordered_map<session_id, unfit_worker, session_id_hash> unfit_;
  // Since when; empty: it is not so.
  std::optional<time_point> away_;
  std::optional<time_point> without_workers_;
  std::optional<time_point> without_fitting_;
  bool is_said_ = false;
  bool has_fitted_ = false;  // a worker, in this run: the names are right
};

}  // namespace parwork::nats::detail
