// std::mutex with the annotations that let clang's -Wthread-safety check who holds what.
//
// libstdc++'s own mutex has none. Thread safety: that of std::mutex.
#pragma once

#include <mutex>

#if defined(__clang__)
#define PARWORK_ANNOTATE(x) __attribute__((x))
#else
#define PARWORK_ANNOTATE(x)
#endif
#define PARWORK_CAPABILITY(name) PARWORK_ANNOTATE(capability(name))
#define PARWORK_SCOPED PARWORK_ANNOTATE(scoped_lockable)
#define PARWORK_GUARDED_BY(lock) PARWORK_ANNOTATE(guarded_by(lock))
#define PARWORK_REQUIRES(...) PARWORK_ANNOTATE(requires_capability(__VA_ARGS__))
#define PARWORK_EXCLUDES(...) PARWORK_ANNOTATE(locks_excluded(__VA_ARGS__))
#define PARWORK_ACQUIRE(...) PARWORK_ANNOTATE(acquire_capability(__VA_ARGS__))
#define PARWORK_RELEASE(...) PARWORK_ANNOTATE(release_capability(__VA_ARGS__))
// What makes a capability out of others: its own body is not checked.
#define PARWORK_UNCHECKED PARWORK_ANNOTATE(no_thread_safety_analysis)

namespace parwork::detail {

class PARWORK_CAPABILITY("mutex") mutex {
 public:
  void lock() PARWORK_ACQUIRE() { mutex_.lock(); }
  void unlock() PARWORK_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class PARWORK_SCOPED lock_guard {
 public:
  explicit lock_guard(mutex& m) PARWORK_ACQUIRE(m) : mutex_(m) { mutex_.lock(); }
  ~lock_guard() PARWORK_RELEASE() { mutex_.unlock(); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;

 private:
  mutex& mutex_;
};

}  // namespace parwork::detail
