// What the kernel knows about this process: its threads and the CPU time they used. Linux only.
//
// Thread safety: every function may be called from any thread at any time.
#pragma once

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace parwork_test {

/// The kernel's number of the calling thread.
inline long os_thread_id() { return ::syscall(SYS_gettid); }

/// How many threads this process has; one that is about to end may still count.
inline std::size_t os_thread_count() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return static_cast<std::size_t>(
      std::distance(std::filesystem::begin(threads), std::filesystem::end(threads)));
}

/// Blocks until the thread with this kernel's number has ended.
inline void wait_for_end_of_os_thread(long id) {
  while (std::filesystem::exists("/proc/self/task/" + std::to_string(id))) {
    std::this_thread::yield();
  }
}

/// CPU time that all threads of this process have used so far.
inline std::chrono::microseconds cpu_time_used() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto since_0 = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return since_0(used.ru_utime) + since_0(used.ru_stime);
}

/// How long the threads that this process has were ready to run and had no core, added up. Nothing
/// where the kernel does not keep count.
inline std::chrono::nanoseconds waited_for_cores() {
  std::chrono::nanoseconds all{0};
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream counts(thread.path() / "schedstat");
    std::int64_t running = 0;
    std::int64_t waiting = 0;
    if (counts >> running >> waiting) all += std::chrono::nanoseconds(waiting);
  }
  return all;
}

}  // namespace parwork_test
