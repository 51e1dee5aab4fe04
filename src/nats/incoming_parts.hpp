// Messages of workers that come in parts, also of those that are not known yet: what they kept
// comes before their first state.
//
// Thread safety: one thread at a time. Invariants: no more than so many unknown senders are
// remembered at a time.
#pragma once

#include <cstddef>
#include <unordered_map>

#include "nats/messages.hpp"
#include "nats/parts.hpp"
#include "nats/poll_watch.hpp"

namespace parwork::nats::detail {

enum class acquaintance { known, unknown };

class incoming_parts {
 public:
  [[nodiscard]] part_taken take(const session_id& from, acquaintance with, const part& what,
                                time_point now);
  /// It is known from now on.
  void joined(const session_id& worker) noexcept { strangers_.erase(worker); }
  void forget(const session_id& worker) noexcept;
  /// Unknown ones not heard of since then.
  void forget_strangers(time_point before) noexcept;

 private:
  static constexpr std::size_t most_strangers = 1024;

  part_assembler assembler_;
  std::unordered_map<session_id, time_point, session_id_hash> strangers_;  // heard of when
};

}  // namespace parwork::nats::detail
