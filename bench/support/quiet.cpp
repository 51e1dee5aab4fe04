#include "support/quiet.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <thread>

#include "support/cpu_time.hpp"

namespace bench {

namespace {

using seconds = std::chrono::duration<double>;

// The kernel counts in ticks of 10 ms: one of them in a look is 0.1 cores and may be rounding.
constexpr seconds look{0.1};
constexpr seconds shortest_block{0.5};
constexpr double quiet_cores = 0.15;

// That all processors together were busy since the machine started.
std::optional<double> busy_seconds() {
  std::ifstream stat("/proc/stat");
  std::string name;
  // In this order: user nice system idle iowait irq softirq steal; guests are in user already.
  std::array<double, 8> ticks{};
  stat >> name;
  for (double& value : ticks) {
    stat >> value;
  }
  if (!stat || name != "cpu") {
    return std::nullopt;
  }
  const double busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7];
  return busy / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double own_seconds() {
  static const cpu_watch self;
  rusage children{};
  ::getrusage(RUSAGE_CHILDREN, &children);
  const auto in_seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return self.ns() / 1e9 + in_seconds(children.ru_utime) + in_seconds(children.ru_stime);
}

}  // namespace

std::optional<double> others_watch::others_seconds() {
  const auto busy = busy_seconds();
  return busy ? std::optional(*busy - own_seconds()) : std::nullopt;
}

std::optional<double> others_watch::cores() const {
  const auto now = others_seconds();
  return now && before_ ? std::optional((*now - *before_) / elapsed().count()) : std::nullopt;
}

bool quiet_moments::quiet_since_begin() const {
  return block_->cores().value_or(0) - expected_ < quiet_cores;
}

void quiet_moments::end_block() {
  if (block_) {
    ++blocks_;
    noisy_blocks_ += quiet_since_begin() ? 0 : 1;
  }
}

void quiet_moments::wait_for_quiet() {
  while (waited_ < patience_) {
    block_.emplace();
    std::this_thread::sleep_for(look);
    if (quiet_since_begin()) {
      return;
    }
    waited_ += look;
  }
  ++begun_noisy_;
}

bool quiet_moments::wait() {
  if (patience_ <= std::chrono::milliseconds(0) || (block_ && block_->elapsed() < shortest_block)) {
    return false;
  }
  end_block();
  const bool sleeps = !block_ || !quiet_since_begin();
  if (sleeps) {
    wait_for_quiet();
  }
  block_.emplace();
  return sleeps;
}

void quiet_moments::report(results& into) {
  if (!block_) {
    return;
  }
  end_block();
  block_.reset();
  into.condition("blocks", blocks_);
  into.condition("noisy_blocks", noisy_blocks_);
  into.condition("waited_s", waited_.count());
  into.condition("blocks_begun_noisy", begun_noisy_);
}

}  // namespace bench
