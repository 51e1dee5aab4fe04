// Wall time and the few statistics the benchmarks need.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <vector>

namespace bench {

/// Starts when made.
class stopwatch {
 public:
  /// Nanoseconds since it was made.
  [[nodiscard]] double ns() const {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// The value that a share `at` (0 to 1) of the samples does not exceed, by the nearest rank.
/// REQUIRES: samples is not empty.
inline double percentile(std::vector<double> samples, double at) {
  assert(!samples.empty());
  const auto last = samples.size() - 1;
  const auto rank = static_cast<std::size_t>(at * static_cast<double>(last) + 0.5);
  const auto nth = samples.begin() + static_cast<std::ptrdiff_t>(std::min(rank, last));
  std::nth_element(samples.begin(), nth, samples.end());
  return *nth;
}

/// REQUIRES: samples is not empty.
inline double median(const std::vector<double>& samples) { return percentile(samples, 0.5); }

/// The median distance from the median: how far samples usually stray, whatever the few worst do.
/// REQUIRES: samples is not empty.
inline double median_deviation(std::vector<double> samples) {
  const double middle = median(samples);
  std::ranges::transform(samples, samples.begin(),
                         [middle](double sample) { return std::abs(sample - middle); });
  return median(samples);
}

}  // namespace bench
