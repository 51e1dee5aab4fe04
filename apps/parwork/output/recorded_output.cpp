#include "output/recorded_output.hpp"

#include <algorithm>
#include <utility>

namespace cli {
namespace {

// More wait in the run, where they count as in flight.
constexpr std::size_t most_waiting = 256;

}  // namespace

recorded_output::recorded_output(std::function<void()> commit,
                                 std::function<void(std::exception_ptr)> fail, run_file& marks,
                                 output_writer& writer)
    : commit_(std::move(commit)),
      fail_(std::move(fail)),
      marks_(marks),
      writer_(writer),
      thread_([this] { run(); }) {}

recorded_output::~recorded_output() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void recorded_output::push(recorded_outcome next) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < most_waiting || broken_; });
  if (broken_) return;
  waiting_.push_back(std::move(next));
  changed_.notify_all();
}

void recorded_output::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return over_ || !waiting_.empty(); });
    if (waiting_.empty()) break;
    std::vector<recorded_outcome> batch = std::exchange(waiting_, {});
    changed_.notify_all();
    lock.unlock();
    try {
      if (!std::ranges::all_of(batch, &recorded_outcome::durable)) commit_();
      for (recorded_outcome& each : batch) {
        try {
          show(each);
        } catch (const output_damaged& fault) {  // the others are shown
          if (!damaged_) damaged_ = std::make_exception_ptr(fault);
        }
      }
    } catch (...) {
      fail_(std::current_exception());
      lock.lock();
      broken_ = true;
      waiting_.clear();
      changed_.notify_all();
      return;
    }
    lock.lock();
  }
  if (damaged_) fail_(damaged_);
}

// Before any of it is shown.
void recorded_output::check(const outcome& what) {
  try {
    what.out.check();
    what.err.check();
  } catch (const output_damaged& fault) {
    throw output_damaged("the recorded output of job " + std::to_string(what.sequence) +
                         " cannot be shown: " + fault.what());
  }
}

void recorded_output::show(recorded_outcome& each) {
  const outcome& what = each.what;
  if (!each.recorded) {
    writer_.show(what.out, what.err, each.tag);
    return;
  }
  if (each.durable) check(what);
  marks_.showing(what, each.before);
  writer_.show(what.out, each.before.out, what.err, each.before.err, each.tag);
  marks_.all_shown();
}

}  // namespace cli
