// A finished item on its way to the collector.
//
// Thread safety: a value; the collector owns what it is given.
#pragma once

#include <cstdint>
#include <expected>

#include "parwork/failure.hpp"

namespace parwork {

/// One finished item: what went in, what came out, where it stood. With `refs(range)` `Item` is a
/// reference, and `item` the element.
template <class Item, class Result>
struct completion {
  Item item;
  std::expected<Result, failure> result;
  std::uint64_t index;  ///< position in generator order, from 0; spawned items have further ones
  unsigned attempts;    ///< executions of work; 0: cancelled before its first attempt
};

/// The same without the item, for collectors that have no use for it: work may then take a
/// move-only item by value, and one that it takes by value is moved in, not copied.
template <class Result>
struct completion<void, Result> {
  std::expected<Result, failure> result;
  std::uint64_t index;
  unsigned attempts;
};

}  // namespace parwork
