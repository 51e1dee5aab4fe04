// Brings what is handed over back into the order in which it ended: the engine's threads may hand
// two jobs over the wrong way round.
//
// Thread safety: one thread at a time.
//
// Invariant: it holds nothing but what ended after a job that is still to come.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

namespace cli {

template <class T>
class end_order {
 public:
  /// `number`: counts the ends, from 1 and without a gap. Calls `use(T)` for this one and those
  /// behind it as soon as all before it have come.
  void add(std::uint64_t number, T ended, const auto& use) {
    early_.emplace(number, std::move(ended));
    while (!early_.empty() && early_.begin()->first == next_) {
      ++next_;
      T first = std::move(early_.begin()->second);
      early_.erase(early_.begin());
      use(std::move(first));
    }
  }

 private:
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, T> early_;
};

}  // namespace cli
