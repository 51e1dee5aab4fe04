// The terminal, lent to one job after another (--tty).
//
// A terminal has one foreground process group: it gets what is typed and the signals of Ctrl-C and
// Ctrl-Z, and others are stopped that read from it (tcsetpgrp(3), "job control"). While a job has
// the terminal its group is that one; before and behind it the tool's is.
//
// Thread safety: none; the one lane of such a run has it. REQUIRES: threads block SIGTTOU, so that
// this process may take the terminal back.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "options/settings.hpp"
#include "support/descriptor.hpp"

namespace cli {

/// How a terminal is found again: its modes as a job left them, or as they were before.
enum class terminal_modes : std::uint8_t { kept, restored };

class job_terminal {
 public:
  /// Throws cli::error where the process has none.
  explicit job_terminal(const run_settings& settings);

  /// Where another group has the terminal, stops this process's group until that one gives it back:
  /// as the terminal would stop whoever reads. Before a job is started, which then takes it.
  /// `given_up`: whether nobody waits any more.
  void wait_for_it(const std::function<bool()>& given_up) const;

  /// What a job reads from, and whose foreground its group becomes.
  [[nodiscard]] int get() const noexcept { return file_.get(); }

  /// What a job writes to, where that needs no pipe: nobody else wants to have it. -1: one is
  /// needed.
  [[nodiscard]] int output(int stream) const noexcept {
    return passes_on_ ? stream_of(stream) : -1;
  }

  /// From a job that has ended.
  void take_back(terminal_modes modes) noexcept;

  /// From a job that was stopped, and to it where this process has the terminal again.
  void take_from_stopped() noexcept;
  void lend_again(pid_t group) noexcept;

 private:
  [[nodiscard]] static int stream_of(int stream) noexcept;
  [[nodiscard]] bool is_ours() const noexcept;

  const descriptor file_;
  const pid_t our_group_;
  const bool passes_on_;
  termios modes_{};                  // before the job
  std::optional<termios> of_job_{};  // of one that is stopped
};

}  // namespace cli
