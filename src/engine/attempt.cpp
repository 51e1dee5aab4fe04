// What work sees of its attempt: context, completer's call, and the stop token of an attempt with a
// deadline.
#include <exception>
#include <optional>
#include <stop_token>
#include <utility>

#include "engine/attempt_stop.hpp"
#include "parwork/completer.hpp"
#include "parwork/context.hpp"
#include "parwork/detail/async_call.hpp"

namespace parwork {

namespace detail {

// Requested by a stop of the run and by the deadline. Made only for attempts that ask for their
// token.
class attempt_stop final : public timer_entry {
 public:
  attempt_stop(std::stop_token of_run, timer& timers, clock::time_point deadline)
      : timer_entry(calls::users), timer_(timers), on_stop_(std::move(of_run), forward{source_}) {
    timer_.schedule(*this, deadline);
  }
  ~attempt_stop() override { timer_.cancel(*this); }

  void fire() noexcept override {
    std::stop_source source = source_;  // a callback may end the attempt, and this object
    source.request_stop();
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  struct forward {
    std::stop_source source;
    void operator()() noexcept { source.request_stop(); }
  };

  timer& timer_;
  std::stop_source source_;
  std::stop_callback<forward> on_stop_;
};

void attempt_stop_deleter::operator()(attempt_stop* stop) const noexcept { delete stop; }

attempt_stop_ptr make_attempt_stop(std::stop_token of_run, timer& timers,
                                   clock::time_point deadline) {
  return attempt_stop_ptr(new attempt_stop(std::move(of_run), timers, deadline));
}

// --- async_call ---

async_call::~async_call() = default;

std::stop_token async_call::stop_token() {
  const std::lock_guard guard(stop_lock_);
  if (closed_) return {};
  if (!which_.deadline) return run_.token;
  if (!stop_) stop_ = run_.make_attempt_stop(*which_.deadline);
  return stop_->token();
}

void async_call::close() noexcept {
  attempt_stop_ptr
      ended;  // goes without the lock: it may wait for a callback that asks for the token
  const std::lock_guard guard(stop_lock_);
  closed_ = true;
  ended = std::move(stop_);
}

void async_call::note_time() noexcept {
  if (!which_.deadline) return;
  const auto now = clock::now();
  if (now > *which_.deadline) late_ = now - *which_.deadline;
}

void async_call::publish() noexcept {
  note_time();
  if ((state_.fetch_or(published) & back) != 0) run_.async_finished(item_);
}

// The run cannot be over, and its parts cannot go, before this item is published.
void async_call::end_run(std::exception_ptr error) noexcept {
  has_ended_run_ = true;
  run_.collector_threw(std::move(error));
}

bool async_call::is_left_undone() const noexcept {
  return has_ended_run_ || (was_abandoned() && run_.discarding.load());
}

void async_call::abandon() noexcept {
  // Claimed: an exception has finished the item, and the run may be over.
  if ((state_.fetch_or(abandoned) & (back | claimed)) == back) run_.async_finished(item_);
}

bool async_call::returned() noexcept {
  const unsigned before = state_.fetch_or(back);
  if ((before & published) != 0) return true;
  return (before & abandoned) != 0 && (before & claimed) == 0;
}

}  // namespace detail

std::stop_token context::stop_token() {
  if (!attempt_.deadline) return run_.token;
  if (!stop_) stop_ = run_.make_attempt_stop(*attempt_.deadline);
  return stop_->token();
}

unsigned context::worker() const noexcept { return worker_.number; }

void context::spawn_item(const std::type_info& type, void* child) {
  run_.spawn(worker_, type, child);
}

}  // namespace parwork
