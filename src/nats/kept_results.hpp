// What workers have kept of an earlier session of this job, until an item asks for it by its
// bytes.
//
// Thread safety: one thread at a time. Invariants: each outcome is used once. A batch is taken
// once, however often it is sent. All together they have a bound in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nats/messages.hpp"

namespace parwork::nats::detail {

/// A batch of an earlier session, which its worker may forget.
struct used_up {
  session_id worker;
  session_id session;
  std::uint64_t batch = 0;
};

class kept_results {
 public:
  explicit kept_results(std::size_t most_bytes = std::size_t{256} << 20)
      : most_bytes_(most_bytes) {}

  /// What a worker has kept. A batch that is sent again while some of it is unused is taken into
  /// this memory for good: else it would travel at each poll.
  void add(const session_id& worker, const kept& what);

  /// The outcome of an item with these bytes, which is used by that: `use(outcome)` sees it. False
  /// where there is none.
  template <class Use>
  bool use(std::string_view item, Use&& use) {
    const auto at = find(item);
    if (at == outcomes_.end()) return false;
    std::forward<Use>(use)(view_of(at->second));
    forget(at);
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return outcomes_.empty(); }
  /// Those whose workers may forget them, since the last call.
  [[nodiscard]] std::vector<used_up> take_used_up();
  /// Lets go of all, as if it had been used.
  void clear();

 private:
  struct batch_entry {
    used_up name;
    std::size_t left = 0;
    bool is_acknowledged = false;
  };
  struct entry {
    std::string item;
    std::string bytes;  // a result, or a message
    outcome_kind kind = outcome_kind::result;
    failure_kind why = failure_kind::error;
    std::optional<std::uint32_t> stage;
    batch_entry* whole = nullptr;
  };
  using outcomes = std::unordered_multimap<std::uint64_t, entry>;

  [[nodiscard]] outcomes::iterator find(std::string_view item);
  [[nodiscard]] static outcome view_of(const entry& one);
  void forget(outcomes::iterator at);
  void acknowledge(batch_entry& one);

  const std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  outcomes outcomes_;  // by the hash of the item's bytes
  // All that were ever taken, by session, number and worker.
  std::map<std::tuple<session_id, std::uint64_t, session_id>, batch_entry> batches_;
  std::vector<used_up> used_up_;
};

}  // namespace parwork::nats::detail
