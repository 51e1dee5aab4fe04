// A thread's place to sleep: a token that one thread takes and any thread may leave.
//
// Thread safety: park by one thread at a time, unpark by any.
// Contract: what a thread wrote before `unpark` is visible after the `park` that takes its token.
// Tokens do not add up: several `unpark`s before a `park` are one. So a thread rechecks its reason
// after each `park`.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace parwork::detail {

class parker {
 public:
  // Sleeps until there is a token and takes it.
  void park() noexcept;

  // The same, but not beyond `until`.
  void park_until(std::chrono::steady_clock::time_point until) noexcept;

  // Leaves a token. A system call only where the thread sleeps (about 6 us where it must be put on
  // another core).
  void unpark() noexcept;

 private:
  static constexpr std::uint32_t empty = 0, token = 1, parked = 2;

  bool take() noexcept;

  std::atomic<std::uint32_t> state_{empty};
};

}  // namespace parwork::detail
