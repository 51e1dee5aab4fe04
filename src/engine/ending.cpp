#include "engine/ending.hpp"

#include <utility>

#include "parwork/concepts.hpp"

namespace parwork::detail {

namespace {

std::exception_ptr exception_for(std::uint64_t index, const failure& why) noexcept {
  if (why.exception()) return why.exception();
  try {
    return std::make_exception_ptr(parwork::item_failed(index, why));
  } catch (...) {
    return std::current_exception();  // no memory for its sentence
  }
}

}  // namespace

bool ending::stop() noexcept {
  if (stop_requested_.exchange(true)) return false;
  shared_.attention.fetch_or(attention_stop);
  stop_source_.request_stop();
  return true;
}

void ending::fail(std::exception_ptr error) noexcept {
  const lock_guard guard(lock_);
  if (!error_) error_ = std::move(error);
}

bool ending::note_failure(std::uint64_t index, const failure& why, unsigned attempts) noexcept {
  const bool by_stop = why.kind() == failure_kind::cancelled && (attempts == 0 || is_stopping());
  {
    const lock_guard guard(lock_);
    if (why.kind() != failure_kind::cancelled && !first_failure_) first_failure_ = why;
    if (!sees_failures_ && !by_stop && !error_) error_ = exception_for(index, why);
  }
  // Under the policy every failure counts, a cancelled one too: what comes behind it is no success.
  const bool stops = policy_ == failure_policy::stop || (!sees_failures_ && !by_stop);
  // Nor behind one that a stop kept from its end: what a collector of results gets is a prefix.
  if ((stops || by_stop) && order_ == ordering::input) shared_.cut_off = true;
  return stops;
}

// What has been delivered is counted before what has been spawned: see credits and roster.
void ending::check() noexcept {
  if (!credits_.is_drained()) return;
  if (may_spawn_) {
    const std::uint64_t delivered = workers_.delivered_spawned();
    if (delivered != workers_.spawned()) return;
  }
  wakeups_.end();
}

std::exception_ptr ending::error() const noexcept {
  const lock_guard guard(lock_);
  return error_;
}

std::optional<failure> ending::first_failure() const noexcept {
  const lock_guard guard(lock_);
  return first_failure_;
}

}  // namespace parwork::detail
