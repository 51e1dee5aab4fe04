#include "jobs/job_queue.hpp"

#include <utility>

namespace cli {
namespace {

// So many items may wait for a slot. To read one whenever one is needed would wake a thread for
// each job, which costs a tenth of what the fastest jobs take.
constexpr std::size_t read_ahead = 8;

}  // namespace

bool job_queue::has_room() const {
  const std::size_t most = slots_ + read_ahead;
  const std::size_t known = running_ + waiting_.size();
  if (most_unseen_ == 0) return known + unseen_ < most;
  return known < most && unseen_ < most_unseen_;
}

bool job_queue::wait_for_room() {
  const mutex_lock lock(mutex_);
  while (!stopped_ && !has_room()) room_.wait(mutex_);
  if (stopped_) return false;
  ++unseen_;
  note_input_wait();
  return true;
}

void job_queue::allow_unseen(std::size_t items) {
  const mutex_lock lock(mutex_);
  most_unseen_ = items;
}

void job_queue::skipped() {
  const mutex_lock lock(mutex_);
  --unseen_;
  note_input_wait();
  room_.notify_one();
}

bool job_queue::add(waiting_job& next) {
  const mutex_lock lock(mutex_);
  const bool first_attempt = next.done.attempt() == 1;
  if (first_attempt) --unseen_;
  if (!stopped_) {
    const std::uint64_t sequence = next.which->sequence;
    if (first_attempt) note_arrival(sequence);
    waiting_.emplace(sequence, std::move(next));
  }
  note_input_wait();
  return !stopped_;
}

void job_queue::note_arrival(std::uint64_t sequence) {
  early_.insert(sequence);
  while (early_.erase(next_to_arrive_) > 0) ++next_to_arrive_;
}

// Reads the clock where a wait for input begins or ends, and not for each job.
void job_queue::note_input_wait() {
  const bool waits = unseen_ > 0 && waiting_.empty() && running_ < slots_ && !stopped_;
  if (waits == without_input_since_.has_value()) return;
  const auto now = clock::now();
  if (waits) {
    without_input_since_ = now;
  } else {
    without_input_for_ += now - *without_input_since_;
    without_input_since_.reset();
  }
}

std::chrono::nanoseconds job_queue::waited_for_input() const {
  const mutex_lock lock(mutex_);
  return without_input_for_;
}

// Two threads of the engine may bring their jobs in another order than that of their items.
bool job_queue::is_ready() const {
  if (stopped_ || starved_ || waiting_.empty() || running_ >= slots_) return false;
  return most_unseen_ > 0 || waiting_.begin()->first < next_to_arrive_;
}

bool job_queue::has_next() const {
  const mutex_lock lock(mutex_);
  return is_ready() && gate_.is_open();
}

std::optional<job_queue::clock::time_point> job_queue::next_start() const {
  const mutex_lock lock(mutex_);
  return is_ready() ? gate_.opens() : std::nullopt;
}

std::optional<assignment> job_queue::take() {
  const mutex_lock lock(mutex_);
  if (!is_ready() || !gate_.is_open()) return std::nullopt;
  gate_.begin();
  // Fewer than slots_ are held, so that the lowest free one is one of the first slots_.
  if (free_slots_.empty()) free_slots_.push(++slots_made_);
  const auto first = waiting_.begin();
  assignment next{std::move(first->second), free_slots_.top()};
  waiting_.erase(first);
  free_slots_.pop();
  ++running_;
  note_input_wait();
  return next;
}

void job_queue::set_slots(unsigned slots) {
  const mutex_lock lock(mutex_);
  slots_ = slots;
  note_input_wait();
  room_.notify_all();
}

unsigned job_queue::most_slots_used() const {
  const mutex_lock lock(mutex_);
  return slots_made_;
}

// Where it has been stopped meanwhile nobody looks at those that wait.
void job_queue::take_back(assignment& held) {
  free_slots_.push(held.slot);
  --running_;
  if (stopped_) return;
  const std::uint64_t sequence = held.waiting.which->sequence;
  waiting_.emplace(sequence, std::move(held.waiting));
}

tried_again job_queue::put_back(assignment& held) {
  const mutex_lock lock(mutex_);
  gate_.undo();
  take_back(held);
  if (stopped_) return tried_again::never;
  starved_ = running_ > 0;
  return starved_ ? tried_again::at_an_end : tried_again::when_it_may;
}

tried_again job_queue::give_back(assignment& held) {
  const mutex_lock lock(mutex_);
  take_back(held);
  starved_ = false;
  return stopped_ ? tried_again::never : tried_again::when_it_may;
}

void job_queue::release(unsigned slot) {
  const mutex_lock lock(mutex_);
  free_slots_.push(slot);
  --running_;
  note_input_wait();
  starved_ = false;
  if (waiting_.size() <= read_ahead / 2) room_.notify_one();
}

bool job_queue::stop() {
  const mutex_lock lock(mutex_);
  if (stopped_.exchange(true)) return false;
  note_input_wait();
  room_.notify_all();
  return true;
}

std::vector<waiting_job> job_queue::drop_waiting() {
  const mutex_lock lock(mutex_);
  std::vector<waiting_job> dropped;
  dropped.reserve(waiting_.size());
  for (auto& [sequence, each] : waiting_) dropped.push_back(std::move(each));
  waiting_.clear();
  return dropped;
}

}  // namespace cli
