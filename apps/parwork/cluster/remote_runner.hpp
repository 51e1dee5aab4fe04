// Has jobs run by the workers of a cluster: in the place of job_runner, whose words it keeps.
//
// Behind the queue of the run is another run of the library, whose work is the cluster's: its
// generator takes jobs off the queue and expands them, its collector hears what each attempt came
// to. Attempts are repeated by the outer run, as local ones are: here each has one execution, but
// for those that end with the loss of their worker.
//
// Thread safety: as job_engine's. `next` and `take` are called by threads of the inner run, and
// `hear` by one of the cluster's.
//
// Invariants:
// 1. A job is in the queue, or among those out under its number, or has been finished.
// 2. At most as many are out as the queue has slots: twice the threads of the workers, or as many
//    as they are, where a job that has been handed over counts as started.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cluster/cluster.hpp"
#include "jobs/job_engine.hpp"
#include "parwork/completion.hpp"
#include "parwork/nats.hpp"
#include "remote/remote_job.hpp"

namespace cli {

class remote_runner final : public job_engine {
 public:
  remote_runner(const remote_parts& parts, std::function<void()> stop);
  ~remote_runner() override;

  void end_jobs(cause why) override;
  void kill_jobs() override;
  void fail(std::exception_ptr why) noexcept override;
  void set_slots(unsigned slots) CLI_EXCLUDES(mutex_) override;
  [[nodiscard]] unsigned most_slots_used() const CLI_EXCLUDES(mutex_) override;

 private:
  using completion = parwork::completion<remote_job, remote_outcome>;

  void wake() override { loads.wake_idlest(); }
  void guarded(const auto& action) noexcept;
  void run();
  void run_inner();

  // --- handing over ---
  std::optional<remote_job> next();
  std::optional<remote_job> hand_over(assignment& held);
  [[nodiscard]] remote_job prepare(const assignment& held) const;

  // --- what comes back ---
  void take(completion done);
  [[nodiscard]] std::optional<assignment> take_out(std::uint64_t sequence) CLI_EXCLUDES(mutex_);
  void not_done(assignment held);
  void move_on(assignment held);
  void drop_all_out() noexcept CLI_EXCLUDES(mutex_);
  [[nodiscard]] bool all_refuse(const std::string& worker) CLI_EXCLUDES(mutex_);
  [[nodiscard]] outcome outcome_of(remote_outcome&& from, const assignment& held)
      CLI_EXCLUDES(mutex_);
  [[nodiscard]] outcome lost(const parwork::failure& why, const assignment& held) const;
  void finish(assignment held, outcome ended);
  void note_end(job& which, outcome& ended);
  void keep_results(const job& which, outcome& ended) const;
  void halt();

  // --- workers ---
  void hear(const parwork::nats::event& what);
  void follow_workers(const std::stop_token& over) CLI_EXCLUDES(mutex_);
  void fit_slots() CLI_REQUIRES(mutex_);
  [[nodiscard]] std::vector<parwork::nats::worker_info> suitable_workers() const;

  const remote_parts parts_;
  const std::uint64_t run_id_;  // PARWORK_RUN
  const std::string host_;
  const std::size_t lane_;  // in loads
  wake_up& wake_;
  parwork::nats::cluster cluster_;
  std::stop_source stop_;  // of the inner run: ends what runs

  mutable mutex mutex_;
  condition changed_;
  bool workers_changed_ CLI_GUARDED_BY(mutex_) = true;
  unsigned most_at_once_ CLI_GUARDED_BY(mutex_);
  unsigned threads_ CLI_GUARDED_BY(mutex_) = 0;                          // of all workers
  std::map<std::uint64_t, assignment> out_ CLI_GUARDED_BY(mutex_);       // by number of the job
  std::map<std::uint64_t, std::uint32_t> moves_ CLI_GUARDED_BY(mutex_);  // of refused jobs
  std::set<std::string> refusing_ CLI_GUARDED_BY(mutex_);                // workers
  std::map<std::pair<std::string, unsigned>, unsigned> lanes_ CLI_GUARDED_BY(mutex_);

  std::jthread following_;
  std::thread thread_;  // last: it uses the rest
};

}  // namespace cli
