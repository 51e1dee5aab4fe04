// How far the end of a job reaches.
#pragma once

#include <cstdint>

namespace cli {

/// What is ended with a job: its group alone, or what it has started outside of that as well.
enum class job_reach : std::uint8_t { group, tree };

}  // namespace cli
