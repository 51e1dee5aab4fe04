#include "parwork/detail/barrier.hpp"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace parwork::detail {

namespace {

// Sandboxes and old kernels refuse; then both sides pay.
barrier_kind ask_kernel() noexcept {
  const bool registered =
      syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
  return registered ? barrier_kind::asymmetric : barrier_kind::symmetric;
}

}  // namespace

barrier_kind available_barrier() noexcept {
  static const barrier_kind kind = ask_kernel();
  return kind;
}

void heavy_barrier() noexcept {
  if (available_barrier() == barrier_kind::asymmetric) {
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  }
}

}  // namespace parwork::detail
