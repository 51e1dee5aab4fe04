// When to end a run before its items are done: --halt.
//
// Thread safety: every function may be called by any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>

#include "jobs/outcome.hpp"

namespace cli {

enum class halt_when : std::uint8_t { soon, now };
enum class halt_on : std::uint8_t { fail, success, done };
enum class halt_unit : std::uint8_t { jobs, per_cent };

/// "now,fail=1", "soon,done=10%".
struct halt_policy {
  halt_when when = halt_when::now;
  halt_on on = halt_on::fail;
  std::uint64_t count = 1;
  halt_unit unit = halt_unit::jobs;
};

/// Throws cli::error that names the text and what would do.
[[nodiscard]] halt_policy parse_halt(std::string_view text);

class halt_rule {
 public:
  /// Never halts.
  halt_rule() = default;
  explicit halt_rule(halt_policy policy) : policy_(policy) {}

  /// How many jobs there are, as soon as that is known.
  void total_is(std::uint64_t jobs);

  /// A job has ended for good. True once: when the run is to be ended for it.
  [[nodiscard]] bool note(const outcome& ended);

  /// REQUIRES: note has returned true.
  [[nodiscard]] halt_when when() const noexcept { return policy_->when; }

  /// The exit status of a run that was halted, where the rule decides it: the first failed job's
  /// own, or success.
  [[nodiscard]] std::optional<int> status() const;

 private:
  [[nodiscard]] bool is_met() const;

  const std::optional<halt_policy> policy_;
  mutable std::mutex mutex_;  // of what follows
  std::uint64_t succeeded_ = 0;
  std::uint64_t failed_ = 0;
  int first_failed_status_ = 0;
  std::optional<std::uint64_t> total_;
  bool met_ = false;
};

}  // namespace cli
