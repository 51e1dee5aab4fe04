// chunks: a generator of larger items, for items so small that handling each costs too much.
//
// Thread safety: one call at a time, each happening before the next, as `process` makes them.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include "parwork/detail/item_source.hpp"

namespace parwork {

/// A generator of vectors; made by `chunks`.
template <class Generator>
class chunk_generator {
  using source = detail::item_source<Generator>;

 public:
  using chunk = std::vector<typename source::item_type>;

  chunk_generator(Generator&& generator, std::size_t size)
      : source_(std::forward<Generator>(generator)), size_(size) {
    if (size == 0) throw std::invalid_argument("parwork::chunks: n is 0, expected at least 1");
  }

  /// The next chunk, or nothing at the end.
  [[nodiscard]] std::optional<chunk> operator()() { return next({}); }

  /// The same; a generator that waits gives up when `stop` is requested, and what it yielded
  /// before comes as a short chunk.
  [[nodiscard]] std::optional<chunk> operator()(const std::stop_token& stop)
    requires source::interruptible
  {
    return next(stop);
  }

 private:
  std::optional<chunk> next(const std::stop_token& stop) {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    chunk items;
    items.reserve(last_size_);
    try {
      while (items.size() < size_) {
        auto item = source_(stop);
        if (!item) break;
        items.push_back(*std::move(item));
      }
    } catch (...) {
      if (items.empty()) throw;
      thrown_ = std::current_exception();
    }
    last_size_ = items.size();
    if (items.empty()) return std::nullopt;
    return items;
  }

  source source_;
  std::size_t size_;
  std::size_t last_size_ = 0;  // not size_: that may be far beyond what there is
  std::exception_ptr thrown_;
};

/// A generator whose items are `std::vector`s of `n` items of `generator`, the last one of what is
/// left. `generator` is a range or a callable generator; an lvalue is kept by reference and must
/// outlive the result, an rvalue is kept inside. A chunk is yielded when it is full: items of a
/// slow generator wait for their neighbours.
///
/// Where the generator throws, the items taken before come as a last, short chunk; the call after
/// that throws. Throws `std::invalid_argument` where `n` is 0 or the generator is null.
template <class Generator>
[[nodiscard]] auto chunks(Generator&& generator, std::size_t n) {
  static_assert(detail::adaptable_generator<Generator>,
                "parwork: chunks needs a range, a callable that returns std::optional, "
                "std::unique_ptr, std::shared_ptr or a pointer, or one that fills, bool(Item&); "
                "split takes slices by itself");
  constexpr bool side_by_side = !std::is_reference_v<generator_item_t<Generator>>;
  static_assert(side_by_side,
                "parwork: chunks are vectors of items, and refs yields references, which no vector "
                "holds: chunks of pointers, or refs of a range of subranges");
  return chunk_generator<Generator>(std::forward<Generator>(generator), n);
}

}  // namespace parwork
