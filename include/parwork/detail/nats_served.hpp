// The seam between a worker's messages and the work that it serves: a batch of encoded items in,
// their outcomes out.
//
// Thread safety: stated with each.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "parwork/failure.hpp"

namespace parwork::nats::detail {

struct served_item {
  std::uint64_t index = 0;  // the submitter's
  unsigned attempt = 1;
  std::string_view bytes;  // encoded
};

/// Takes the outcomes of a batch's items, in order, as they come. One thread at a time.
class outcome_sink {
 public:
  /// The encoded result of the next item.
  virtual void succeeded(std::string_view result) = 0;
  virtual void failed(const failure& why) = 0;
  /// Asked between two items: the rest is not to be begun.
  [[nodiscard]] virtual bool is_cut_short() const noexcept = 0;

 protected:
  ~outcome_sink() = default;
};

/// How a batch is to be executed.
struct execution {
  unsigned thread = 0;                  // which of the worker's, from 0
  std::chrono::nanoseconds timeout{0};  // of each item; 0: none
  std::stop_token stop = {};            // what runs is asked to stop
};

/// Work under a name. Several threads call `execute` at once, each with a number of its own.
class served_work {
 public:
  virtual ~served_work() = default;

  /// One outcome for each item, in order, unless it is cut short. What work throws is a failure;
  /// this throws std::bad_alloc alone.
  virtual void execute(const std::vector<served_item>& items, const execution& how,
                       outcome_sink& into) = 0;
  /// After the last call: the states of `per_worker`. On the thread that calls `worker::run`.
  virtual void destroy_states() noexcept = 0;

  std::string item_codec;
  std::string result_codec;
};

}  // namespace parwork::nats::detail
