// The seam between a run whose work is done elsewhere and what knows of messages: a span of items
// as bytes, and the session that has it done.
//
// Thread safety: stated with each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "parwork/failure.hpp"

namespace parwork {
class recorder;
}

namespace parwork::nats::detail {

/// How one side writes items and results. Where the other has another idea: `codec_mismatch`.
struct identities {
  std::string item = {};
  std::string result = {};
};

/// A span of a run's items on its way: encoded, and what finishes it.
///
/// One thread at a time. Invariants: each item gets one outcome, by `succeed` or `fail`; then
/// `finish` is called, once, or `end_run` before; and then it is destroyed. One that is destroyed
/// without either abandons its items.
class outgoing_span {
 public:
  outgoing_span() = default;
  outgoing_span(const outgoing_span&) = delete;
  outgoing_span& operator=(const outgoing_span&) = delete;
  virtual ~outgoing_span() = default;

  [[nodiscard]] std::size_t size() const noexcept { return ends.size(); }
  /// REQUIRES: `item < size()`.
  [[nodiscard]] std::string_view bytes_of(std::size_t item) const noexcept {
    const std::uint32_t begin = item == 0 ? 0 : ends[item - 1];
    return std::string_view(bytes).substr(begin, ends[item] - begin);
  }

  /// The encoded result of an item. Bytes that are none make a failure of it.
  virtual void succeed(std::size_t item, std::string_view result) noexcept = 0;
  virtual void fail(std::size_t item, failure why) noexcept = 0;
  /// Gives the outcomes to the run.
  virtual void finish() noexcept = 0;
  /// Fails what the span stands for, and ends the run by this exception.
  virtual void end_run(std::exception_ptr error) noexcept = 0;

  /// Requested by a stop of the run and by the deadline.
  [[nodiscard]] virtual std::stop_token stop_token() const = 0;

  std::uint64_t first_index = 0;  // the items have consecutive ones
  unsigned attempt = 1;           // of all of them, from 1
  std::optional<std::chrono::steady_clock::time_point> deadline = {};
  std::string bytes = {};                // encoded, one behind the other
  std::vector<std::uint32_t> ends = {};  // where each ends in them
};

/// What a submitter does for `remote_work`. Any thread, each of these.
class remote_session {
 public:
  virtual ~remote_session() = default;

  /// A run begins to use it, or has ended: all its spans are finished. `record` may be null; it is
  /// there until `run_ends`. Throws std::logic_error where a run uses it already.
  virtual void run_begins(recorder* record) = 0;
  virtual void run_ends() noexcept = 0;
  /// How many items the run will have. For whoever asks how it goes.
  virtual void expects(std::uint64_t items) noexcept = 0;

  /// Has the span done. Its items are finished when this returns or later, on another thread.
  virtual void submit(std::unique_ptr<outgoing_span> span) = 0;
  /// How long the next span is to be, from 1.
  [[nodiscard]] virtual std::size_t longest_wanted() const noexcept = 0;
};

}  // namespace parwork::nats::detail
