// Option values with units, and literals with escapes.
//
// Each function takes the text and throws cli::error that names it and says what would do.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace cli {

/// A number with ms, s, m or h; bare: seconds. Fractions may be given: "1.5s". From 0 to 10 years.
[[nodiscard]] std::chrono::nanoseconds parse_duration(std::string_view text);

/// Of what was measured or read from a file, Unix times included: below 0 and what is no number is
/// 0, beyond 140 years is 140 years: two of them can be
/// added.
[[nodiscard]] std::chrono::nanoseconds nanoseconds_of(double seconds) noexcept;

/// Bytes, or K, M, G (times 1,024).
[[nodiscard]] std::uint64_t parse_size(std::string_view text);

/// A whole number from `least` to `most`.
[[nodiscard]] std::uint64_t parse_count(std::string_view text, std::uint64_t least,
                                        std::uint64_t most);

/// "8" or "50%" of the CPUs this process may use, at least 1; "0" is most_at_once().
[[nodiscard]] unsigned parse_workers(std::string_view text);

/// Whether parse_workers may be meant: digits, or digits and a per cent sign.
[[nodiscard]] bool looks_like_workers(std::string_view text) noexcept;

/// As many processes as this one may have files for, at least 1 and at most 65,536.
[[nodiscard]] unsigned most_at_once() noexcept;

/// Replaces \t \n \r \0 \\ and \xHH. Anything else stands for itself; empty is refused.
[[nodiscard]] std::string parse_literal(std::string_view text);

/// Whether bytes are valid UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;

/// "12.3 s", "4 min 10 s": for people.
[[nodiscard]] std::string readable_duration(std::chrono::nanoseconds time);

}  // namespace cli
