// A submitter's place in a cluster: its connection, its job, and the sessions of its works.
//
// Thread safety: any thread. Invariants: a session holds the cluster, and the cluster no session.
// So the connection ends with the last of `cluster` and the works that it made.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "nats/job_claim.hpp"
#include "nats/link.hpp"
#include "nats/messages.hpp"
#include "nats/subjects.hpp"
#include "nats/switchboard.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/nats_remote.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

class cluster_state : public std::enable_shared_from_this<cluster_state> {
 public:
  /// Connects: see cluster.
  explicit cluster_state(cluster_options options);
  /// Waits a moment for the last words to leave this machine.
  ~cluster_state();

  [[nodiscard]] std::shared_ptr<remote_session> open(std::string work, remote_options how,
                                                     identities types) PARWORK_EXCLUDES(lock_);
  [[nodiscard]] std::vector<worker_info> workers();
  [[nodiscard]] std::vector<job_info> jobs();

  // --- its sessions ---
  [[nodiscard]] switchboard& board() noexcept { return switchboard_; }
  [[nodiscard]] link& over() noexcept { return *link_; }
  void closed(const std::string& work) noexcept PARWORK_EXCLUDES(lock_);

 private:
  // Asks all, and gives each answer to `take`.
  void ask_status(const std::function<void(const message&)>& take);
  void claim_job(const std::string& work) PARWORK_EXCLUDES(lock_);
  /// One call at a time, from whichever work.
  void tell(const event& what) PARWORK_EXCLUDES(telling_);

  const cluster_options options_;
  const subjects subjects_;
  switchboard switchboard_;
  std::unique_ptr<link> link_;  // goes before what it calls
  parwork::detail::mutex telling_;
  parwork::detail::mutex lock_;
  std::unique_ptr<job_claim> claim_ PARWORK_GUARDED_BY(lock_);  // while a named job has works
  std::set<std::string> works_ PARWORK_GUARDED_BY(lock_);       // of a named job
};

}  // namespace parwork::nats::detail
