#include "support/failing_new.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max() / 2;

constinit std::atomic<std::int64_t> left{never};  // allocations until the one that fails
constinit std::atomic<bool> for_good{false};
constinit std::atomic<bool> failed{false};
constinit std::atomic<std::uint64_t> count{0};

bool is_to_fail() noexcept {
  const std::int64_t now = left.fetch_sub(1);
  if (now > 1 || (now < 1 && !for_good)) return false;
  failed = true;
  return true;
}

void* allocate(std::size_t size, std::size_t alignment) {
  count.fetch_add(1);
  if (is_to_fail()) throw std::bad_alloc();
  const std::size_t rounded = (size + alignment - 1) / alignment * alignment;
  void* const memory = alignment > alignof(std::max_align_t)
                           ? std::aligned_alloc(alignment, rounded)
                           : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

namespace parwork_test {

void fail_allocation(std::uint64_t n, failing how) noexcept {
  failed = false;
  for_good = how == failing::for_good;
  left = static_cast<std::int64_t>(n);
}

std::uint64_t allocations() noexcept { return count.load(); }

bool stop_failing() noexcept {
  for_good = false;
  left = never;
  return failed;
}

}  // namespace parwork_test

void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
