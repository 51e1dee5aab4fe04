// How one attempt of a job ended, wherever it ran.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "support/status.hpp"

namespace cli {

/// What ended an attempt.
/// `memory`: it gave its memory back, and is started again as if it had not been.
enum class cause : std::uint8_t { exit, signal, timeout, halted, interrupted, spawn, memory };

/// "exit", "signal" ...: as in the log.
[[nodiscard]] std::string_view name_of(cause why) noexcept;

struct job_end {
  cause why = cause::exit;
  int exit = 0;                 // its exit status, where it had one
  int signal = 0;               // the signal it died from, or 0
  std::string message;          // of cause::spawn: why it could not be started
  bool can_be_repeated = true;  // false where another attempt would fail in the same way
  double start = 0;             // Unix time, seconds; by the clock of where it ran
  double duration = 0;          // seconds
  unsigned slot = 0;            // from 1
  std::string host = {};        // of one from elsewhere; empty: this one. Not in a journal

  [[nodiscard]] bool succeeded() const noexcept { return why == cause::exit && exit == 0; }

  /// As a shell tells it: 128 and the signal's number for a death by signal.
  [[nodiscard]] int status() const noexcept {
    return signal != 0 ? status::by_signal + signal : exit;
  }

  /// "exit 3", "killed by signal 9 (KILL)", "timed out": for people.
  [[nodiscard]] std::string reason() const;

  /// It has come to nothing: another attempt would fail in the same way.
  void refuse(int status, std::string told);
};

/// "KILL" of 9; the number where it has no name.
[[nodiscard]] std::string signal_name(int number);

}  // namespace cli
