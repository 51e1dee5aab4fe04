// Collects what the items of a batch come to, and makes the message of them.
//
// Thread safety: one thread at a time; the flag that it reads may be set by any.
// Invariants: each item has one outcome in the message. What work has not begun is `not_started`:
// after a cancel, and where the results of a batch are more than one message should hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nats/messages.hpp"
#include "nats/owned_batch.hpp"
#include "parwork/detail/nats_served.hpp"

namespace parwork::nats::detail {

class batch_outcomes final : public outcome_sink {
 public:
  /// When a batch was executed, and by whom.
  struct times {
    std::uint32_t thread = 0;  // from 1; 0: nobody has
    std::int64_t began = 0;
    std::int64_t took = 0;
  };

  /// REQUIRES: the batch outlives it.
  explicit batch_outcomes(const owned_batch& of) : of_(of) { ends_.reserve(of.what.items.size()); }

  void succeeded(std::string_view result) override;
  void failed(const failure& why) override;
  [[nodiscard]] bool is_cut_short() const noexcept override;

  /// Gives the items that have none an outcome: this failure.
  void fail_rest(const failure& why);
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  /// A `result` message.
  [[nodiscard]] std::string answer(const times& when) const;

 private:
  struct end {
    outcome_kind kind;
    failure_kind why;
    std::optional<std::uint32_t> stage;
    std::size_t at;  // where its bytes end
  };
  [[nodiscard]] bool is_full() const noexcept { return ends_.size() == of_.what.items.size(); }

  const owned_batch& of_;
  std::string bytes_;  // results and messages, one behind the other
  std::vector<end> ends_;
};

/// A `result` message of a batch that nobody has begun.
[[nodiscard]] std::string not_started_answer(const owned_batch& of);
/// A finished batch as a `kept` message for a later session of its job. REQUIRES: it has an answer.
[[nodiscard]] std::string kept_answer(const owned_batch& of);

}  // namespace parwork::nats::detail
