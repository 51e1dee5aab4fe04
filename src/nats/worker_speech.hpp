// What a worker says to submitters, but for results.
//
// Thread safety: one thread at a time. It never waits: a message may be lost on its way, and
// whatever depends on one is said again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nats/link.hpp"
#include "nats/messages.hpp"
#include "nats/parts.hpp"
#include "nats/session_id.hpp"
#include "nats/session_table.hpp"
#include "nats/subjects.hpp"

namespace parwork::nats::detail {

/// Who a worker is: never changes.
struct worker_identity {
  session_id id = {};
  std::string prefix = "pw";
  std::string host = {};
  std::uint32_t pid = 0;
  std::uint32_t threads = 1;
  std::vector<std::string> labels = {};
};

/// What a state says of the worker besides.
struct worker_moment {
  std::uint64_t done = 0;  // items so far
  bool is_leaving = false;
  std::chrono::steady_clock::time_point now = {};
};

class worker_speech {
 public:
  /// REQUIRES: all outlive it.
  worker_speech(const worker_identity& who, part_sender& parts, link& to)
      : who_(who), names_(who.prefix), parts_(parts), link_(to) {}

  void here();
  /// `poll` 0: in answer to a call.
  void state(const worker_session& to, std::uint64_t poll, const worker_moment& at);
  void started(const session_id& to, std::uint64_t batch);
  void goodbye(const session_id& to, std::vector<std::uint64_t>&& given_back);
  void gone(const session_id& to);
  void superseded(const session_id& to, const session_id& by);
  void got(const session_id& from, const part& its);
  void status(std::string_view reply, worker_status&& its);

 private:
  void say_to(const session_id& to, const message& what);

  const worker_identity& who_;
  const subjects names_;
  part_sender& parts_;
  link& link_;
};

}  // namespace parwork::nats::detail
