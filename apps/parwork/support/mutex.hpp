// std::mutex with the annotations that let clang's -Wthread-safety check who holds what: what the
// library has for itself, for a program that sees only its public headers.
//
// Thread safety: that of std::mutex.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define CLI_ANNOTATE(x) __attribute__((x))
#else
#define CLI_ANNOTATE(x)
#endif
#define CLI_GUARDED_BY(lock) CLI_ANNOTATE(guarded_by(lock))
#define CLI_REQUIRES(...) CLI_ANNOTATE(requires_capability(__VA_ARGS__))
#define CLI_EXCLUDES(...) CLI_ANNOTATE(locks_excluded(__VA_ARGS__))

namespace cli {

class CLI_ANNOTATE(capability("mutex")) mutex {
 public:
  void lock() CLI_ANNOTATE(acquire_capability()) { mutex_.lock(); }
  void unlock() CLI_ANNOTATE(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class CLI_ANNOTATE(scoped_lockable) mutex_lock {
 public:
  explicit mutex_lock(mutex& m) CLI_ANNOTATE(acquire_capability(m)) : mutex_(m) { mutex_.lock(); }
  ~mutex_lock() CLI_ANNOTATE(release_capability()) { mutex_.unlock(); }
  mutex_lock(const mutex_lock&) = delete;
  mutex_lock& operator=(const mutex_lock&) = delete;

 private:
  mutex& mutex_;
};

/// A condition that is waited for with a cli::mutex: `wait(mutex)` in a loop that looks again.
using condition = std::condition_variable_any;

}  // namespace cli
