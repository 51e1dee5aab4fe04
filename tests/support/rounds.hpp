// Seeds and rounds of random tests.
//
// PARWORK_STRESS_SEED sets the seed of the first round (default: at random), PARWORK_STRESS_ROUNDS
// how many rounds each random test has. Round n has the seed of the first one plus n, so a failed
// round is repeated alone by the seed that its trace names.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace parwork_test {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || defined(PARWORK_EMULATED)
inline constexpr bool runs_slowly = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
inline constexpr bool runs_slowly = true;
#else
inline constexpr bool runs_slowly = false;
#endif
#else
inline constexpr bool runs_slowly = false;
#endif

/// The number in an environment variable, or `otherwise`.
inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

/// Random choices of one round. Everything in it follows from the seed.
class dice {
 public:
  explicit dice(std::uint64_t seed) : seed_(seed), engine_(seed) {}

  std::uint64_t seed() const { return seed_; }

  /// Uniform in 0 .. below-1.
  std::uint64_t below(std::uint64_t below) { return engine_() % below; }

  /// True in `percent` of 100 cases.
  bool chance(unsigned percent) { return below(100) < percent; }

  template <class T, std::size_t n>
  T pick(const T (&values)[n]) {
    return values[below(n)];
  }

 private:
  std::uint64_t seed_;
  std::mt19937_64 engine_;
};

/// Plays `body(dice&)` for a number of rounds, a tenth of it under a sanitizer, until one has
/// failed.
template <class Body>
void play_rounds(std::uint64_t count, Body&& body) {
  const std::uint64_t rounds =
      number_from_environment("PARWORK_STRESS_ROUNDS", runs_slowly ? count / 10 + 1 : count);
  const std::uint64_t first =
      number_from_environment("PARWORK_STRESS_SEED", std::random_device()());
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::string seed = "PARWORK_STRESS_SEED=" + std::to_string(first + round);
    if (round % 50 == 0) {  // where a round hangs, it is one of the 50 from here
      std::printf("%s\n", seed.c_str());
      std::fflush(stdout);
    }
    SCOPED_TRACE(seed + " PARWORK_STRESS_ROUNDS=1");
    dice roll(first + round);
    body(roll);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace parwork_test
