// The items that wait for a worker: fresh ones as pieces of their spans, and suspects one by one.
//
// Thread safety: one thread at a time. Invariants: an item is here once at most. Fresh items are
// handed out in the order of their arrival; what comes back goes before all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "nats/messages.hpp"
#include "nats/open_spans.hpp"

namespace parwork::nats::detail {

/// An item whose execution ended with the loss of its worker, until it has an outcome. Batches that
/// were lost point to it, too: what comes late from them counts if it is first.
struct suspect {
  std::uint32_t place = 0;  // of its span, until it is done
  std::uint32_t item = 0;
  unsigned executions = 0;  // that ended with their worker's loss
  care how = care::careful;
  session_id lost_by;    // the last worker
  bool is_done = false;  // has its outcome: whatever holds it lets go
};
using suspect_ptr = std::shared_ptr<suspect>;

/// How much goes into one batch, at most. An item beyond `bytes` goes alone.
struct batch_bounds {
  std::size_t items = 1;
  std::size_t bytes = 0;
};

/// What a message takes for an item beside its bytes: index, attempt, length.
inline constexpr std::size_t bytes_beside_item = 24;

class pending_items {
 public:
  void append(const piece& some);
  void put_back(const piece& some);
  void put_back(suspect_ptr one);

  [[nodiscard]] std::size_t size() const noexcept { return fresh_items_ + suspects_.size(); }
  [[nodiscard]] std::size_t fresh() const noexcept { return fresh_items_; }
  [[nodiscard]] bool has_suspects() const noexcept { return !suspects_.empty(); }

  /// Takes fresh items. A span with a deadline goes by itself: a cancel of it then stops nobody
  /// else's items.
  void take(open_spans& spans, const batch_bounds& most, std::vector<piece>& into);
  /// The first suspect, another than those that this worker lost where there is one.
  [[nodiscard]] suspect_ptr take_suspect(const session_id& worker);
  /// Asks for each fresh item whether it goes: `goes(place, item)`, which has given it its outcome.
  template <class Goes>
  void sift(Goes&& goes);
  /// The same of suspects: `goes(suspect)`.
  template <class Goes>
  void sift_suspects(Goes&& goes) {
    std::erase_if(suspects_, [&](const suspect_ptr& one) { return goes(*one); });
  }

  void clear() noexcept;

 private:
  std::deque<piece> fresh_;
  std::size_t fresh_items_ = 0;
  std::deque<suspect_ptr> suspects_;
};

template <class Goes>
void pending_items::sift(Goes&& goes) {
  std::deque<piece> stay;
  for (const piece& some : fresh_) {
    piece run{some.place, some.first, 0};  // those that stay, so far
    for (std::uint32_t i = 0; i < some.count; ++i) {
      if (!goes(some.place, some.first + i)) {
        ++run.count;
        continue;
      }
      --fresh_items_;
      if (run.count > 0) stay.push_back(run);
      run = {some.place, some.first + i + 1, 0};
    }
    if (run.count > 0) stay.push_back(run);
  }
  fresh_.swap(stay);
}

}  // namespace parwork::nats::detail
