// Owners of file descriptors.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "support/error.hpp"

namespace cli {

/// Closes its descriptor at its end. Move-only.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() { reset(); }

  void reset() noexcept {
    if (number_ >= 0) close(std::exchange(number_, -1));
  }
  /// 0 or an errno: some file systems find out only then that they have no room.
  [[nodiscard]] int close_checked() noexcept {
    return number_ >= 0 && close(std::exchange(number_, -1)) != 0 ? errno : 0;
  }
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }

 private:
  int number_ = -1;
};

/// Wakes a thread that polls it. Set by any thread, also in a signal handler.
class wake_up {
 public:
  wake_up() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_.is_open()) throw system_error("no event descriptor can be made", errno);
  }

  void set() noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(!write(event_.get(), &one, sizeof one));
  }
  void clear() noexcept {
    std::uint64_t count = 0;
    static_cast<void>(!read(event_.get(), &count, sizeof count));
  }
  [[nodiscard]] int get() const noexcept { return event_.get(); }

 private:
  descriptor event_;
};

}  // namespace cli
