// Answers to a question: what arrives at a subject of its own, for whoever waits for them.
//
// Thread safety: one thread waits, any may put in.
#pragma once

#include <chrono>
#include <condition_variable>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parwork/detail/mutex.hpp"

namespace parwork::nats::detail {

class reply_box {
 public:
  using clock = std::chrono::steady_clock;
  enum class news { answer, nobody, silence };

  void put(std::string_view bytes) PARWORK_EXCLUDES(lock_);
  /// Nobody was there to receive the question.
  void put_nobody() noexcept PARWORK_EXCLUDES(lock_);

  /// Waits until there is one of them, or until then. An answer is moved to `into`.
  [[nodiscard]] news wait_until(clock::time_point then, std::string& into) PARWORK_EXCLUDES(lock_);

 private:
  parwork::detail::mutex lock_;
  std::condition_variable_any changed_;
  std::vector<std::string> answers_ PARWORK_GUARDED_BY(lock_);
  bool nobody_ PARWORK_GUARDED_BY(lock_) = false;
};

}  // namespace parwork::nats::detail
