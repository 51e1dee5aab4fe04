// Which queued batch is begun next: the sessions take turns, each with its own in their order.
//
// A batch that goes *alone* waits until all that arrived before it has ended. What arrives behind
// it waits until it has ended itself.
//
// Thread safety: one thread at a time. Invariants:
// 1. A batch is in one line, that of its session, in the order of arrival; no line is empty.
// 2. `next` and `ended` come in pairs: as many batches run as have had the one without the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "nats/owned_batch.hpp"
#include "nats/session_id.hpp"

namespace parwork::nats::detail {

class batch_turns {
 public:
  /// REQUIRES: it has arrived after all that are here.
  void add(owned_batch_ptr queued);
  /// It is not to be begun. False: it is not here.
  bool remove(const owned_batch& queued);
  /// All of a session, in their order.
  std::vector<owned_batch_ptr> remove_all(const session_id& of);
  std::vector<owned_batch_ptr> remove_all();

  /// Null where nothing may be begun now.
  [[nodiscard]] owned_batch_ptr next();
  void ended(const owned_batch& was) noexcept;

  [[nodiscard]] bool may_begin() const noexcept;
  [[nodiscard]] std::size_t running() const noexcept { return running_; }
  [[nodiscard]] bool is_idle() const noexcept { return lines_.empty() && running_ == 0; }

 private:
  struct line {
    session_id of;
    std::deque<owned_batch_ptr> waiting;
  };

  // The line whose turn it is; the number of lines where it is none's.
  [[nodiscard]] std::size_t turn() const noexcept;
  void forget(const owned_batch& queued) noexcept;

  std::vector<line> lines_;
  std::size_t first_ = 0;          // where to look for the next turn
  std::set<std::uint64_t> alone_;  // arrivals of those that wait and go alone
  std::size_t running_ = 0;
  bool one_runs_alone_ = false;
};

}  // namespace parwork::nats::detail
