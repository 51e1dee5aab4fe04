// Exit statuses: part of the tool's contract.
#pragma once

#include <cstdint>

namespace cli::status {

inline constexpr int success = 0;
inline constexpr int many_failed = 101;  // more than 100
inline constexpr int not_runnable = 126;
inline constexpr int not_found = 127;
inline constexpr int by_signal = 128;  // plus the signal's number
inline constexpr int unusable = 250;   // bad usage, or a file or output that cannot be written

/// 0 where none failed, 1 to 100 for that many, 101 for more.
[[nodiscard]] constexpr int of_failures(std::uint64_t failed) noexcept {
  return failed > 100 ? many_failed : static_cast<int>(failed);
}

}  // namespace cli::status
