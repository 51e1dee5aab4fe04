// Numbers as people read them, for the summary and the progress bar.
//
// Always in the classic locale: what the library prints does not depend on the program's settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace parwork::detail {

/// "1,234,567".
std::string readable_count(std::uint64_t count);

/// Three significant digits and a unit below a minute ("850 ns", "1.5 ms", "12.3 s"), as a clock
/// from there on. Negative durations read as 0.
std::string readable_duration(std::chrono::nanoseconds duration);

/// Minutes and seconds ("0:07"), with hours where there are any ("1:02:03"), to the nearest second.
/// Negative durations read as 0.
std::string readable_clock(std::chrono::nanoseconds duration);

/// A rate without its unit: "0.25", "813", "1,234,567". Negative rates and NaN read as 0.
std::string readable_rate(double per_second);

/// Three significant digits and a binary unit: "1 byte", "850 bytes", "1.5 KiB", "64 MiB".
std::string readable_bytes(std::uint64_t bytes);

/// A share from 0 to 1 as whole percent: "37 %".
std::string readable_share(double share);

}  // namespace parwork::detail
