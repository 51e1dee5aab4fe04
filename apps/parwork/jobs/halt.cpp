#include "jobs/halt.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

// From which finished job on a share of the finished ones says something.
constexpr std::uint64_t few = 3;

[[noreturn]] void refuse(std::string_view text) {
  throw error(
      "'" + std::string(text) +
      "' is no rule to halt by: give now or soon, a comma, fail, success or done, '=', and a "
      "number of jobs or a per cent, as in now,fail=1 or soon,done=50%");
}

std::optional<halt_on> event_named(std::string_view name) {
  if (name == "fail") return halt_on::fail;
  if (name == "success") return halt_on::success;
  if (name == "done") return halt_on::done;
  return std::nullopt;
}

}  // namespace

halt_policy parse_halt(std::string_view text) {
  const std::size_t comma = text.find(',');
  const std::size_t equals = text.find('=');
  if (comma == std::string_view::npos || equals == std::string_view::npos || equals < comma) {
    refuse(text);
  }
  const std::string_view when = text.substr(0, comma);
  const auto on = event_named(text.substr(comma + 1, equals - comma - 1));
  if ((when != "now" && when != "soon") || !on) refuse(text);
  std::string_view number = text.substr(equals + 1);
  const auto unit = number.ends_with('%') ? halt_unit::per_cent : halt_unit::jobs;
  if (unit == halt_unit::per_cent) number.remove_suffix(1);
  const std::uint64_t most =
      unit == halt_unit::per_cent ? 100 : std::numeric_limits<std::int64_t>::max();
  try {
    return {when == "now" ? halt_when::now : halt_when::soon, *on, parse_count(number, 1, most),
            unit};
  } catch (const error&) {
    refuse(text);
  }
}

void halt_rule::total_is(std::uint64_t jobs) {
  const std::lock_guard lock(mutex_);
  total_ = jobs;
}

bool halt_rule::note(const outcome& ended) {
  if (!policy_) return false;
  const std::lock_guard lock(mutex_);
  ++(ended.succeeded() ? succeeded_ : failed_);
  if (!ended.succeeded() && failed_ == 1) first_failed_status_ = ended.status();
  if (met_ || !is_met()) return false;
  met_ = true;
  return true;
}

bool halt_rule::is_met() const {
  const std::uint64_t done = succeeded_ + failed_;
  const std::uint64_t counted = policy_->on == halt_on::fail      ? failed_
                                : policy_->on == halt_on::success ? succeeded_
                                                                  : done;
  if (policy_->unit == halt_unit::jobs) return counted >= policy_->count;
  if (policy_->on == halt_on::done) {
    return total_ && counted * 100 >= policy_->count * *total_;
  }
  return done >= few && counted > 0 && counted * 100 >= policy_->count * done;
}

std::optional<int> halt_rule::status() const {
  const std::lock_guard lock(mutex_);
  if (!met_) return std::nullopt;
  if (policy_->on == halt_on::success) return status::success;
  if (policy_->on == halt_on::fail && policy_->unit == halt_unit::jobs && policy_->count == 1) {
    return first_failed_status_;
  }
  return std::nullopt;
}

}  // namespace cli
