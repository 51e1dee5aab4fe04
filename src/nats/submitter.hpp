// The submitter of a work: a thread around the state machine.
//
// Everything that happens goes to an inbox: what the run submits, what the link hears, what stops.
// The thread takes it, tells the machine, and sleeps until more has come or its next deadline.
//
// Thread safety: any thread may call anything. Invariants: nothing waits for the thread but the
// destructor, and the thread waits for nobody. The memory of what waits is bounded by the queue of
// the run: items out, their results, and some words of each worker.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "nats/link.hpp"
#include "nats/remote_recording.hpp"
#include "nats/submitter_inbox.hpp"
#include "nats/submitter_machine.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/detail/nats_remote.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

/// Hears of its link by its functions as a listener, which whoever has the link calls: with all
/// messages, or with those for this session. What is for another it ignores.
class submitter final : public remote_session,
                        public link_listener,
                        private machine_observer,
                        private stop_listener {
 public:
  /// Begins to call workers at once. `on_event` may be empty; it is called on the submitter's
  /// thread. REQUIRES: the link outlives it, and has subscribed to the session's messages, `here`
  /// and `status`.
  submitter(const submitter_settings& settings, link& over,
            std::function<void(const event&)> on_event);
  /// Says farewell. Spans that are not finished are abandoned.
  ~submitter() override;
  submitter(const submitter&) = delete;
  submitter& operator=(const submitter&) = delete;

  void run_begins(recorder* record) override;
  void expects(std::uint64_t items) noexcept override;
  void run_ends() noexcept override;
  void submit(std::unique_ptr<outgoing_span> span) override;
  [[nodiscard]] std::size_t longest_wanted() const noexcept override;

  /// As they were less than a heartbeat ago.
  [[nodiscard]] std::vector<worker_info> workers() const PARWORK_EXCLUDES(snapshot_lock_);

  void message(std::string_view subject, std::string_view reply,
               std::string_view bytes) noexcept override;
  void no_responders(std::string_view reply) noexcept override;
  void disconnected() noexcept override;
  void reconnected() noexcept override;
  void refused(std::exception_ptr why) noexcept override;

 private:
  void happened(event what) override;
  [[nodiscard]] bool does_record() const noexcept override { return recording_.is_on(); }
  void executed(const remote_execution& what) override { recording_.add(what); }
  void span_stops(span_number which) noexcept override;

  /// Without memory for it, it has not happened: a message may be lost, and what must not be comes
  /// again.
  void put(happening::any what) noexcept;
  void work();
  void handle(std::vector<happening::any>& all);
  void handle(happening::any& one, time_point now);
  void tell_events();
  void take_snapshot(time_point now) PARWORK_EXCLUDES(snapshot_lock_);

  const submitter_settings settings_;
  const subjects subjects_;
  const std::function<void(const event&)> on_event_;
  submitter_inbox inbox_;
  remote_recording recording_;
  std::atomic<bool> is_in_use_{false};
  std::atomic<std::size_t> longest_wanted_{1};

  mutable parwork::detail::mutex snapshot_lock_;
  std::vector<worker_info> snapshot_ PARWORK_GUARDED_BY(snapshot_lock_);
  time_point snapshot_at_ PARWORK_GUARDED_BY(snapshot_lock_);

  // The thread's.
  std::vector<event> events_;
  time_point next_snapshot_;
  submitter_machine machine_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace parwork::nats::detail
