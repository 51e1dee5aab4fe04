// Memory that runs out on demand: this program's operator new fails when it is told to, and counts.
//
// Thread safety: any thread may allocate; one tells.
#pragma once

#include <cstdint>

namespace parwork_test {

enum class failing { once, for_good };

/// Lets the n-th allocation from now on fail (n from 1), in any thread, and those behind it where
/// `how` says so.
void fail_allocation(std::uint64_t n, failing how) noexcept;

/// How many allocations there have been, in all threads.
std::uint64_t allocations() noexcept;

/// No more fail. Whether one did.
bool stop_failing() noexcept;

}  // namespace parwork_test
