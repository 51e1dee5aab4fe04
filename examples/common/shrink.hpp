// Smaller versions of pictures: each pixel becomes the mean of those it stands for.
//
// Thread safety: the functions touch nothing but their arguments.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace examples {

/// In pixels.
struct extent {
  std::size_t width = 0;
  std::size_t height = 0;
};

/// `from` with its longer side cut down to `longer_side`, its shape kept. Never larger than `from`,
/// and never empty. REQUIRES: no side of `from` is 0, nor is `longer_side`.
inline extent fitted(extent from, std::size_t longer_side) {
  const std::size_t longest = std::max(from.width, from.height);
  const std::size_t side = std::min(longer_side, longest);
  return {.width = std::max<std::size_t>(1, from.width * side / longest),
          .height = std::max<std::size_t>(1, from.height * side / longest)};
}

/// Replaces `into`, whose memory is used again where it suffices. Pixels stand row by row from the
/// top, `channels` samples each. REQUIRES: `to` is no larger than `size`.
template <class Sample>
void shrink(const std::vector<Sample>& from, extent size, std::size_t channels, extent to,
            std::vector<Sample>& into) {
  into.resize(to.width * to.height * channels);
  std::size_t at = 0;
  for (std::size_t y = 0; y < to.height; ++y) {
    const std::size_t top = y * size.height / to.height;
    const std::size_t bottom = (y + 1) * size.height / to.height;
    for (std::size_t x = 0; x < to.width; ++x) {
      const std::size_t left = x * size.width / to.width;
      const std::size_t right = (x + 1) * size.width / to.width;
      for (std::size_t channel = 0; channel < channels; ++channel) {
        std::uint64_t sum = 0;
        for (std::size_t row = top; row < bottom; ++row) {
          for (std::size_t column = left; column < right; ++column) {
            sum += from[(row * size.width + column) * channels + channel];
          }
        }
        into[at++] = static_cast<Sample>(sum / ((bottom - top) * (right - left)));
      }
    }
  }
}

}  // namespace examples
