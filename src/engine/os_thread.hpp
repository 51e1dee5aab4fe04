// A thread with a stack of a size that is asked for, which std::thread cannot have.
//
// Thread safety: none, as std::thread. Invariant: one that has been started is joined before it is
// destroyed.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <optional>

namespace parwork::detail {

class os_thread {
 public:
  os_thread() noexcept = default;
  // Runs `body` on a new thread. `stack_size` in bytes, 0: the system's. Throws std::system_error
  // if there is none, std::invalid_argument if the system refuses that size.
  os_thread(std::size_t stack_size, std::function<void()> body);
  ~os_thread();
  os_thread(os_thread&& other) noexcept;
  os_thread& operator=(os_thread&& other) noexcept;

  [[nodiscard]] bool joinable() const noexcept { return thread_.has_value(); }
  // REQUIRES: joinable.
  void join();

 private:
  std::optional<pthread_t> thread_;
};

}  // namespace parwork::detail
