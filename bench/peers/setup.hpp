// What every peer is told. A peer is a class made from a setup, with one member template:
//
//   template <class Generator, class Work, class Collector>
//   void run(Generator& generate, Work& work, Collector& collect);
//
// `generate` returns std::optional<Item>, empty at the end; `work` takes const Item&; `collect`
// takes the result. run returns when everything has been collected. One call of run at a time.
#pragma once

#include <cstddef>
#include <type_traits>

namespace bench {

enum class delivery { completion, input };

struct setup {
  unsigned workers = 2;
  std::size_t queue = 200;  // items in flight
  delivery order = delivery::completion;
};

template <class Generator>
using item_of = typename std::invoke_result_t<Generator&>::value_type;

template <class Item, class Work>
using result_of_item = std::invoke_result_t<Work&, const Item&>;

template <class Generator, class Work>
using result_of = result_of_item<item_of<Generator>, Work>;

}  // namespace bench
