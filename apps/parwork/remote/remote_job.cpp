#include "remote/remote_job.hpp"

#include <algorithm>
#include <cmath>
#include <ranges>
#include <type_traits>

namespace cli {
namespace {

constexpr std::int64_t longest_time = std::int64_t{10} * 366 * 24 * 3600 * 1'000'000'000;

template <class T>
void put(const T& value, std::string& into) {
  parwork::codec<T>::encode(value, into);
}

template <class T>
T get(std::string_view& from) {
  return parwork::codec<T>::decode(from);
}

bool get_flag(std::string_view& from) {
  const auto value = get<std::uint8_t>(from);
  if (value > 1) throw parwork::codec_error("a flag of a job is neither 0 nor 1");
  return value == 1;
}

std::chrono::nanoseconds get_time(std::string_view& from) {
  const auto value = get<std::int64_t>(from);
  if (value < 0 || value > longest_time) {
    throw parwork::codec_error("a time of a job is negative, or longer than 10 years");
  }
  return std::chrono::nanoseconds(value);
}

double get_seconds(std::string_view& from) {
  const auto value = get<double>(from);
  if (!std::isfinite(value) || value < 0) throw parwork::codec_error("a time of a job is none");
  return value;
}

void check(const remote_job& job) {
  if (job.arguments.empty() || job.arguments.front().empty()) {
    throw parwork::codec_error("a job has no command");
  }
  const slot_place* before = nullptr;
  for (const slot_place& each : job.slots) {
    const bool is_behind = before == nullptr || each.argument > before->argument ||
                           (each.argument == before->argument && each.offset > before->offset);
    if (!is_behind || each.argument >= job.arguments.size() ||
        each.offset >= job.arguments[each.argument].size()) {
      throw parwork::codec_error("a place of the slot is in no argument");
    }
    before = &each;
  }
}

}  // namespace

std::vector<std::string> remote_job::arguments_for(unsigned slot) const {
  std::vector<std::string> all = arguments;
  const std::string number = std::to_string(slot);
  for (const slot_place& each : slots | std::views::reverse) {
    all[each.argument].replace(each.offset, 1, number);
  }
  return all;
}

}  // namespace cli

namespace parwork {

void codec<cli::remote_job>::encode(const cli::remote_job& value, std::string& into) {
  using cli::put;
  put(value.sequence, into);
  put(std::uint32_t{value.attempt}, into);
  put(value.run, into);
  put(value.arguments, into);
  std::vector<std::uint32_t> places;
  for (const cli::slot_place& each : value.slots) {
    places.push_back(each.argument);
    places.push_back(each.offset);
  }
  put(places, into);
  put(value.folder, into);
  put(std::uint8_t{value.has_input}, into);
  put(value.input, into);
  put(std::int64_t{value.timeout.count()}, into);
  put(std::int64_t{value.grace.count()}, into);
  put(std::uint8_t{value.reach == cli::job_reach::tree}, into);
  put(value.items, into);
  put(value.move, into);
  put(std::uint8_t{value.starts_one_program}, into);
}

cli::remote_job codec<cli::remote_job>::decode(std::string_view& from) {
  using cli::get;
  cli::remote_job value;
  value.sequence = get<std::uint64_t>(from);
  value.attempt = get<std::uint32_t>(from);
  value.run = get<std::uint64_t>(from);
  value.arguments = get<std::vector<std::string>>(from);
  const auto places = get<std::vector<std::uint32_t>>(from);
  if (places.size() % 2 != 0) throw codec_error("a place of the slot is cut off");
  for (std::size_t i = 0; i < places.size(); i += 2) {
    value.slots.push_back({places[i], places[i + 1]});
  }
  value.folder = get<std::string>(from);
  value.has_input = cli::get_flag(from);
  value.input = get<std::string>(from);
  value.timeout = cli::get_time(from);
  value.grace = cli::get_time(from);
  value.reach = cli::get_flag(from) ? cli::job_reach::tree : cli::job_reach::group;
  value.items = get<std::uint32_t>(from);
  value.move = get<std::uint32_t>(from);
  value.starts_one_program = cli::get_flag(from);
  cli::check(value);
  return value;
}

void codec<cli::remote_outcome>::encode(const cli::remote_outcome& value, std::string& into) {
  using cli::put;
  put(static_cast<std::uint8_t>(value.why), into);
  put(std::int32_t{value.exit}, into);
  put(std::int32_t{value.signal}, into);
  put(value.message, into);
  put(std::uint8_t{value.can_be_repeated}, into);
  put(std::uint8_t{value.not_here}, into);
  put(value.start, into);
  put(value.duration, into);
  put(std::uint32_t{value.slot}, into);
  put(value.host, into);
  put(value.worker, into);
  put(value.out, into);
  put(value.err, into);
}

cli::remote_outcome codec<cli::remote_outcome>::decode(std::string_view& from) {
  using cli::get;
  cli::remote_outcome value;
  const auto why = get<std::uint8_t>(from);
  if (why > static_cast<std::uint8_t>(cli::cause::spawn)) {
    throw codec_error("a job ended for no known cause");
  }
  value.why = static_cast<cli::cause>(why);
  value.exit = get<std::int32_t>(from);
  value.signal = get<std::int32_t>(from);
  value.message = get<std::string>(from);
  value.can_be_repeated = cli::get_flag(from);
  value.not_here = cli::get_flag(from);
  value.start = cli::get_seconds(from);
  value.duration = cli::get_seconds(from);
  value.slot = get<std::uint32_t>(from);
  if (value.slot == 0 || value.exit < 0 || value.exit > 255 || value.signal < 0 ||
      value.signal > 127) {
    throw codec_error("a job's slot, status or signal cannot be");
  }
  value.host = get<std::string>(from);
  value.worker = get<std::string>(from);
  value.out = get<std::string>(from);
  value.err = get<std::string>(from);
  return value;
}

}  // namespace parwork
