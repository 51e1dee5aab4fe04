// Which worker gets what is pending, and how much of it.
//
// A worker has credit for a number of batches: one a thread, two for short items, up to eight
// where the round trip is longer than a batch. Suspects go first, each to a free thread: they are
// few, and their neighbours wait for the answer. A batch has 20 ms of that worker's work, less
// where little is pending: 1 / (2 x all threads) of it, so that the last items spread over all.
// Such a part batch goes to a free thread alone, so that what comes meanwhile still joins the
// next.
//
// Thread safety: one thread at a time. Invariants: a worker with an item alone gets nothing else;
// a worker that leaves gets nothing.
#pragma once

#include <cstddef>
#include <string>

#include "nats/outbox.hpp"
#include "nats/remote_workers.hpp"
#include "nats/work_table.hpp"

namespace parwork::nats::detail {

class dispatcher {
 public:
  dispatcher(const session_id& session, work_table& table, remote_workers& workers, outbox& out)
      : table_(table), workers_(workers), out_(out) {
    message_.session = session;
  }

  /// Sends what the workers have credit for.
  void hand_out();
  /// How long a span is to be, for batches as they are now.
  [[nodiscard]] std::size_t longest_wanted() const noexcept;

 private:
  [[nodiscard]] std::size_t batch_size(const remote_worker& one) const noexcept;
  [[nodiscard]] bool is_part(const remote_worker& one) const noexcept;
  template <class Eligible>
  [[nodiscard]] remote_worker* least_loaded(Eligible&& eligible) noexcept;
  [[nodiscard]] remote_worker* for_suspect() noexcept;
  [[nodiscard]] remote_worker* for_fresh() noexcept;
  void send(remote_worker& to, open_batch& one);

  work_table& table_;
  remote_workers& workers_;
  outbox& out_;
  batch message_;              // keeps its memory
  std::size_t last_size_ = 1;  // of a batch
  std::size_t next_ = 0;       // where to begin to look for a worker
};

}  // namespace parwork::nats::detail
