#include "nats/submitter.hpp"

#include <chrono>
#include <new>
#include <stdexcept>
#include <utility>
#include <variant>

namespace parwork::nats::detail {

namespace {

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};

}  // namespace

submitter::submitter(const submitter_settings& settings, link& over,
                     std::function<void(const event&)> on_event)
    : settings_(settings),
      subjects_(settings.prefix),
      on_event_(std::move(on_event)),
      machine_(settings, over, *this, *this, std::chrono::steady_clock::now()),
      thread_([this] { work(); }) {}

submitter::~submitter() {
  inbox_.close();
  thread_.join();
}

void submitter::run_begins(recorder* record) {
  if (is_in_use_.exchange(true)) {
    throw std::logic_error("parwork: this remote work is in use by another run: make one for each");
  }
  recording_.begin(record);
  inbox_.put(happening::run_began{});
}

void submitter::run_ends() noexcept {
  recording_.end();
  put(happening::run_ended{});
  is_in_use_.store(false);
}

void submitter::expects(std::uint64_t items) noexcept { put(happening::total_known{items}); }

void submitter::submit(std::unique_ptr<outgoing_span> span) {
  inbox_.put(happening::submitted{std::move(span)});
}

std::size_t submitter::longest_wanted() const noexcept {
  // A hint by itself: nothing else is read after it.
  return longest_wanted_.load(std::memory_order_relaxed);
}

std::vector<worker_info> submitter::workers() const {
  const time_point now = std::chrono::steady_clock::now();
  const parwork::detail::lock_guard guard(snapshot_lock_);
  std::vector<worker_info> all = snapshot_;
  for (worker_info& one : all) one.silent_for += now - snapshot_at_;
  return all;
}

void submitter::message(std::string_view subject, std::string_view reply,
                        std::string_view bytes) noexcept {
  const auto parts = subjects_.take_apart(subject);
  if (!parts) return;
  try {
    switch (parts->kind) {
      case subject_kind::to_submitter:
        if (parts->session == settings_.session) {
          put(happening::arrived{parts->worker, std::string(bytes)});
        }
        break;
      case subject_kind::here:
        put(happening::worker_is_here{});
        break;
      case subject_kind::status:
        put(happening::status_asked{std::string(reply)});
        break;
      case subject_kind::call:
      case subject_kind::to_worker:
      case subject_kind::job:
        break;  // others' and one's own; who holds a job is told by job_claim
    }
  } catch (const std::bad_alloc&) {
    // As `put` says.
  }
}

void submitter::no_responders(std::string_view reply) noexcept {
  const auto parts = subjects_.take_apart(reply);
  if (!parts || parts->kind != subject_kind::to_submitter) return;
  if (parts->session == settings_.session) put(happening::nobody_there{parts->worker});
}

void submitter::disconnected() noexcept { put(happening::server_gone{}); }
void submitter::reconnected() noexcept { put(happening::server_back{}); }
void submitter::refused(std::exception_ptr why) noexcept {
  put(happening::refused{std::move(why)});
}

void submitter::span_stops(span_number which) noexcept { put(happening::span_stopped{which}); }

void submitter::put(happening::any what) noexcept {
  try {
    inbox_.put(std::move(what));
  } catch (const std::bad_alloc&) {
  }
}

void submitter::work() {
  std::vector<happening::any> all;
  for (;;) {
    const auto state = inbox_.take(all, machine_.next_deadline());
    try {
      handle(all);
      tell_events();
      if (state == submitter_inbox::state::closed) return machine_.say_farewell();
    } catch (...) {
      // No memory: the run ends by it.
      try {
        machine_.fail_run(std::current_exception());
      } catch (...) {
        all.clear();  // its spans are ended before anything that needs memory
      }
      if (state == submitter_inbox::state::closed) return;
    }
    longest_wanted_.store(machine_.longest_wanted(), std::memory_order_relaxed);  // a hint
  }
}

void submitter::handle(std::vector<happening::any>& all) {
  const time_point now = std::chrono::steady_clock::now();
  for (happening::any& one : all) handle(one, now);
  machine_.tick(now);  // behind what has come: who was asleep hears the answers first
  if (now >= next_snapshot_ || !events_.empty()) take_snapshot(now);
}

void submitter::handle(happening::any& one, time_point now) {
  std::visit(overloaded{
                 [&](happening::submitted& it) { machine_.submit(std::move(it.span)); },
                 [&](const happening::span_stopped& it) { machine_.span_stops(it.which); },
                 [&](const happening::run_began&) { machine_.run_begins(now); },
                 [&](const happening::total_known& it) { machine_.expects(it.items); },
                 [&](const happening::run_ended&) { machine_.run_ends(); },
                 [&](const happening::arrived& it) { machine_.heard(it.from, it.frame, now); },
                 [&](const happening::worker_is_here&) { machine_.a_worker_is_here(); },
                 [&](const happening::status_asked& it) { machine_.asked_how_it_goes(it.reply); },
                 [&](const happening::nobody_there& it) { machine_.no_responders(it.worker, now); },
                 [&](const happening::server_gone&) { machine_.disconnected(now); },
                 [&](const happening::server_back&) { machine_.reconnected(now); },
                 [&](const happening::refused& it) { machine_.refused(it.why); },
             },
             one);
}

void submitter::happened(event what) { events_.push_back(std::move(what)); }

void submitter::tell_events() {
  const std::vector<event> events = std::exchange(events_, {});
  if (!on_event_) return;
  for (const event& one : events) {
    try {
      on_event_(one);
    } catch (...) {
      machine_.fail_run(std::current_exception());
    }
  }
}

void submitter::take_snapshot(time_point now) {
  next_snapshot_ = now + settings_.heartbeat / 4;
  std::vector<worker_info> all = machine_.workers(now);
  const parwork::detail::lock_guard guard(snapshot_lock_);
  snapshot_.swap(all);
  snapshot_at_ = now;
}

}  // namespace parwork::nats::detail
