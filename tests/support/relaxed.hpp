// Atomic values of observers.
#pragma once

#include <atomic>

namespace parwork_test {

/// An atomic value whose accesses order nothing else: what watches a run must not hide a missing
/// happens-before of the run from ThreadSanitizer.
template <class T>
class relaxed {
 public:
  relaxed() = default;
  relaxed(T value) : value_(value) {}

  T load() const { return value_.load(std::memory_order_relaxed); }
  void store(T value) { value_.store(value, std::memory_order_relaxed); }
  T exchange(T value) { return value_.exchange(value, std::memory_order_relaxed); }

  /// Adds, and hands back the sum.
  T add(T more) { return value_.fetch_add(more, std::memory_order_relaxed) + more; }

  /// Adds 1 where the value is below `limit`. Hands back whether it was.
  bool add_below(T limit, T& before) {
    before = load();
    while (before < limit) {
      if (value_.compare_exchange_weak(before, before + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  void raise_to(T least) {
    for (T seen = load(); seen < least;) {
      if (value_.compare_exchange_weak(seen, least, std::memory_order_relaxed)) return;
    }
  }

 private:
  std::atomic<T> value_ = T();
};

}  // namespace parwork_test
