// Subjects of messages: made from a prefix, and taken apart. distributed.md has the table of them.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nats/session_id.hpp"

namespace parwork::nats::detail {

/// 1 to 64 letters (of ASCII), digits, `_` and `-`: a token of a subject as it is.
[[nodiscard]] bool is_name(std::string_view text) noexcept;

/// Throws std::invalid_argument where it is no name; `thing`: "job", "label", ...
void require_name(std::string_view thing, std::string_view text);

/// What a subject is about.
enum class subject_kind : std::uint8_t {
  call,          // of `name`, a work
  here,          // of nothing more
  to_worker,     // of `worker`
  to_submitter,  // of `session` and `worker`
  job,           // of `name`
  status,        // of nothing more
};

struct subject_parts {
  subject_kind kind = subject_kind::here;
  std::string_view name = {};  // into the subject
  session_id session = {};
  session_id worker = {};

  friend bool operator==(const subject_parts&, const subject_parts&) = default;
};

/// All subjects below one prefix.
class subjects {
 public:
  /// REQUIRES: a name.
  explicit subjects(std::string_view prefix);

  [[nodiscard]] std::string call(std::string_view work) const;
  [[nodiscard]] std::string here() const;
  [[nodiscard]] std::string to_worker(const session_id& worker) const;
  /// From that worker: it stands in the subject, so that a status 503 for a reply says whose.
  [[nodiscard]] std::string to_submitter(const session_id& session, const session_id& worker) const;
  [[nodiscard]] std::string job(std::string_view name) const;
  [[nodiscard]] std::string status() const;

  // Patterns, for subscriptions.

  [[nodiscard]] std::string all_calls() const;
  /// From all workers.
  [[nodiscard]] std::string all_to_submitter(const session_id& session) const;

  /// Nothing where it is none of these, letter by letter as they are made here.
  [[nodiscard]] std::optional<subject_parts> take_apart(std::string_view subject) const noexcept;

 private:
  std::string prefix_;  // with its dot
};

}  // namespace parwork::nats::detail
