// No machinery at all: what everything else is measured against.
#pragma once

#include "peers/setup.hpp"

namespace bench::peers {

class plain {
 public:
  explicit plain(const setup&) {}

  template <class Generator, class Work, class Collector>
  void run(Generator& generate, Work& work, Collector& collect) {
    while (auto item = generate()) {
      collect(work(*item));
    }
  }
};

}  // namespace bench::peers
