// A generator and what its items weigh: what `weighed` makes, and `process` takes apart again.
//
// Thread safety: none; one thread at a time.
#pragma once

#include <type_traits>
#include <utility>

namespace parwork {

/// A generator whose items have weights; made by `weighed`.
template <class Generator, class Weight>
class weighed_generator {
 public:
  using generator_type = Generator;
  using weight_type = Weight;

  weighed_generator(Generator&& generator, Weight&& weight)
      : generator_(std::forward<Generator>(generator)), weight_(std::forward<Weight>(weight)) {}

  /// For the engine.
  [[nodiscard]] std::remove_reference_t<Generator>& generator() noexcept { return generator_; }
  [[nodiscard]] std::remove_reference_t<Weight>& weight() noexcept { return weight_; }

 private:
  Generator generator_;
  Weight weight_;
};

namespace detail {

template <class T>
inline constexpr bool is_weighed = false;
template <class Generator, class Weight>
inline constexpr bool is_weighed<weighed_generator<Generator, Weight>> = true;

// What the run calls or iterates: what is inside, as an lvalue or an rvalue like the whole.
template <class G>
struct unweighed {
  using type = G;
};
template <class Generator, class Weight>
struct unweighed<weighed_generator<Generator, Weight>> {
  using type = Generator;
};
template <class Generator, class Weight>
struct unweighed<weighed_generator<Generator, Weight>&> {
  using type = std::remove_reference_t<Generator>&;
};
template <class G>
using unweighed_t = typename unweighed<G>::type;

// `G` is deduced as for a forwarding reference.
template <class G>
unweighed_t<G>&& without_weights(std::remove_reference_t<G>& generator) noexcept {
  if constexpr (is_weighed<std::remove_cvref_t<G>>) {
    return static_cast<unweighed_t<G>&&>(generator.generator());
  } else {
    return static_cast<G&&>(generator);
  }
}

}  // namespace detail

}  // namespace parwork
