// The parts of available_cpus(), with the system's files below a root that tests may set.
//
// Source of the formats: cgroups(7), proc_pid_mountinfo(5), the kernel's cgroup-v2.rst (cpu.max)
// and sched-bwc.rst (cpu.cfs_quota_us).
#pragma once

#include <sched.h>

#include <cstddef>
#include <filesystem>
#include <optional>

namespace parwork::detail {

/// available_cpus() with /proc and /sys taken from below `root`. Affinity is the real one.
unsigned available_cpus(const std::filesystem::path& root);

/// The smallest CPU quota that holds for this process, in CPUs, rounded up, at least 1; nothing
/// where there is none. Reads proc/self/cgroup, proc/self/mountinfo and the control groups' files,
/// all below `root`.
std::optional<unsigned> cpu_quota(const std::filesystem::path& root);

using affinity_call = int (*)(pid_t, std::size_t, cpu_set_t*);

/// The CPUs in the calling thread's affinity mask, however wide the kernel's masks are; nothing
/// where it cannot be read.
std::optional<unsigned> affinity_cpus(affinity_call get = &sched_getaffinity);

}  // namespace parwork::detail
