#include "jobs/job_runner.hpp"

#include <algorithm>
#include <utility>

#include "jobs/lane.hpp"
#include "parwork/cpus.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

// So many items may wait for a slot. To read one whenever one is needed would wake a thread for
// each job, which costs a tenth of what the fastest jobs take.
constexpr std::size_t read_ahead = 8;

// More threads than that start nothing sooner: they wait for one CPU each.
unsigned most_lanes(const run_settings& settings) {
  return std::min(settings.workers, std::max(parwork::available_cpus(), 1U));
}

parwork::failure not_started() { return {parwork::failure_kind::cancelled, "not started"}; }

}  // namespace

job_runner::job_runner(runner_parts parts, std::function<void()> stop)
    : parts_(parts), most_lanes_(most_lanes(parts.settings)), stop_(std::move(stop)) {}

job_runner::~job_runner() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_all();
  lanes_.clear();
}

bool job_runner::wait_for_room() {
  std::unique_lock lock(mutex_);
  const std::size_t most = parts_.settings.workers + read_ahead;
  room_.wait(lock, [&] {
    const std::size_t known = running_ + waiting_.size();
    return stopping_ ||
           (most_unseen_ == 0 ? known + unseen_ < most : known < most && unseen_ < most_unseen_);
  });
  if (stopping_) return false;
  ++unseen_;
  note_hunger();
  return true;
}

void job_runner::allow_unseen(std::size_t items) {
  const std::lock_guard lock(mutex_);
  most_unseen_ = items;
}

void job_runner::skipped() {
  const std::lock_guard lock(mutex_);
  --unseen_;
  note_hunger();
  room_.notify_one();
}

void job_runner::submit(job& which, parwork::completer<outcome> done) {
  which.submitted = true;
  std::unique_lock lock(mutex_);
  const bool first_attempt = done.attempt() == 1;
  if (first_attempt) --unseen_;
  if (stopping_) {
    note_hunger();
    lock.unlock();
    done.fail(not_started());
    return;
  }
  if (first_attempt) note_arrival(which.sequence);
  waiting_.emplace(which.sequence, waiting_job{&which, std::move(done)});
  note_hunger();
  wake_one();
}

// REQUIRES: mutex_ is held.
void job_runner::note_arrival(std::uint64_t sequence) {
  early_.insert(sequence);
  while (early_.erase(next_to_arrive_) > 0) ++next_to_arrive_;
}

// REQUIRES: mutex_ is held. Reads the clock where a wait for input begins or ends, and not for each
// job.
void job_runner::note_hunger() {
  const bool hungry =
      unseen_ > 0 && waiting_.empty() && running_ < parts_.settings.workers && !stopping_;
  if (hungry == hungry_since_.has_value()) return;
  const auto now = std::chrono::steady_clock::now();
  if (hungry) {
    hungry_since_ = now;
  } else {
    hungry_for_ += now - *hungry_since_;
    hungry_since_.reset();
  }
}

std::chrono::nanoseconds job_runner::waited_for_input() const {
  const std::lock_guard lock(mutex_);
  return hungry_for_;
}

// REQUIRES: mutex_ is held. Whether the first of those that wait may start: two threads of the
// engine may bring their jobs in another order than that of their items.
bool job_runner::is_first_due() const {
  return !waiting_.empty() && (most_unseen_ > 0 || waiting_.begin()->first < next_to_arrive_);
}

// REQUIRES: mutex_ is held. The lane with the least to do, or a new one while each has something.
void job_runner::wake_one() {
  if (running_ >= parts_.settings.workers || starved_) return;
  const bool all_busy = lanes_.empty() || (*idlest())->load > 0;
  if (all_busy && lanes_.size() < most_lanes_) {
    lanes_.push_back(std::make_unique<lane>(*this));
    ++lanes_.back()->load;
    return;  // it looks by itself
  }
  lane& next = **idlest();
  ++next.load;
  next.wake();
}

// REQUIRES: mutex_ is held, and there is a lane.
job_runner::lanes::iterator job_runner::idlest() {
  return std::ranges::min_element(lanes_, {}, [](const auto& each) { return each->load; });
}

// A lane leaves a job to another one that has fewer: a lane waits while it starts a process, and
// the others' jobs shall not wait with it.
std::optional<job_runner::assignment> job_runner::take(lane& asking, std::size_t has) {
  const std::lock_guard lock(mutex_);
  asking.load = has;
  if (stopping_ || starved_ || !is_first_due() || running_ >= parts_.settings.workers) {
    return std::nullopt;
  }
  if (has > (*idlest())->load) {
    wake_one();
    return std::nullopt;
  }
  ++asking.load;
  if (free_slots_.empty()) free_slots_.push(++slots_made_);
  const auto first = waiting_.begin();
  assignment next{std::move(first->second), free_slots_.top()};
  waiting_.erase(first);
  free_slots_.pop();
  ++running_;
  ++counts_.running;
  note_hunger();
  return next;
}

