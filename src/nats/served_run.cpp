#include "parwork/detail/nats_served_run.hpp"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

#include "base/type_name.hpp"
#include "engine/attempt_stop.hpp"
#include "engine/timer.hpp"
#include "parwork/codec.hpp"
#include "parwork/detail/backoff.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::nats::detail {

struct attempt_stops::timers {
  parwork::detail::mutex lock;
  bool is_started PARWORK_GUARDED_BY(lock) = false;
  parwork::detail::timer timer;
};

attempt_stops::attempt_stops() : timers_(std::make_unique<timers>()) {}
attempt_stops::~attempt_stops() = default;

parwork::detail::attempt_stop_ptr attempt_stops::make(
    std::stop_token of_batch, std::chrono::steady_clock::time_point deadline) {
  {
    const parwork::detail::lock_guard guard(timers_->lock);
    if (!timers_->is_started) timers_->timer.start();
    timers_->is_started = true;
  }
  return parwork::detail::make_attempt_stop(std::move(of_batch), timers_->timer, deadline);
}

void served_run::spawn(worker_base&, const std::type_info&, void*) {
  throw std::logic_error(
      "parwork: served work cannot spawn items: return them in the result, and let the submitter's "
      "generator yield them");
}

failure late_failure(std::chrono::nanoseconds timeout, std::chrono::nanoseconds late) noexcept {
  return parwork::detail::timeout_failure(timeout, late);
}

failure undecodable_item(const std::type_info& type) noexcept {
  try {
    try {
      throw;
    } catch (const codec_error& why) {
      return {failure_kind::exception, "codec_error: these bytes are no item of type " +
                                           parwork::detail::type_name(type) + ": " + why.what()};
    }
  } catch (...) {
    return parwork::detail::current_failure();
  }
}

failure item_with_bytes_left(const std::type_info& type, std::size_t left) noexcept {
  try {
    throw codec_error(std::to_string(left) + " bytes are left behind it");
  } catch (...) {
    return undecodable_item(type);
  }
}

std::chrono::steady_clock::time_point deadline_after(std::chrono::nanoseconds timeout) noexcept {
  using clock = std::chrono::steady_clock;
  if (timeout.count() <= 0) return clock::time_point::max();
  const auto now = clock::now();
  return now + std::min<clock::duration>(timeout, clock::time_point::max() - now);
}

}  // namespace parwork::nats::detail
