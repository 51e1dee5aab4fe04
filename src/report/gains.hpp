// How much faster a run could be, and what would bound it then.
//
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <string>

#include "report/measured.hpp"

namespace parwork::detail {

// A share from which on something is worth a sentence.
inline constexpr double notable = 0.05;
// Of a core: a serial part that takes less bounds nothing.
inline constexpr double negligible_load = 0.001;

[[nodiscard]] std::string name_of(const measured& m, const slow_attempt& which);
[[nodiscard]] std::string places_of(const stage_view& stage);

// What runs one at a time, or a few at a time: how much of its time it was busy, and its name.
struct narrow_part {
  double load;
  std::string name;
};

[[nodiscard]] narrow_part narrowest(const measured& m);

// How many workers the serial parts could keep busy; nothing where they cost next to nothing.
[[nodiscard]] std::optional<double> workers_until_serial(const measured& m);

// How many workers could be busy while the longest item is worked on; nothing where that is short.
[[nodiscard]] std::optional<double> workers_until_longest(const measured& m);

// With a generator, or a collector, that costs nothing.
[[nodiscard]] double factor_without_generator(const measured& m);
[[nodiscard]] double factor_without_collector(const measured& m);

// With the same parts: what the workers could do if they were never idle, and what more of them
// could. With a serial part that costs nothing: what the same workers could do. The best of these
// is told of every run, so that it does not jump where the bound gets another name.
[[nodiscard]] double best_factor(const measured& m);

// The same of a run that was recorded by hand: with more lanes, as far as the input came faster
// than they took it.
[[nodiscard]] double best_factor_of_manual(const measured& m);

// A sentence, or nothing.
[[nodiscard]] std::string gain_of_larger_queue(const measured& m);

}  // namespace parwork::detail
