// A coroutine generator as users of C++20 write them by hand: move-only, single pass, no view.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <iterator>
#include <memory>
#include <utility>

namespace parwork_test {

template <class Value>
class coroutine_range {
 public:
  struct promise_type {
    Value* current = nullptr;
    std::exception_ptr thrown;

    coroutine_range get_return_object() {
      return coroutine_range(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(Value&& value) noexcept {
      current = std::addressof(value);
      return {};
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
  };
  using handle = std::coroutine_handle<promise_type>;

  class iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    explicit iterator(handle h) : handle_(h) {}
    iterator(iterator&&) = default;
    iterator& operator=(iterator&&) = default;
    Value&& operator*() const { return std::move(*handle_.promise().current); }
    iterator& operator++() {
      resume(handle_);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) {
      return at.handle_.done();
    }

   private:
    handle handle_;
  };

  explicit coroutine_range(handle h) : handle_(h) {}
  coroutine_range(coroutine_range&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  coroutine_range& operator=(coroutine_range&&) = delete;
  ~coroutine_range() {
    if (handle_) handle_.destroy();
  }

  iterator begin() {
    resume(handle_);
    return iterator(handle_);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  static void resume(handle h) {
    h.resume();
    if (h.promise().thrown) std::rethrow_exception(std::exchange(h.promise().thrown, {}));
  }
  handle handle_;
};

}  // namespace parwork_test
