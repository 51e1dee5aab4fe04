#include "jobs/throttle.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "parwork/cpus.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

constexpr std::chrono::milliseconds between_measurements{250};

std::string readable_size(double bytes) {
  constexpr double mebi = 1024.0 * 1024;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.0f MiB", bytes / mebi);
  return text.data();
}

}  // namespace

start_policy::decision start_policy::look(std::optional<unsigned> runnable,
                                          const std::optional<memory_state>& memory) {
  decision made;
  if (limits_.load && runnable) look_at_load(*runnable, made);
  if (limits_.memory && memory) look_at_memory(*memory, made);
  return made;
}

void start_policy::look_at_load(unsigned runnable, decision& made) {
  last_[next_++ % looks] = runnable;
  const unsigned load = *std::ranges::max_element(last_);
  const double most = limits_.load_is_share ? *limits_.load * cpus_ : *limits_.load;
  const double left = std::ceil(most - load);
  made.starts = left > 0 ? static_cast<std::uint64_t>(left) : 0;
  if (made.starts > 0) return;
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%u threads want a CPU, and --load allows %.4g", load,
                most);
  made.why = text.data();
}

std::uint64_t start_policy::floor_of(const memory_state& memory) const {
  const double floor = limits_.memory_is_share ? *limits_.memory * static_cast<double>(memory.total)
                                               : *limits_.memory;
  return static_cast<std::uint64_t>(floor);
}

void start_policy::look_at_memory(const memory_state& memory, decision& made) const {
  const std::uint64_t floor = floor_of(memory);
  if (memory.available >= floor) return;
  made.starts = 0;
  made.end_youngest = memory.available < floor / 2;
  made.why = readable_size(static_cast<double>(memory.available)) +
             " of memory are available, and --memfree wants " +
             readable_size(static_cast<double>(floor));
}

throttle::throttle(const throttle_limits& limits, throttle_actions actions)
    : limits_(limits), policy_(limits, parwork::available_cpus()), actions_(std::move(actions)) {
  if (limits_.load && !machine_.runnable()) {
    throw error("--load: /proc/loadavg does not tell how many threads want a CPU: leave it out");
  }
  if (limits_.memory) {
    const auto memory = machine_.memory();
    if (!memory) throw error("--memfree: /proc/meminfo does not tell what is free: leave it out");
    if (policy_.floor_of(*memory) > memory->total) {
      throw error("--memfree: there are only " + readable_size(static_cast<double>(memory->total)) +
                  " of memory in all: give less than that, or a per cent");
    }
  }
  look();
  thread_ = std::thread([this] { run(); });
}

throttle::~throttle() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  over_changed_.notify_all();
  thread_.join();
}

void throttle::look() {
  const auto made = policy_.look(limits_.load ? machine_.runnable() : std::nullopt,
                                 limits_.memory ? machine_.memory() : std::nullopt);
  actions_.allow(made.starts);
  if (made.end_youngest) actions_.end_youngest();
  if (!said_ && !made.why.empty() && actions_.is_idle()) {
    said_ = true;
    actions_.say("parwork: no job is started for now: " + made.why + '\n');
  }
}

void throttle::run() {
  std::unique_lock lock(mutex_);
  while (!over_changed_.wait_for(lock, between_measurements, [this] { return over_; })) {
    lock.unlock();
    look();
    lock.lock();
  }
}

}  // namespace cli
