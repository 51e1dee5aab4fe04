// How long a job's start and its output are waited for, and how much is read at once: here and on
// other machines alike.
#pragma once

#include <chrono>
#include <cstddef>

namespace cli {

inline constexpr std::size_t read_size = std::size_t{64} * 1024;
/// For output behind the end of its job.
inline constexpr std::chrono::milliseconds moment{1000};
/// Until something is started again, for lack of resources.
inline constexpr std::chrono::milliseconds try_again{50};
/// With that, while nothing of ours runs.
inline constexpr std::chrono::seconds patience{10};

}  // namespace cli
