// Which process this is, counted by forks: what a fork copies belongs to an older generation.
//
// A number of its own, since process identifiers are used again. Thread safety: any thread.
#pragma once

namespace parwork::detail {

// 0 in the process that was executed, one more in each child of a fork. Forks before the first call
// do not count: nothing can be older than that.
[[nodiscard]] unsigned process_generation() noexcept;

}  // namespace parwork::detail
