// Figures as a verdict's sentences have them.
#pragma once

#include <string>

namespace parwork::detail::phrases {

// "1 worker", "2,000 workers": the nearest whole number.
[[nodiscard]] std::string counted(double count, const std::string& noun);

// "6.8 %" below ten, else whole per cent.
[[nodiscard]] std::string percent(double share);

[[nodiscard]] std::string time(double nanoseconds);

// "2.5 times".
[[nodiscard]] std::string times_as_fast(double factor);

}  // namespace parwork::detail::phrases
