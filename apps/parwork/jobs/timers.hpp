// When attempts of jobs are to be looked at: one time for each at most.
//
// Thread safety: none; a lane has them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "support/awake_clock.hpp"

namespace cli {

class timers {
 public:
  using time_point = awake_clock::time_point;

  /// In place of the time that it had.
  void set(std::uint64_t attempt, time_point when) {
    clear(attempt);
    times_.emplace(attempt, when);
    order_.emplace(when, attempt);
  }

  void clear(std::uint64_t attempt) {
    const auto found = times_.find(attempt);
    if (found == times_.end()) return;
    order_.erase({found->second, attempt});
    times_.erase(found);
  }

  /// Those whose time has come; they have none any more.
  [[nodiscard]] std::vector<std::uint64_t> take_due(time_point now) {
    std::vector<std::uint64_t> due;
    while (!order_.empty() && order_.begin()->first <= now) {
      due.push_back(order_.begin()->second);
      clear(due.back());
    }
    return due;
  }

  [[nodiscard]] std::optional<time_point> next() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }

 private:
  std::unordered_map<std::uint64_t, time_point> times_;
  std::set<std::pair<time_point, std::uint64_t>> order_;
};

}  // namespace cli
