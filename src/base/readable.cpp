#include "base/readable.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <system_error>

namespace parwork::detail {

namespace {

// Three significant digits below 1,000, trailing zeros dropped, whole numbers from there on.
// REQUIRES: 0 <= value, finite.
std::string three_digits(double value) {
  if (value >= 999.5) return readable_count(static_cast<std::uint64_t>(std::llround(value)));
  char text[32];
  // to_chars rather than a stream or printf: it knows no locale.
  const auto [end, error] =
      std::to_chars(text, text + sizeof text, value, std::chars_format::general, 3);
  if (error != std::errc{}) return "0";
  std::string digits(text, end);
  // "general" turns to exponents below 1e-4; nothing that is shown here is that small but not 0.
  return digits.find('e') == std::string::npos ? digits : "0";
}

std::string two_digits(std::int64_t value) {
  std::string digits = std::to_string(value);
  if (value < 10) digits.insert(0, 1, '0');  // "0" + digits gets a false alarm of g++ 12 at -O3
  return digits;
}

}  // namespace

std::string readable_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string readable_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return readable_count(bytes) + (bytes == 1 ? " byte" : " bytes");
  double value = static_cast<double>(bytes) / 1024;
  for (const char* const unit : {" KiB", " MiB", " GiB"}) {
    if (value < 999.5) return three_digits(value) + unit;
    value /= 1024;
  }
  return three_digits(value) + " TiB";
}

std::string readable_duration(std::chrono::nanoseconds duration) {
  using namespace std::chrono;
  struct unit {
    double nanoseconds;
    const char* name;
  };
  static constexpr unit units[] = {{1, " ns"}, {1e3, " us"}, {1e6, " ms"}, {1e9, " s"}};

  const double total = static_cast<double>(std::max(duration.count(), nanoseconds::rep{0}));
  if (total < 59.95e9) {
    for (const unit& candidate : units) {
      const double value = total / candidate.nanoseconds;
      if (value < 999.5) return three_digits(value) + candidate.name;
    }
  }
  return readable_clock(duration);
}

std::string readable_clock(std::chrono::nanoseconds duration) {
  using namespace std::chrono;
  duration = std::max(duration, nanoseconds(0));
  // Not duration + 500 ms: the longest durations would overflow.
  const std::int64_t rounded =
      duration / seconds(1) + (duration % seconds(1) >= milliseconds(500) ? 1 : 0);
  const std::string tail = two_digits(rounded % 60);
  if (rounded < 3600) return std::to_string(rounded / 60) + ":" + tail;
  return std::to_string(rounded / 3600) + ":" + two_digits(rounded / 60 % 60) + ":" + tail;
}

std::string readable_rate(double per_second) {
  if (!(per_second > 0)) return "0";
  constexpr double most = 1e18;  // beyond any real rate, and still a count
  return three_digits(std::min(per_second, most));
}

std::string readable_share(double share) {
  const double percent = std::isnan(share) ? 0 : std::clamp(share, 0.0, 1.0) * 100;
  return std::to_string(std::lround(percent)) + " %";
}

}  // namespace parwork::detail