// For lack of resources. True where another job runs, at whose end it is tried again.
bool job_runner::put_back(assignment& held) {
  const std::lock_guard lock(mutex_);
  free_slots_.push(held.slot);
  --running_;
  --counts_.running;
  const std::uint64_t sequence = held.waiting.which->sequence;
  waiting_.emplace(sequence, std::move(held.waiting));
  starved_ = running_ > 0;
  return starved_;
}

void job_runner::release(unsigned slot) {
  const std::lock_guard lock(mutex_);
  free_slots_.push(slot);
  --running_;
  --counts_.running;
  note_hunger();
  starved_ = false;
  if (waiting_.size() <= read_ahead / 2) room_.notify_one();
}

bool job_runner::is_last_attempt(const outcome& ended) const {
  return ended.succeeded() || !ended.can_be_repeated || ended.attempt > parts_.settings.retries;
}

bool job_runner::is_for_good(const outcome& ended) const {
  return is_last_attempt(ended) || stopping_;
}

// Called before the job's slot is free: the ends of two that ran one after the other are counted
// in their order.
void job_runner::note_end(job& which, const outcome& ended) {
  if (is_last_attempt(ended)) which.end = ++ends_;
  const bool for_good = is_for_good(ended);
  which.is_over = for_good;
  if (parts_.record != nullptr) {
    const auto start = std::chrono::steady_clock::now() - parts_.begin;
    parts_.record->add(which.name(), ended, start - nanoseconds_of(ended.duration),
                       for_good ? attempt_fate::for_good : attempt_fate::to_be_repeated);
  }
  const bool counts = ended.why != cause::halted && ended.why != cause::interrupted;
  if (for_good && counts) {
    ++(ended.succeeded() ? counts_.succeeded : counts_.failed);
    if (parts_.halt.note(ended)) halt();
  }
  parts_.log.attempt_ended(which, ended,
                           for_good ? output_in_log::left_out : output_in_log::included);
}

void job_runner::deliver(job& which, outcome&& ended, parwork::completer<outcome> done) {
  if (ended.succeeded()) {
    done.succeed(std::move(ended));
  } else {
    std::string record;
    if (is_for_good(ended) && !parts_.settings.journal.empty()) {
      parwork::codec<outcome>::encode(ended, record);
    }
    const auto kind =
        ended.can_be_repeated ? parwork::failure_kind::error : parwork::failure_kind::exception;
    which.failed = std::move(ended);
    done.fail({kind, std::move(record)});
  }
}

void job_runner::halt() {
  if (parts_.halt.when() == halt_when::now) {
    end_jobs(cause::halted);
  } else {
    stop_starting();
  }
}

void job_runner::stop_starting() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_.exchange(true)) return;
    note_hunger();
    room_.notify_all();
  }
  stop_();
  drop_waiting();
}

void job_runner::drop_waiting() {
  std::map<std::uint64_t, waiting_job> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(waiting_);
  }
  for (auto& [sequence, each] : dropped) each.done.fail(not_started());
}

void job_runner::end_jobs(cause why) {
  if (!ending_) {
    end_cause_ = why;
    ending_ = true;
  }
  stop_starting();
  wake_all();
}

void job_runner::kill_jobs() {
  killing_ = true;
  end_jobs(cause::interrupted);
}

void job_runner::wake_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& each : lanes_) each->wake();
}

void job_runner::order_signal(int number) {
  std::unique_lock lock(mutex_);
  signal_ordered_ = number;
  ++signal_orders_;
  lanes_to_obey_ = lanes_.size();
  for (const auto& each : lanes_) each->wake();
  obeyed_all_.wait(lock, [&] { return lanes_to_obey_ == 0; });
}

void job_runner::obeyed(std::uint64_t order) {
  const std::lock_guard lock(mutex_);
  if (order != signal_orders_ || lanes_to_obey_ == 0) return;
  --lanes_to_obey_;
  if (lanes_to_obey_ == 0) obeyed_all_.notify_all();
}

void job_runner::fail(std::exception_ptr why) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!fault_) fault_ = std::move(why);
  }
  end_jobs(cause::halted);
}

void job_runner::refuse(refusal why) {
  {
    const std::lock_guard lock(mutex_);
    if (!refusal_) refusal_ = std::move(why);
  }
  end_jobs(cause::halted);
}

std::exception_ptr job_runner::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

std::optional<refusal> job_runner::refused() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

}  // namespace cli
