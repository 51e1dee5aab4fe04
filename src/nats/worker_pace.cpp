#include "nats/worker_pace.hpp"

#include <algorithm>
#include <cmath>

namespace parwork::nats::detail {

namespace {

// Of the latest value in a mean that follows it.
constexpr double weight_of_latest = 0.3;

void follow(std::optional<double>& mean, double latest) noexcept {
  mean = mean ? *mean + weight_of_latest * (latest - *mean) : latest;
}

}  // namespace

void worker_pace::finished(std::size_t items, std::chrono::nanoseconds took) noexcept {
  if (items == 0) return;
  // What a worker says is not believed where it cannot be.
  const double duration = std::max(static_cast<double>(took.count()), 1.0);
  follow(item_time_, duration / static_cast<double>(items));
  grown_ = std::max(grown_, 2 * items);
}

void worker_pace::answered(std::chrono::nanoseconds round_trip) noexcept {
  follow(round_trip_, std::max(static_cast<double>(round_trip.count()), 0.0));
}

std::size_t worker_pace::wanted(std::size_t max_batch) const noexcept {
  if (!item_time_) return 1;
  const double by_time = static_cast<double>(batch_duration.count()) / *item_time_;
  const std::size_t most = std::min(grown_, max_batch);
  if (by_time >= static_cast<double>(most)) return most;
  return std::max<std::size_t>(static_cast<std::size_t>(by_time), 1);
}

unsigned worker_pace::batches_a_thread(std::size_t max_batch) const noexcept {
  if (!item_time_ || *item_time_ >= static_cast<double>(short_item.count())) return 1;
  const double batch = *item_time_ * static_cast<double>(wanted(max_batch));
  const double on_their_way = std::ceil(round_trip_.value_or(0) / batch);
  if (on_their_way <= 1) return 2;
  return static_cast<unsigned>(std::min(1 + on_their_way, double{most_batches_a_thread}));
}

}  // namespace parwork::nats::detail
