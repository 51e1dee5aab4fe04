// Makes the threads of a pool, and those that runs add to them: named and numbered, with the stack
// and the first call that the pool's owner asked for.
//
// Thread safety: any thread. Invariants:
// 1. Numbers below the pool's size are its own. A further thread has the lowest number that no
//    other one has, until its body is over.
// 2. `on_thread_start` comes before the body. A thread in which it throws runs no body.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "engine/os_thread.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/pool.hpp"

namespace parwork::detail {

class thread_maker {
 public:
  // `size`: of the pool.
  thread_maker(unsigned size, pool_options given);
  thread_maker(const thread_maker&) = delete;
  thread_maker& operator=(const thread_maker&) = delete;

  // What a new thread does. `refused`: in place of `body`, if on_thread_start threw.
  struct task {
    std::function<void()> body;
    std::function<void(std::exception_ptr)> refused;
  };

  // A thread of the pool's own. Throws as os_thread does.
  [[nodiscard]] os_thread start(unsigned number, task then);
  // A further one. Throws as os_thread does, or std::bad_alloc.
  [[nodiscard]] os_thread start_further(const task& then) PARWORK_EXCLUDES(lock_);
  // The same, but returns when on_thread_start is over, and throws what it threw.
  [[nodiscard]] os_thread start_further(std::function<void()> body) PARWORK_EXCLUDES(lock_);

 private:
  void begin(unsigned number) const;
  [[nodiscard]] unsigned take_number() PARWORK_EXCLUDES(lock_);
  void give_back(unsigned number) noexcept PARWORK_EXCLUDES(lock_);

  const unsigned size_;
  const pool_options given_;
  mutex lock_;
  std::vector<bool> taken_ PARWORK_GUARDED_BY(lock_);  // by number - size_
};

// The system's name for thread `number` of a pool: one that is too long loses its end, and not its
// number.
[[nodiscard]] std::string thread_name(const std::string& pool, unsigned number);

}  // namespace parwork::detail
