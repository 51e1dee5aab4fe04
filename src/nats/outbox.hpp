// What a submitter says: messages as frames, on their subjects.
//
// What is larger than the bus takes goes in parts.
//
// Thread safety: one thread at a time. Invariants: nothing here waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "nats/link.hpp"
#include "nats/messages.hpp"
#include "nats/parts.hpp"
#include "nats/subjects.hpp"

namespace parwork::nats::detail {

class outbox {
 public:
  outbox(link& over, const session_id& session, std::string_view prefix, std::string_view work);

  /// To all workers.
  void call_workers(const call& what);
  /// To one worker.
  void send(const session_id& worker, const message& what);
  /// Behind the batches that are under way to it.
  void send_behind(const session_id& worker, const message& what);
  /// With where the worker is not the server says so (503), on a subject that names the worker.
  void send_poll(const session_id& worker, const poll& what);
  /// The number of the message, where it goes in parts: `got` returns it when all of it is there.
  /// 0: it has been sent.
  std::uint64_t send_batch(const session_id& worker, const batch& what);
  std::uint64_t got(const session_id& worker, const part_got& what);
  /// The message is not wanted any more.
  void drop(const session_id& worker, std::uint64_t number) { parts_.drop(worker, number); }
  void forget(const session_id& worker) noexcept { parts_.forget(worker); }
  void answer(std::string_view reply, const message& what);

  /// Bytes of items that a message has room for.
  [[nodiscard]] std::size_t largest_batch() const noexcept;
  /// Whether so much waits for the server that no more work is to go out.
  [[nodiscard]] bool is_full() const noexcept;

 private:
  [[nodiscard]] part_destination destination(const session_id& worker) const;

  link& link_;
  const subjects subjects_;
  const session_id session_;
  const std::string to_all_;
  part_sender parts_;
  std::string frame_;  // keeps its memory
};

}  // namespace parwork::nats::detail
