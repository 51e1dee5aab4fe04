// What --load and --memfree ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cli {

/// Each a number of its own or a share. Nothing: not asked for.
struct throttle_limits {
  std::optional<double> load;    // threads that want a CPU, or with load_is_share of the CPUs
  bool load_is_share = false;    // 1: as many as CPUs
  std::optional<double> memory;  // bytes, or with memory_is_share of all
  bool memory_is_share = false;  // from 0 to 1

  [[nodiscard]] bool any() const noexcept { return load.has_value() || memory.has_value(); }
};

/// Throw cli::error that names the text and what would do.
void parse_load(std::string_view text, throttle_limits& into);
void parse_memory(std::string_view text, throttle_limits& into);

}  // namespace cli
