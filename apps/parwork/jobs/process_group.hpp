// Groups of processes: each job has one.
#pragma once

#include <sys/types.h>

namespace cli {

/// Whether a process group has a member that is not dead. Reads the status of every process of the
/// machine where it has members at all.
[[nodiscard]] bool group_is_alive(pid_t group) noexcept;

}  // namespace cli
