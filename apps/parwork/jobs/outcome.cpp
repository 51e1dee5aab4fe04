#include "jobs/outcome.hpp"

#include <vector>

namespace cli {

namespace {

// What is stored besides strings. The layout is the file's: fields may only be added by another
// version number. Version 2 names blocks of the file beside the journal in place of the output.
constexpr std::uint32_t with_output = 1;
constexpr std::uint32_t with_blocks = 2;

struct stored_numbers {
  std::uint32_t version = with_output;
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

// As much as a group of a journal takes: such a record is a group of its own anyway, so that one
// wait more for the disk does not matter.
constexpr std::uint64_t most_in_a_record = std::uint64_t{256} * 1024;

std::uint32_t version_for(const outcome& value) {
  const bool fits = value.out.size() + value.err.size() <= most_in_a_record;
  const bool can = value.out.can_be_recorded() && value.err.can_be_recorded();
  return fits || !can ? with_output : with_blocks;
}

void put_output(const held_output& from, std::uint32_t version, std::string& into) {
  if (version == with_output) {
    parwork::codec<std::string>::encode(from.bytes(), into);
  } else {
    parwork::codec<std::vector<recorded_block>>::encode(from.record(), into);
  }
}

held_output get_output(std::uint32_t version, std::string_view& from) {
  if (version == with_output) return held_output(parwork::codec<std::string>::decode(from));
  const auto blocks = parwork::codec<std::vector<recorded_block>>::decode(from);
  for (const recorded_block& each : blocks) {
    if (each.length == 0 || each.length > output_store::block_size) {
      throw parwork::codec_error("this is no outcome of a job: a block has an impossible length");
    }
  }
  return held_output(blocks);
}

}  // namespace
}  // namespace cli

namespace parwork {

void codec<cli::outcome>::encode(const cli::outcome& value, std::string& into) {
  const cli::stored_numbers numbers{.version = cli::version_for(value),
                                    .why = static_cast<std::uint32_t>(value.why),
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
  cli::put_output(value.out, numbers.version, into);
  cli::put_output(value.err, numbers.version, into);
}

cli::outcome codec<cli::outcome>::decode(std::string_view& from) {
  const auto numbers = codec<cli::stored_numbers>::decode(from);
  const bool is_known = numbers.version == cli::with_output || numbers.version == cli::with_blocks;
  if (!is_known || numbers.why > cli::last_cause) {
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
  value.out = cli::get_output(numbers.version, from);
  value.err = cli::get_output(numbers.version, from);
  value.out_bytes = value.out.size();
  value.err_bytes = value.err.size();
  return value;
}

}  // namespace parwork
