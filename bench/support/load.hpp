// What every peer is measured with: a generator of 48-byte items, work of a set length, a collector
// that checks.
//
// All three are plain callables, the same objects for every peer, so that a table compares the
// machinery between them and nothing else. The programs in other languages (peers/go, peers/rust)
// do the same arithmetic and arrive at the same sums. Thread safety: source and tally belong to the
// serial ends and need the peer's ordering; kernel and fill touch nothing shared.
//
// What an empty item costs: a generator that makes 48 bytes has to read, compute or copy them, and
// work that looks at an item reads all of it. So each of the six words is a step of splitmix64, and
// the work mixes every word in. The plain loop takes 7 to 8 ns for that, generator, work and
// collector together (2-core AMD EPYC, g++ 12 -O3), of which most is the generator's. One
// multiplication a word instead takes 2.6 ns, and a processor that runs ahead hides half of it: no
// source of records does so little.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
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

/// Number `n` of the sequence splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, 2014).
inline std::uint64_t splitmix(std::uint64_t n) noexcept {
  std::uint64_t z = n * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

/// Fills in the item of an index. The barrier keeps the optimiser from folding item and work into
/// one expression, which it can do in a plain loop alone.
inline void fill(item& made, std::uint64_t index) noexcept {
  const std::uint64_t first = index * made.words.size() + 1;
  for (std::size_t k = 0; k < made.words.size(); ++k) {
    made.words[k] = splitmix(first + k);
  }
  asm volatile("" : "+m"(made));
}

/// One step of integer mixing.
inline std::uint64_t mix(std::uint64_t x) noexcept { return (x ^ (x >> 32)) * 0xD6E8FEB86659FD93U; }

/// Every step needs the one before, so its time is steps times a constant.
inline std::uint64_t spin(std::uint64_t x, std::uint64_t steps) noexcept {
  for (; steps != 0; --steps) {
    x = mix(x);
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

/// How long the work on an item is, in steps of `spin`. The words of an item are as good as random,
/// so that "one in N" falls on the same items in every run, and at no fixed distance that a batch
/// could be in step with.
struct grain_steps {
  std::uint64_t usual = 0;
  std::uint64_t lengthy = 0;        // of one item in `lengthy_every`
  std::uint64_t lengthy_every = 0;  // 0: no item is longer than the others

  auto operator<=>(const grain_steps&) const = default;
};

/// The work: hashes the whole item, word by word, then mixes for as many steps as the grain has.
class kernel {
 public:
  explicit kernel(const grain_steps& steps) noexcept
      : steps_(steps),
        lengthy_below_(steps.lengthy_every == 0
                           ? 0
                           : std::numeric_limits<std::uint64_t>::max() / steps.lengthy_every) {}

  std::uint64_t operator()(const item& it) const noexcept {
    std::uint64_t x = 0;
    for (const std::uint64_t word : it.words) {
      x = mix(x ^ word);
    }
    return spin(x, it.words[0] < lengthy_below_ ? steps_.lengthy : steps_.usual);
  }

 private:
  grain_steps steps_;
  std::uint64_t lengthy_below_;
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
tally plain_tally(std::uint64_t count, const grain_steps& steps);

}  // namespace bench
