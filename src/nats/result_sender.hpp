// Brings results to submitters: whole, or in parts where they are larger than a message.
//
// It keeps a few megabytes on their way, no more: a worker that has kept much would flood the
// link's buffer else, and what does not fit there is dropped.
//
// Thread safety: one thread at a time. Invariants:
// 1. A batch is on its way once at most: it waits here, or is under way in parts.
// 2. What goes whole is sent in the order of `send`; parts of large ones come in between.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "nats/link.hpp"
#include "nats/messages.hpp"
#include "nats/owned_batch.hpp"
#include "nats/parts.hpp"
#include "nats/session_id.hpp"
#include "nats/subjects.hpp"
#include "nats/worker_speech.hpp"

namespace parwork::nats::detail {

class result_sender {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// REQUIRES: all outlive it.
  result_sender(const worker_identity& who, part_sender& parts, link& to)
      : who_(who), names_(who.prefix), parts_(parts), link_(to) {}

  /// Sends a finished batch at the next `pump`: to its own session as a result, to a later one of
  /// its job as `kept`. REQUIRES: it is not being sent.
  void send(const session_id& to, const owned_batch_ptr& its);
  /// It is gone: no more of it is sent.
  void forget(const owned_batch& its);
  void forget_receiver(const session_id& to);

  [[nodiscard]] bool is_sending(const owned_batch& its) const noexcept;
  /// Nothing waits, and all that went in parts is there.
  [[nodiscard]] bool has_sent_all(const session_id& to) const noexcept;

  /// That part of a message has arrived.
  void got(const part_got& its, time_point now);
  /// Sends what the link has room for.
  void pump(time_point now);
  /// When `pump` is to be called, though nothing happens; nothing where it need not be.
  [[nodiscard]] std::optional<time_point> deadline() const noexcept { return next_pump_; }

 private:
  struct waiting {
    session_id to;
    owned_batch_ptr its;
  };
  struct under_way {
    session_id to;
    owned_batch_ptr its;
  };
  void start(const waiting& one, time_point now);

  const worker_identity& who_;
  const subjects names_;
  part_sender& parts_;
  link& link_;
  std::deque<waiting> waiting_;
  std::unordered_map<std::uint64_t, under_way> in_parts_;  // by the number of the message
  std::optional<time_point> next_pump_;
};

}  // namespace parwork::nats::detail
