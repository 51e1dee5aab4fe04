#include "report/phrases.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "base/readable.hpp"

namespace parwork::detail::phrases {

std::string counted(double count, const std::string& noun) {
  const auto whole = static_cast<std::uint64_t>(std::llround(count));
  return readable_count(whole) + ' ' + noun + (whole == 1 ? "" : "s");
}

std::string percent(double share) {
  if (share >= 0.0995) return readable_share(share);
  const auto tenths = static_cast<std::uint64_t>(std::llround(share * 1000));
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " %";
}

std::string time(double nanoseconds) {
  return readable_duration(
      std::chrono::nanoseconds(static_cast<std::int64_t>(std::max(0.0, nanoseconds))));
}

std::string times_as_fast(double factor) {
  const auto tenths = static_cast<std::uint64_t>(std::llround(factor * 10));
  if (tenths >= 1000) return std::to_string((tenths + 5) / 10) + " times";
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " times";
}

}  // namespace parwork::detail::phrases
