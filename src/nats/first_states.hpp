// Whether all workers have said what they kept of a job: before that nothing is handed out.
//
// A worker's first state follows all that it kept. What one has said so far may be little beside
// what another is about to say. So the first of all first states opens a settling time for the
// others; who has begun to say what it kept is waited for beyond that, as long as it goes on. A
// nameless job has nothing kept anywhere, and waits for nothing.
//
// Thread safety: one thread at a time. Invariants: once they are here, they stay so.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>

#include "nats/poll_watch.hpp"
#include "nats/session_id.hpp"
#include "nats/submitter_settings.hpp"

namespace parwork::nats::detail {

class first_states {
 public:
  explicit first_states(const submitter_settings& of);

  /// A worker has said something before its first state.
  void is_to_come(const session_id& worker, time_point now);
  /// Its first state, or a later one.
  void has_come(const session_id& worker, time_point now) noexcept;
  /// Without one.
  void has_gone(const session_id& worker) noexcept { to_come_.erase(worker); }
  /// One's own connection is back: others may be on their way back, too.
  void start_anew(time_point now) noexcept;

  /// Asked at each heartbeat, and at `next_look`. REQUIRES: the connection is there.
  [[nodiscard]] bool are_here(time_point now) noexcept;
  /// When to look again, where nothing happens.
  [[nodiscard]] std::optional<time_point> next_look() const noexcept;

 private:
  static constexpr std::size_t most_to_come = 1024;

  const std::chrono::nanoseconds heartbeat_;
  const std::chrono::nanoseconds settling_;
  bool are_here_;
  time_point looked_at_{};
  std::optional<time_point> settled_at_;  // empty: no worker has said one
  std::unordered_map<session_id, time_point, session_id_hash> to_come_;  // last heard of when
};

}  // namespace parwork::nats::detail
