// The type of durations in options: they need a unit.
//
// Thread safety: a value. Invariant: it is what was given, or the nearest that nanoseconds can
// hold.
#pragma once

#include <chrono>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace parwork {

namespace detail {

template <class Rep, class Period>
inline constexpr bool is_exact_time =
    std::is_convertible_v<std::chrono::duration<Rep, Period>, std::chrono::nanoseconds>;

}  // namespace detail

/// `std::chrono::nanoseconds` that are made from any duration of whole units: `5s`, `200ms`,
/// `std::chrono::hours(1)`. What is longer than nanoseconds can hold (292 years) becomes the
/// longest. A number without a unit does not compile, nor does a duration of floating point.
struct time_span : std::chrono::nanoseconds {
  constexpr time_span() noexcept : std::chrono::nanoseconds(0) {}

  template <class Rep, class Period>
    requires(detail::is_exact_time<Rep, Period>)
  constexpr time_span(const std::chrono::duration<Rep, Period>& given)
      : std::chrono::nanoseconds(nearest(given)) {}

  template <class Rep, class Period>
    requires(!detail::is_exact_time<Rep, Period>)
  constexpr time_span(const std::chrono::duration<Rep, Period>&) {
    static_assert(detail::is_exact_time<Rep, Period>,
                  "parwork: this duration has fractions of a nanosecond (it is of floating point, "
                  "or of a finer unit): round it, "
                  "std::chrono::round<std::chrono::nanoseconds>(duration)");
  }

  template <class Number>
    requires std::is_arithmetic_v<Number>
  constexpr time_span(Number) {
    static_assert(!std::is_arithmetic_v<Number>,
                  "parwork: a duration needs a unit: std::chrono::seconds(5), or 5s after using "
                  "namespace std::chrono_literals");
  }

 private:
  template <class Rep, class Period>
  static constexpr std::chrono::nanoseconds nearest(
      const std::chrono::duration<Rep, Period>& given) {
    using wide = std::chrono::duration<std::intmax_t, Period>;
    constexpr auto most = std::chrono::duration_cast<wide>(std::chrono::nanoseconds::max()).count();
    if (std::cmp_greater(given.count(), most)) return std::chrono::nanoseconds::max();
    if (std::cmp_less(given.count(), -most)) return std::chrono::nanoseconds::min();
    return given;
  }
};

}  // namespace parwork
