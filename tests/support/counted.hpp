// An item that knows how many of its kind are alive: a run that loses one shows.
//
// Thread safety: distinct objects may be used from different threads; the counts are exact.
#pragma once

#include <cstdint>
#include <utility>

#include "support/relaxed.hpp"

namespace parwork_test {

/// A value with an id. Using one that was moved from or destroyed shows as a wrong id.
class counted {
 public:
  static constexpr std::uint64_t nobody = ~std::uint64_t{0};

  counted() : counted(nobody) {}
  explicit counted(std::uint64_t id) : id_(id) { born(); }
  counted(const counted& other) : id_(other.id_) {
    copies_.add(1);
    born();
  }
  counted(counted&& other) noexcept : id_(std::exchange(other.id_, nobody)) { born(); }
  counted& operator=(const counted& other) {
    copies_.add(1);
    id_ = other.id_;
    return *this;
  }
  counted& operator=(counted&& other) noexcept {
    id_ = std::exchange(other.id_, nobody);
    return *this;
  }
  ~counted() {
    id_ = nobody;
    live_.add(-1);
  }

  std::uint64_t id() const { return id_; }

  static std::int64_t live() { return live_.load(); }
  static std::int64_t peak() { return peak_.load(); }
  static std::int64_t copies() { return copies_.load(); }
  static void reset() {
    peak_.store(live_.load());
    copies_.store(0);
  }

 private:
  static void born() { peak_.raise_to(live_.add(1)); }

  inline static relaxed<std::int64_t> live_ = 0;
  inline static relaxed<std::int64_t> peak_ = 0;
  inline static relaxed<std::int64_t> copies_ = 0;

  std::uint64_t id_;
};

}  // namespace parwork_test
