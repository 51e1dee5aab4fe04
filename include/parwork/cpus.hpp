// How many CPUs this process may really use.
//
// Thread safety: may be called from any number of threads at once.
#pragma once

namespace parwork {

/// The CPUs this process may really use, at least 1: the smallest of
/// - the CPUs in the calling thread's affinity mask (taskset, cpusets), of which the kernel shows
///   only those that are switched on; where it cannot be read, the CPUs of the hardware;
/// - the CPU quota of the process's control group and of every group above it, cgroup v1, v2 and
///   both together, rounded up: a container started with `--cpus=1.5` has 2.
///
/// Looks anew at each call: a few small files, some 100 us. A quota that cannot be read or
/// understood is taken for none. Throws nothing but `std::bad_alloc`.
unsigned available_cpus();

}  // namespace parwork
