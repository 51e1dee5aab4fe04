#include "jobs/outcome.hpp"

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
  }
  return "";
}

std::string signal_name(int number) {
  const char* const name = sigabbrev_np(number);
  return name != nullptr ? name : std::to_string(number);
}

std::string outcome::reason() const {
  std::string death =
      signal != 0 ? "killed by signal " + std::to_string(signal) + " (" + signal_name(signal) + ")"
                  : "exit " + std::to_string(exit);
  switch (why) {
    case cause::spawn:
      return message.empty() ? "could not be started" : message;
    case cause::timeout:
      return "timed out, " + death;
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

namespace {

// What is stored besides strings. The layout is the file's: fields may only be added by another
// version number.
struct stored_numbers {
  std::uint32_t version = 1;
  std::uint32_t why = 0;
  std::int32_t exit = 0;
  std::int32_t signal = 0;
  double start = 0;
  double duration = 0;
  std::uint32_t attempt = 0;
  std::uint32_t slot = 0;
  std::uint64_t run = 0;
  std::uint64_t sequence = 0;
};

constexpr std::uint32_t last_cause = static_cast<std::uint32_t>(cause::spawn);

}  // namespace
}  // namespace cli

namespace parwork {

void codec<cli::outcome>::encode(const cli::outcome& value, std::string& into) {
  const cli::stored_numbers numbers{.why = static_cast<std::uint32_t>(value.why),
                                    .exit = value.exit,
                                    .signal = value.signal,
                                    .start = value.start,
                                    .duration = value.duration,
                                    .attempt = value.attempt,
                                    .slot = value.slot,
                                    .run = value.run,
                                    .sequence = value.sequence};
  codec<cli::stored_numbers>::encode(numbers, into);
  codec<std::string>::encode(value.message, into);
  codec<std::string>::encode(value.out.bytes(), into);
  codec<std::string>::encode(value.err.bytes(), into);
}

cli::outcome codec<cli::outcome>::decode(std::string_view& from) {
  const auto numbers = codec<cli::stored_numbers>::decode(from);
  if (numbers.version != 1 || numbers.why > cli::last_cause) {
    throw codec_error("this is no outcome of a job, or one of another version of parwork");
  }
  cli::outcome value;
  value.why = static_cast<cli::cause>(numbers.why);
  value.exit = numbers.exit;
  value.signal = numbers.signal;
  value.start = numbers.start;
  value.duration = numbers.duration;
  value.attempt = numbers.attempt;
  value.slot = numbers.slot;
  value.run = numbers.run;
  value.sequence = numbers.sequence;
  value.message = codec<std::string>::decode(from);
  value.out = cli::held_output(codec<std::string>::decode(from));
  value.err = cli::held_output(codec<std::string>::decode(from));
  value.out_bytes = value.out.size();
  value.err_bytes = value.err.size();
  return value;
}

}  // namespace parwork
