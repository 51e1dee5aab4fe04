// What may stand in options, and how it is said what may not.
#include "parwork/options.hpp"

#include <sstream>
#include <stdexcept>
#include <string_view>

#include "parwork/detail/run.hpp"

namespace parwork::detail {

namespace {

template <class Value>
[[noreturn]] void refuse(std::string_view field, const Value& value, std::string_view rule) {
  std::ostringstream message;
  message << "parwork: options." << field << " is " << value << ", it must be " << rule;
  throw std::invalid_argument(message.str());
}

void refuse_negative(std::string_view field, std::chrono::nanoseconds value) {
  if (value.count() < 0) refuse(field, std::to_string(value.count()) + " ns", "0 or more");
}

}  // namespace

void validate(const options& given) {
  if (given.workers > max_workers)
    refuse("workers", given.workers, "at most " + std::to_string(max_workers));
  if (given.queue > max_queue) refuse("queue", given.queue, "at most " + std::to_string(max_queue));
  refuse_negative("timeout", given.timeout);
  refuse_negative("progress_every", given.progress_every);
  const retry_policy& retry = given.retry;
  if (retry.max_attempts == 0) refuse("retry.max_attempts", retry.max_attempts, "1 or more");
  refuse_negative("retry.backoff", retry.backoff);
  refuse_negative("retry.max_backoff", retry.max_backoff);
  // Written so that NaN is refused too.
  if (!(retry.multiplier >= 1)) refuse("retry.multiplier", retry.multiplier, "1 or more");
  if (!(retry.jitter >= 0 && retry.jitter <= 1))
    refuse("retry.jitter", retry.jitter, "from 0 to 1");
}

}  // namespace parwork::detail
