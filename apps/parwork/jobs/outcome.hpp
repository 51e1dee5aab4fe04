// What became of one attempt of a job: its status, and its output as far as it was not shown.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

#include "output/held_output.hpp"
#include "parwork/codec.hpp"
#include "support/status.hpp"

namespace cli {

/// What ended an attempt.
/// `memory`: it gave its memory back, and is started again as if it had not been.
enum class cause : std::uint8_t { exit, signal, timeout, halted, interrupted, spawn, memory };

/// "exit", "signal" ...: as in the log.
[[nodiscard]] std::string_view name_of(cause why) noexcept;

struct outcome {
  cause why = cause::exit;
  int exit = 0;                 // its exit status, where it had one
  int signal = 0;               // the signal it died from, or 0
  std::string message;          // of cause::spawn: why it could not be started
  bool can_be_repeated = true;  // false where another attempt would fail in the same way
  double start = 0;             // Unix time, seconds
  double duration = 0;          // seconds
  unsigned attempt = 0;         // from 1
  unsigned slot = 0;            // from 1
  std::string host = {};        // of one from elsewhere; empty: this one. Not in a journal
  std::uint64_t run = 0;        // which run made it: PARWORK_RUN
  std::uint64_t sequence = 0;   // in that run, from 1
  std::uint64_t out_bytes = 0;  // what it wrote, also what was shown while it ran
  std::uint64_t err_bytes = 0;
  held_output out;
  held_output err;

  [[nodiscard]] bool succeeded() const noexcept { return why == cause::exit && exit == 0; }

  /// As a shell tells it: 128 and the signal's number for a death by signal.
  [[nodiscard]] int status() const noexcept {
    return signal != 0 ? status::by_signal + signal : exit;
  }

  /// Lets output be read that came from a journal.
  void attach(output_store& store) noexcept {
    out.attach(store);
    err.attach(store);
  }

  /// "exit 3", "killed by signal 9 (KILL)", "timed out": for people.
  [[nodiscard]] std::string reason() const;
};

/// "KILL" of 9; the number where it has no name.
[[nodiscard]] std::string signal_name(int number);

}  // namespace cli

/// How a journal keeps outcomes, output included: large output in the file beside it, where the
/// store of the output has one. Output of such a record has to be attached to that store.
template <>
struct parwork::codec<cli::outcome> {
  static void encode(const cli::outcome& value, std::string& into);
  static cli::outcome decode(std::string_view& from);
};
