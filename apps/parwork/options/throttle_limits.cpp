#include "options/throttle_limits.hpp"

#include <charconv>
#include <memory>
#include <string>

#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

// A number from above 0 to `most`.
std::optional<double> positive(std::string_view text, double most) {
  double value = 0;
  const char* const end = std::to_address(text.end());
  const auto read = std::from_chars(std::to_address(text.begin()), end, value);
  if (read.ec != std::errc() || read.ptr != end || !(value > 0) || value > most) {
    return std::nullopt;
  }
  return value;
}

bool take_per_cent(std::string_view& text) {
  if (!text.ends_with('%')) return false;
  text.remove_suffix(1);
  return true;
}

}  // namespace

void parse_load(std::string_view text, throttle_limits& into) {
  std::string_view number = text;
  const bool share = take_per_cent(number);
  const auto value = positive(number, 1e6);
  if (!value) {
    throw error("'" + std::string(text) +
                "' is no load: give how many threads may want a CPU, above 0, or a per cent of the "
                "CPUs, as in 4 or 80%");
  }
  into.load_is_share = share;
  into.load = share ? *value / 100 : *value;
}

void parse_memory(std::string_view text, throttle_limits& into) {
  std::string_view number = text;
  into.memory_is_share = take_per_cent(number);
  if (into.memory_is_share) {
    const auto value = positive(number, 100);
    if (!value) {
      throw error("'" + std::string(text) + "' is no share of the memory: give 1% to 100%");
    }
    into.memory = *value / 100;
    return;
  }
  const std::uint64_t bytes = parse_size(text);
  if (bytes == 0) throw error("0 is always free: give how much memory has to be");
  into.memory = static_cast<double>(bytes);
}

}  // namespace cli
