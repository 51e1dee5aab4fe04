// async_timer: asynchronous work, finished later by a thread of its own.
//
// Shows: `completer`. Work only starts something - here a timer, elsewhere a request to a database
// or a network - and returns; an event loop finishes the item. One worker keeps as many items
// outstanding as `queue` allows.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <mutex>
#include <parwork/parwork.hpp>
#include <ranges>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "common/interrupt.hpp"
#include "common/program.hpp"

namespace {

using clock = std::chrono::steady_clock;

constexpr std::string_view usage =
    R"(usage: async_timer [--timers N] [--delay MS] [--queue N]

Sets timers that ring after a while and prints how late the latest was.

  --timers N    how many (default: 1000)
  --delay MS    milliseconds until each rings (default: 100)
  --queue N     timers outstanding at once (default: all of them)

Exit status: 0 all rang; 2 bad usage; 130 interrupted.
)";

using late_by = std::chrono::nanoseconds;

// [loop]
/// One thread that finishes items when their time has come.
class timer_loop {
 public:
  timer_loop() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

  /// Finishes `timer` in `delay`, or fails it at once when `cancel_all` has been called.
  void start(clock::duration delay, parwork::completer<late_by> timer) {
    {
      const std::lock_guard lock(mutex_);
      if (!cancelled_) {
        timers_.emplace(clock::now() + delay, std::move(timer));
        changed_.notify_one();
        return;
      }
    }
    timer.fail(interrupted());
  }

  /// Fails every timer, those that are yet to come included.
  void cancel_all() {
    timers outstanding;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      outstanding.swap(timers_);
    }
    // Without the lock: finishing an item may wake a worker.
    for (auto& [due, timer] : outstanding) timer.fail(interrupted());
  }

 private:
  using timers = std::multimap<clock::time_point, parwork::completer<late_by>>;

  static parwork::failure interrupted() {
    return {parwork::failure_kind::cancelled, "interrupted before it rang"};
  }

  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return !timers_.empty(); })) {
      const clock::time_point due = timers_.begin()->first;
      if (clock::now() < due) {
        changed_.wait_until(lock, stop, due,
                            [&] { return timers_.empty() || timers_.begin()->first < due; });
        continue;
      }
      auto first = timers_.extract(timers_.begin());
      lock.unlock();
      first.mapped().succeed(clock::now() - due);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  timers timers_;
  bool cancelled_ = false;
  std::jthread thread_;  // last: it uses the others
};
// [/loop]

int body(examples::arguments& words) {
  const examples::interrupt ctrl_c;
  const std::uint64_t count = words.number("--timers", 1000);
  const std::chrono::milliseconds delay(words.number("--delay", 100, 0, 1'000'000'000));
  const std::uint64_t queue = words.number(
      "--queue", std::clamp(count, std::uint64_t{1}, parwork::max_queue), 1, parwork::max_queue);
  if (!words.operands().empty()) throw examples::usage_error("there are no operands");

  // [run]
  timer_loop loop;
  const std::stop_callback cancel(ctrl_c.token(), [&] { loop.cancel_all(); });

  late_by latest{0};
  std::uint64_t rang = 0;
  const auto set_timer = [&](std::uint64_t, parwork::completer<late_by> timer) {
    loop.start(delay, std::move(timer));
  };
  const auto collector = [&](const parwork::completion<std::uint64_t, late_by>& timer) {
    if (!timer.result) return;
    latest = std::max(latest, *timer.result);
    ++rang;
  };
  const parwork::summary summary =
      parwork::process(std::views::iota(std::uint64_t{0}, count), set_timer, collector,
                       {.workers = 1,
                        .queue = queue,
                        .stop = ctrl_c.token(),
                        .on_progress = parwork::progress_bar(stderr, "timers")});
  // [/run]

  std::printf("%llu of %llu timers rang, up to %zu outstanding at once with one worker\n",
              static_cast<unsigned long long>(rang), static_cast<unsigned long long>(count),
              summary.peak_in_flight);
  std::printf("the latest was %.3f ms late\n",
              std::chrono::duration<double, std::milli>(latest).count());
  examples::flush_output();
  std::cerr << summary << '\n';
  return summary.stopped ? examples::interrupted : examples::all_done;
}

}  // namespace

int main(int argc, char** argv) { return examples::run_program(argc, argv, usage, body); }
