// The CPU time of this process, and waiting until it uses none.
//
// Thread safety: any number of watches, each used by one thread.
#pragma once

namespace bench {

/// Starts when made; counts the CPU time of all threads of this process, the kernel's part
/// included. Exact for running threads too, which the system's own clock of a process counts a tick
/// late. A reading takes some microseconds a thread.
class cpu_watch {
 public:
  /// Nanoseconds used since it was made.
  [[nodiscard]] double ns() const { return now() - start_; }

 private:
  static double now();

  double start_ = now();
};

/// Returns when no other thread of this process runs: some peers' threads spin for a while after a
/// run, and would be measured with the next one. At least 1 ms, at most 50.
void settle();

}  // namespace bench
