#include "output/status_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

#include "support/units.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr auto redraw_every = 100ms;
constexpr auto worth_it = 1000ms;  // shorter runs need no bar
constexpr std::size_t widest_bar = 40;

bool can_draw() {
  const char* const terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && terminal != nullptr && *terminal != '\0' &&
         std::string_view(terminal) != "dumb";
}

// A terminal that others have in front is theirs. One that is not the session's own has no group.
bool is_in_front() {
  const pid_t in_front = tcgetpgrp(STDERR_FILENO);
  return in_front < 0 || in_front == getpgrp();
}

std::size_t columns_of_terminal() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* const given = std::getenv("COLUMNS");
  const int columns = given != nullptr ? std::atoi(given) : 0;
  return columns > 0 ? static_cast<std::size_t>(columns) : 80;
}

std::string rate_of(const status_figures& figures) {
  const double rate = static_cast<double>(figures.done) / std::max(figures.elapsed.count(), 1e-3);
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), rate < 100 ? "%.1f/s" : "%.0f/s", rate);
  return text.data();
}

std::string eta_of(const status_figures& figures) {
  if (!figures.total || figures.done == 0) return {};
  const double left = static_cast<double>(*figures.total - std::min(figures.done, *figures.total));
  const double seconds = figures.elapsed.count() / static_cast<double>(figures.done) * left;
  return "ETA " + readable_duration(std::chrono::nanoseconds(std::llround(seconds * 1e9)));
}

std::string bar_of(const status_figures& figures, std::size_t width) {
  const std::uint64_t total = std::max<std::uint64_t>(*figures.total, 1);
  const auto full = static_cast<std::size_t>((width - 2) * std::min(figures.done, total) / total);
  return "[" + std::string(full, '#') + std::string(width - 2 - full, '.') + "]";
}

}  // namespace

std::string format_status(const status_figures& figures, std::size_t columns) {
  const std::size_t room = columns > 0 ? columns - 1 : 0;  // the last column would wrap
  std::string line = std::to_string(figures.done);
  if (figures.total) line += "/" + std::to_string(*figures.total);
  const auto add = [&](const std::string& part) {
    if (!part.empty() && line.size() + 2 + part.size() <= room) line += "  " + part;
  };
  if (figures.failed > 0) add(std::to_string(figures.failed) + " failed");
  add(std::to_string(figures.running) + " running");
  add(rate_of(figures));
  add(eta_of(figures));
  if (figures.total && line.size() + 12 <= room) {
    line = bar_of(figures, std::min(widest_bar, room - line.size() - 1)) + " " + line;
  }
  return line.substr(0, room);
}

status_line::status_line(progress_mode mode, const run_counts& counts, const run_total& total,
                         output_writer& writer)
    : counts_(counts), total_(total), writer_(writer) {
  if (mode == progress_mode::off || !can_draw()) return;
  thread_ = std::thread([this, mode] { run(mode == progress_mode::on ? 0ms : worth_it); });
}

status_line::~status_line() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  over_changed_.notify_one();
  thread_.join();
  if (is_in_front()) writer_.draw_status({});
}

void status_line::run(std::chrono::milliseconds first) {
  std::unique_lock lock(mutex_);
  auto wait = first;
  while (!over_changed_.wait_for(lock, wait, [this] { return over_; })) {
    lock.unlock();
    draw();
    wait = redraw_every;
    lock.lock();
  }
}

void status_line::draw() {
  if (!is_in_front()) return;
  const std::uint64_t failed = counts_.failed;
  const status_figures figures{counts_.succeeded + failed, failed, counts_.running, total_.get(),
                               awake_clock::now() - begin_};
  std::string line = format_status(figures, columns_of_terminal());
  const char* const plain = std::getenv("NO_COLOR");
  if (failed > 0 && (plain == nullptr || *plain == '\0')) {
    const std::string words = std::to_string(failed) + " failed";
    const std::size_t at = line.find(words);
    if (at != std::string::npos) line.replace(at, words.size(), "\x1b[31m" + words + "\x1b[0m");
  }
  writer_.draw_status(line);
}

}  // namespace cli
