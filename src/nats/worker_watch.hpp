// Who is there, and what becomes of what a worker holds when it leaves, is lost, or says that it
// holds something else.
//
// Thread safety: one thread at a time. Invariants: a batch that is open in the table is in its
// worker's `open`, and the other way round. Whoever is here is polled each heartbeat.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nats/incoming_parts.hpp"
#include "nats/machine_observer.hpp"
#include "nats/messages.hpp"
#include "nats/outbox.hpp"
#include "nats/remote_workers.hpp"
#include "nats/submitter_settings.hpp"
#include "nats/work_table.hpp"

namespace parwork::nats::detail {

class worker_watch {
 public:
  worker_watch(const submitter_settings& settings, work_table& table, outbox& out,
               machine_observer& observer);

  [[nodiscard]] remote_workers& all() noexcept { return workers_; }
  [[nodiscard]] const remote_workers& all() const noexcept { return workers_; }

  // What it says.
  /// Null where it is not known. Whatever it says, it is there.
  remote_worker* heard(const session_id& worker, time_point now) noexcept;
  /// A state: it serves the work. A new one gets work from now on.
  void said_state(remote_worker* by, const state& says, time_point now);
  void said_goodbye(remote_worker& by, const goodbye& what, time_point now);
  void got_part(const session_id& from, remote_worker* by, const part_got& what);
  [[nodiscard]] part_taken take_part(const session_id& from, const remote_worker* by,
                                     const part& what, time_point now);
  /// A batch that it holds is not open any more.
  void close(remote_worker& holder, const open_batch& one);

  // Whether it is there.
  /// Judges the last polls, loses whom they have not reached, and polls.
  void beat(wakefulness how, time_point now);
  void no_responders(const session_id& worker, time_point now);
  /// One's own connection is back: no poll before counts, and all are polled.
  void start_anew(time_point now);
  /// Nobody is reached: what was cancelled is not waited for.
  void end_cancelled(time_point now);

  // What is said to it.
  void acknowledge(const session_id& worker, const session_id& session, std::uint64_t batch);
  /// What has come up in this round.
  void say_what_is_due();
  enum class leftovers { are_cancelled, are_wanted };
  /// Nothing is open any more: the run has failed. A later session may want what is left.
  void let_go(leftovers how);
  void say_farewell();

  [[nodiscard]] std::vector<worker_info> infos(time_point now) const;

 private:
  void join(const state& says, time_point now);
  void leaves(remote_worker& one);
  void compare_held(remote_worker& by, const state& says, time_point now);
  void give_back_all(remote_worker& from, time_point now);
  void lose(remote_worker& one, time_point now);
  void forget(remote_worker& one);
  void poll(remote_worker& one, time_point now);
  void poll_all(time_point now);
  void cancel_again(remote_worker& of);

  const submitter_settings& settings_;
  work_table& table_;
  outbox& out_;
  machine_observer& observer_;
  const unsigned most_polls_;
  remote_workers workers_;
  incoming_parts incoming_;
  std::uint64_t last_poll_ = 0;
};

}  // namespace parwork::nats::detail
