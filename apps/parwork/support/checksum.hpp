// The checksum of recorded output: fixed for ever, it is in files. The hash that docs/journal.md
// describes.
#pragma once

#include <cstdint>
#include <string_view>

namespace cli {

/// Never 0.
[[nodiscard]] std::uint64_t checksum_of(std::string_view bytes) noexcept;

}  // namespace cli
