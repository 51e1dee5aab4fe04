// CRC-32C (Castagnoli), the checksum of a frame: it finds every error of one to three bits, and
// every burst of up to 32.
//
// Thread safety: pure functions. Source: RFC 3720, section 12.1 and appendix B.4.
#pragma once

#include <cstdint>
#include <string_view>

namespace parwork::nats::detail {

/// By the processor's instruction where it has one (8 bytes in one to three cycles), or by tables.
/// `so_far` is what this returned of the bytes before.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far = 0) noexcept;

/// By tables, on any processor: for the tests, which compare.
[[nodiscard]] std::uint32_t crc32c_by_tables(std::string_view bytes,
                                             std::uint32_t so_far = 0) noexcept;

}  // namespace parwork::nats::detail
