#include "nats/remote_workers.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace parwork::nats::detail {

namespace {

// No machine has more; what a worker says is not believed beyond.
constexpr std::uint32_t most_threads = 65'536;

}  // namespace

void clock_relation::learn(time_point asked, std::chrono::nanoseconds round_trip,
                           std::int64_t reading) noexcept {
  const std::chrono::nanoseconds error = round_trip / 2;
  error_ += error_ / 16;
  if (is_known_ && error > error_) return;
  is_known_ = true;
  error_ = error;
  // Unsigned, as a reading may be anything.
  ahead_ = std::chrono::nanoseconds(static_cast<std::int64_t>(
      static_cast<std::uint64_t>((asked + error).time_since_epoch().count()) -
      static_cast<std::uint64_t>(reading)));
}

std::optional<time_point> clock_relation::here(std::int64_t reading) const noexcept {
  if (!is_known_) return std::nullopt;
  return time_point(std::chrono::nanoseconds(static_cast<std::int64_t>(
      static_cast<std::uint64_t>(reading) + static_cast<std::uint64_t>(ahead_.count()))));
}

std::string remote_worker::name() const {
  return (host.empty() ? "a host without a name" : host) + " (pid " + std::to_string(pid) + ")";
}

worker_info remote_worker::info(time_point now) const {
  return {.id = id.text(),
          .host = host,
          .labels = labels,
          .pid = pid,
          .threads = threads,
          .held = items,
          .done = done,
          .items_per_second = items_per_second,
          .silent_for = now - heard_at};
}

void remote_worker::drop_open(std::uint64_t batch, std::size_t its_items) noexcept {
  const auto at = std::find(open.begin(), open.end(), batch);
  assert(at != open.end());
  open.erase(at);
  items -= its_items;
}

remote_worker* remote_workers::find(const session_id& id) noexcept {
  const auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : at->second;
}

remote_worker& remote_workers::add(const session_id& id, unsigned most_polls) {
  workers_.push_back(std::make_unique<remote_worker>(id, most_polls));
  by_id_[id] = workers_.back().get();
  count_threads();
  return *workers_.back();
}

void remote_workers::erase(remote_worker& one) noexcept {
  by_id_.erase(one.id);
  std::erase_if(workers_, [&](const auto& other) { return other.get() == &one; });
  count_threads();
}

void remote_workers::update(remote_worker& one, const state& says, time_point now) {
  one.host = says.host;
  one.labels = says.labels;
  one.pid = says.pid;
  one.threads = std::clamp<std::uint32_t>(says.threads, 1, most_threads);
  one.is_leaving = one.is_leaving || says.is_leaving;
  if (one.rated_at == time_point{}) {
    one.rated_at = now;
  } else if (const std::chrono::duration<double> since = now - one.rated_at;
             since >= std::chrono::milliseconds(100)) {
    const auto more = says.done >= one.done ? says.done - one.done : 0;
    const double rate = static_cast<double>(more) / since.count();
    one.items_per_second += 0.3 * (rate - one.items_per_second);
    one.rated_at = now;
    one.done = says.done;
  }
  rate(one);
  count_threads();
}

void remote_workers::rate(remote_worker& one) noexcept {
  one.wanted = one.pace.wanted(max_batch_);
  one.credit = std::size_t{one.threads} * one.pace.batches_a_thread(max_batch_);
}

void remote_workers::count_threads() noexcept {
  threads_ = 0;
  for (const auto& one : workers_) {
    if (!one->is_leaving) threads_ += one->threads;
  }
}

}  // namespace parwork::nats::detail
