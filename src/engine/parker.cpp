#include "engine/parker.hpp"

#include <cerrno>
#include <climits>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace parwork::detail {

namespace {

// Returns when woken, when the word has another value, at the absolute time (CLOCK_MONOTONIC), or
// on a signal.
void futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                const timespec* until) noexcept {
  const int saved = errno;  // a thread's errno is none of the engine's business
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected, until, nullptr,
          FUTEX_BITSET_MATCH_ANY);
  errno = saved;
}

void futex_wake_one(std::atomic<std::uint32_t>& word) noexcept {
  const int saved = errno;
  syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, nullptr, nullptr, 0);
  errno = saved;
}

timespec to_timespec(std::chrono::steady_clock::time_point when) noexcept {
  const auto since_boot = when.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot - seconds);
  return {.tv_sec = static_cast<std::time_t>(seconds.count()),
          .tv_nsec = static_cast<long>(rest.count())};
}

}  // namespace

static_assert(std::atomic<std::uint32_t>::is_always_lock_free &&
                  sizeof(std::atomic<std::uint32_t>) == 4,
              "the kernel reads the word");

// True where a token was there. Otherwise the state is `parked`.
bool parker::take() noexcept {
  std::uint32_t seen = token;
  if (state_.compare_exchange_strong(seen, empty)) return true;
  seen = empty;
  if (state_.compare_exchange_strong(seen, parked)) return false;
  state_.store(empty);  // a token came between the two
  return true;
}

void parker::park() noexcept {
  if (take()) return;
  while (state_.load() == parked) futex_wait(state_, parked, nullptr);
  state_.store(empty);
}

void parker::park_until(std::chrono::steady_clock::time_point until) noexcept {
  if (take()) return;
  const timespec limit = to_timespec(until);
  while (state_.load() == parked && std::chrono::steady_clock::now() < until)
    futex_wait(state_, parked, &limit);
  state_.store(empty);
}

void parker::unpark() noexcept {
  if (state_.exchange(token) == parked) futex_wake_one(state_);
}

}  // namespace parwork::detail
