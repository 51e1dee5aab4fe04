// Takes the ends of processes that this one has adopted, and tells of jobs that were stopped.
//
// A process 1 or a subreaper becomes the parent of what its jobs leave behind, and dead ones stay
// until it takes their status. The kernel gives them to the first thread of the process
// (find_new_reaper in the kernel's exit.c), while lanes are the parents of their jobs: so that
// thread alone can take adopted ones without taking a job's end, and does nothing else.
//
// Thread safety: a call is for the process's first thread. REQUIRES: all threads block SIGCHLD.
#pragma once

#include <functional>

namespace cli {

/// Does `work` on another thread, and takes ends meanwhile; returns what `work` does, or throws
/// what it throws. `stopped`: called by this thread when a child was stopped or has gone on. The
/// ends of many children that come within a tenth of a second are looked at together.
[[nodiscard]] int watch_children_during(const std::function<int()>& work,
                                        const std::function<void()>& stopped);

}  // namespace cli
