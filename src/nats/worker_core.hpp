// Drives a worker's state machine: threads that execute, the link's that brings messages, and the
// one that calls `run`, which watches the time.
//
// Messages are handled where they arrive: it takes microseconds, and another thread would have to
// be woken for it. Results are made into messages by the threads that have worked on them.
//
// Thread safety: `leave_at_once` and the listener's calls, any thread; else one at a time.
// Invariants:
// 1. The machine is used under `lock_` alone. What may block happens without it: work, flush, the
//    request of a stop, subscriptions.
// 2. Locks are taken in this order: the link's for its listener, `lock_`, the link's for sending.
// 3. A thread that may begin something is awake, or has been notified: whoever takes a batch and
//    leaves another that may be begun notifies the next.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "nats/link.hpp"
#include "nats/worker_machine.hpp"
#include "nats/worker_speech.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/nats_options.hpp"
#include "parwork/nats_worker.hpp"

namespace parwork::nats::detail {

class worker_core final : public link_listener {
 public:
  worker_core(worker_options given, const worker_link_factory& make_link);
  worker_core(const worker_core&) = delete;
  worker_core& operator=(const worker_core&) = delete;
  ~worker_core();

  [[nodiscard]] unsigned threads() const noexcept { return options_.workers; }
  void add(std::string name, std::unique_ptr<served_work> work) PARWORK_EXCLUDES(lock_);
  void run(const std::stop_token& stop) PARWORK_EXCLUDES(lock_);
  void leave_at_once() noexcept PARWORK_EXCLUDES(lock_);

  // --- link_listener ---
  void message(std::string_view subject, std::string_view reply,
               std::string_view bytes) noexcept override PARWORK_EXCLUDES(lock_);
  void no_responders(std::string_view) noexcept override {}
  void disconnected() noexcept override PARWORK_EXCLUDES(lock_);
  void reconnected() noexcept override PARWORK_EXCLUDES(lock_);
  void refused(std::exception_ptr why) noexcept override PARWORK_EXCLUDES(lock_);

 private:
  using clock = std::chrono::steady_clock;
  enum class wish : std::uint8_t { work, leave, leave_at_once };

  // --- run's thread ---
  void begin() PARWORK_EXCLUDES(lock_);
  void end() noexcept PARWORK_EXCLUDES(lock_);
  void start_threads();
  void watch() PARWORK_EXCLUDES(lock_);
  void ask(wish what) noexcept PARWORK_EXCLUDES(lock_);
  // False: it is over.
  [[nodiscard]] bool go_on() PARWORK_REQUIRES(lock_);
  void request_stops() noexcept PARWORK_EXCLUDES(lock_);
  void subscribe();
  void unsubscribe() noexcept;

  // --- Threads that execute ---
  void thread_main(unsigned number) noexcept PARWORK_EXCLUDES(lock_);
  [[nodiscard]] std::optional<assignment> next() PARWORK_EXCLUDES(lock_);
  void execute(const assignment& its, unsigned number) noexcept PARWORK_EXCLUDES(lock_);
  [[nodiscard]] bool announce(const assignment& its) noexcept;
  void finish(owned_batch& its, std::string&& answer, std::uint64_t begun) noexcept
      PARWORK_EXCLUDES(lock_);

  // Calls the machine with the time, and wakes up whom that concerns. Without memory the event
  // counts as lost on its way.
  template <class Event>
  void tell_machine(Event&& event) noexcept PARWORK_EXCLUDES(lock_);
  void wake_whom_it_concerns() noexcept PARWORK_REQUIRES(lock_);

  const worker_options options_;
  worker_identity who_;
  worker_machine::works served_;
  std::unique_ptr<link> link_;
  std::vector<std::thread> threads_;

  parwork::detail::mutex lock_;
  std::condition_variable_any may_work_;
  std::condition_variable_any may_change_;  // the course of the machine, or its next deadline
  std::unique_ptr<worker_machine> machine_ PARWORK_GUARDED_BY(lock_);  // null: not running
  wish wish_ PARWORK_GUARDED_BY(lock_) = wish::work;
  clock::time_point watched_until_ PARWORK_GUARDED_BY(lock_);
  std::exception_ptr error_ PARWORK_GUARDED_BY(lock_);
  bool is_over_ PARWORK_GUARDED_BY(lock_) = false;
  std::optional<clock::time_point> away_since_ PARWORK_GUARDED_BY(lock_);  // between runs, too
};

}  // namespace parwork::nats::detail
