#include "jobs/job_end.hpp"

#include <csignal>
#include <cstring>
#include <utility>

namespace cli {

std::string_view name_of(cause why) noexcept {
  switch (why) {
    case cause::exit:
      return "exit";
    case cause::signal:
      return "signal";
    case cause::timeout:
      return "timeout";
    case cause::halted:
      return "halted";
    case cause::interrupted:
      return "interrupted";
    case cause::spawn:
      return "spawn";
    case cause::memory:
      return "memory";
  }
  return "";
}

std::string signal_name(int number) {
  const char* const name = sigabbrev_np(number);
  return name != nullptr ? name : std::to_string(number);
}

std::string job_end::reason() const {
  std::string death =
      signal != 0 ? "killed by signal " + std::to_string(signal) + " (" + signal_name(signal) + ")"
                  : "exit " + std::to_string(exit);
  switch (why) {
    case cause::spawn:
      return message.empty() ? "could not be started" : message;
    case cause::timeout:
      return "timed out, " + death;
    case cause::memory:
      return "ended for its memory, " + death;
    case cause::halted:
      return "halted, " + death;
    case cause::interrupted:
      return "interrupted, " + death;
    case cause::exit:
    case cause::signal:
      break;
  }
  return message.empty() ? death : message + ", " + death;
}

void job_end::refuse(int status, std::string told) {
  why = cause::spawn;
  exit = status;
  signal = 0;
  message = std::move(told);
  can_be_repeated = false;
}

}  // namespace cli
