// The workers of a session: who they are, what they hold, how fast they are, whether they answer.
//
// Thread safety: one thread at a time. Invariants: a worker is here from its first state that says
// that it serves the work, until it is gone or lost. Its batches are in `open`, each once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "nats/messages.hpp"
#include "nats/poll_watch.hpp"
#include "nats/worker_pace.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

/// How a worker's steady clock goes beside this one's: as the fastest poll has told.
class clock_relation {
 public:
  /// An answer with this reading came `round_trip` after its question, which was asked at `asked`.
  void learn(time_point asked, std::chrono::nanoseconds round_trip, std::int64_t reading) noexcept;
  /// Nothing before a poll was answered.
  [[nodiscard]] std::optional<time_point> here(std::int64_t reading) const noexcept;

 private:
  bool is_known_ = false;
  std::chrono::nanoseconds ahead_{0};  // of the worker's clock, this one
  std::chrono::nanoseconds error_{0};  // half a round trip; grows, as clocks drift
};

struct remote_worker {
  session_id id;
  std::string host;
  std::vector<std::string> labels;
  unsigned pid = 0;
  unsigned threads = 1;
  bool is_leaving = false;  // gets no more work
  bool has_alone = false;   // the same, until that item has come back
  std::uint64_t done = 0;
  std::size_t items = 0;  // in its open batches
  double items_per_second = 0;

  std::vector<std::uint64_t> open;  // batches, in the order in which they were sent
  worker_pace pace;
  poll_watch polls;
  clock_relation clock;
  time_point heard_at{};
  time_point rated_at{};  // when `done` was last looked at for the rate

  // Follow from the pace: see `remote_workers::rate`.
  std::size_t wanted = 1;  // items in a batch
  std::size_t credit = 1;  // batches

  // To be said at the end of the round.
  std::vector<std::uint64_t> taken;
  std::vector<std::uint64_t> cancelled;

  explicit remote_worker(const session_id& its, unsigned most_polls) : id(its), polls(most_polls) {}

  /// "host (pid 17)", for people.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] worker_info info(time_point now) const;
  void drop_open(std::uint64_t batch, std::size_t its_items) noexcept;
};

class remote_workers {
 public:
  explicit remote_workers(std::size_t max_batch) : max_batch_(max_batch) {}

  [[nodiscard]] remote_worker* find(const session_id& id) noexcept;
  remote_worker& add(const session_id& id, unsigned most_polls);
  void erase(remote_worker& one) noexcept;

  /// What a state says of a worker.
  void update(remote_worker& one, const state& says, time_point now);
  /// Its pace, or its threads, have changed.
  void rate(remote_worker& one) noexcept;

  /// In no order. Not to be changed meanwhile.
  [[nodiscard]] const std::vector<std::unique_ptr<remote_worker>>& all() const noexcept {
    return workers_;
  }
  [[nodiscard]] std::size_t size() const noexcept { return workers_.size(); }
  /// Of those that take work.
  [[nodiscard]] std::size_t threads() const noexcept { return threads_; }

 private:
  void count_threads() noexcept;

  const std::size_t max_batch_;
  std::vector<std::unique_ptr<remote_worker>> workers_;
  std::unordered_map<session_id, remote_worker*, session_id_hash> by_id_;
  std::size_t threads_ = 0;
};

}  // namespace parwork::nats::detail
