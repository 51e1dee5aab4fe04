// A progress bar on a terminal, for `options::on_progress`.
//
// Thread safety: none. A bar and its copies count as one object; a run makes one call at a time,
// so one run per bar is safe and two runs at once need a bar each.
//
// Invariants:
// 1. Nothing is ever written to a stream that is no terminal, or is one with TERM=dumb.
// 2. A line that was begun is ended: by the call that reports all items collected, else when the
//    copy that drew it is destroyed. `process` destroys its copy, so what the program writes after
//    a stopped run starts on a new line.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "parwork/progress.hpp"

namespace parwork {

/// Draws one line: label, bar, percentage, count, rate, time left and failures.
///
///     hashing [=========>          ] 46 % 4,600/10,000 812/s ETA 0:07 3 failed
///
/// Where the total is unknown: count, rate, time so far and failures. Redrawn at most ten times a
/// second by the run's own clock: 5 us a redraw, 5 ns a call in between. A terminal too
/// narrow for all of it keeps the most important parts. Plain ASCII; failures are red unless
/// NO_COLOR is set. The width is the terminal's, else COLUMNS, else 80.
class progress_bar {
 public:
  /// `out` must stay open as long as the bar and its copies live. Throws `std::invalid_argument`
  /// where it is null. Control characters of the label are shown as spaces. The variables TERM,
  /// NO_COLOR and COLUMNS are read here.
  explicit progress_bar(std::FILE* out = stderr, std::string label = {});

  progress_bar(const progress_bar& other) noexcept : state_(other.state_) {}
  progress_bar(progress_bar&& other) noexcept;
  progress_bar& operator=(progress_bar other) noexcept;
  ~progress_bar();

  /// Draws `now` where it is time to. What cannot be written is dropped without an error.
  void operator()(const progress& now);

 private:
  struct state;

  // Of this very copy: the one that drew ends the line.
  enum class phase { unused, drawing, finished };

  std::shared_ptr<state> state_;  // null: silent
  phase phase_ = phase::unused;
};

}  // namespace parwork
