// What every peer is measured with: a generator of 48-byte items, work of a set length, a collector
// that checks.
//
// All three are plain callables, the same objects for every peer, so that a table compares the
// machinery between them and nothing else. Thread safety: source and tally belong to the serial
// ends and need the peer's ordering; kernel and fill touch nothing shared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace bench {

/// Two cache lines on most machines would be generous, one is what neighbours fight for.
inline constexpr std::size_t cache_line = 64;

/// One unit of work: as much as a path, a key or a few numbers take.
struct item {
  std::array<std::uint64_t, 6> words;
};
static_assert(sizeof(item) == 48);

/// Makes the compiler believe that `value` is used.
template <class T>
void keep(const T& value) noexcept {
  asm volatile("" : : "m"(value));
}

/// Fills in the item of an index. The barrier keeps the optimiser from folding item and work into
/// one expression, which it can do in a plain loop alone.
inline void fill(item& made, std::uint64_t index) noexcept {
  for (std::size_t k = 0; k < made.words.size(); ++k) {
    made.words[k] = (index + k) * 0x9E3779B97F4A7C15U;
  }
  asm volatile("" : "+m"(made));
}

/// Integer mixing: every step needs the one before, so its time is steps times a constant.
inline std::uint64_t spin(std::uint64_t x, std::uint64_t steps) noexcept {
  for (; steps != 0; --steps) {
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93U;
  }
  return x;
}

/// The generator: `count` items by index, then nothing. Its call is not inlined, as those of real
/// ones, which read files or databases, are not.
class alignas(cache_line) source {
 public:
  explicit source(std::uint64_t count) noexcept : count_(count) {}

  std::optional<item> operator()() noexcept;

 private:
  std::uint64_t next_ = 0;
  std::uint64_t count_;
};

/// The work: hashes the whole item, word by word, then mixes for `steps` steps.
class kernel {
 public:
  explicit kernel(std::uint64_t steps) noexcept : steps_(steps) {}

  std::uint64_t operator()(const item& it) const noexcept {
    std::uint64_t x = 0;
    for (const std::uint64_t word : it.words) {
      x = (x ^ word) * 0xD6E8FEB86659FD93U;
    }
    return spin(x, steps_);
  }

 private:
  std::uint64_t steps_;
};

/// The collector: counts and sums what it is given, and folds it into a chain that only the right
/// order reproduces.
struct alignas(cache_line) tally {
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  std::uint64_t chain = 0;

  void operator()(std::uint64_t result) noexcept {
    ++count;
    sum += result;
    chain = chain * 31 + result;
  }

  /// For peers without a serial end: both halves added up; the chain has no meaning then.
  void merge(const tally& other) noexcept {
    count += other.count;
    sum += other.sum;
  }
};

/// Steps of `spin` that make the plain loop `grain_ns` an item slower than empty items do, by
/// measuring it: a processor works on short items ahead, so this is more than grain / time of a
/// step. 0 for the empty grain. Takes some 60 ms.
std::uint64_t steps_for(double grain_ns);

/// The plain loop's tally of `count` items: what every peer must arrive at.
tally plain_tally(std::uint64_t count, std::uint64_t steps);

}  // namespace bench
