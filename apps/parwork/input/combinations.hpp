// All combinations of lists: an item of each, the last list fastest. A list that is paired with the
// one before it goes along with that one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "input/item_source.hpp"

namespace cli {

enum class list_joins : std::uint8_t { combined, paired };

/// A list of items, before they are read.
struct list_source {
  std::unique_ptr<item_source> items;
  list_joins how = list_joins::combined;
  std::string name;  // for messages: "behind :::+", "in names.txt"
};

/// Whether the first item of each list is the list's name.
enum class list_heads : std::uint8_t { none, names };

/// Each combination's columns are its items, one of each list. Lists are read whole, in order,
/// before the first combination: that costs memory for all of their items. Throws cli::error from
/// `take` where paired lists differ in length. REQUIRES: there is a list, and the first one is
/// not paired.
/// With heads, the first item that it gives are those.
[[nodiscard]] std::unique_ptr<item_source> combinations_of(std::vector<list_source> lists,
                                                           list_heads heads);

}  // namespace cli
