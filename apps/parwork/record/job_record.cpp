#include "record/job_record.hpp"

#include <fcntl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "options/command_line.hpp"
#include "support/descriptor.hpp"
#include "support/error.hpp"
#include "support/shell_words.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr std::size_t longest_title = 200;  // bytes

parwork::failure failure_of(const outcome& ended) {
  auto kind = parwork::failure_kind::error;
  if (ended.why == cause::timeout) kind = parwork::failure_kind::timeout;
  if (ended.why == cause::interrupted || ended.why == cause::memory)
    kind = parwork::failure_kind::cancelled;
  if (ended.why == cause::halted && ended.message.empty()) {  // else it could not be started
    kind = parwork::failure_kind::cancelled;
  }
  return {kind, ended.message.empty() ? ended.reason() : ended.message};
}

}  // namespace

const unsigned job_record::most_slots = parwork::most_manual_workers;

job_record::job_record(const std::string& title, unsigned slots,
                       std::chrono::system_clock::time_point began)
    : slots_(slots), recorder_({.title = title}) {
  if (slots > most_slots) {
    throw error("a report shows at most " + std::to_string(most_slots) + " jobs at once, and not " +
                std::to_string(slots) + ": run fewer by -j");
  }
  recorder_.begin({.workers = slots, .item = "job", .lane = "slot", .began = began});
}

void job_record::add(std::string name, const outcome& ended, std::chrono::nanoseconds start,
                     attempt_fate fate) {
  parwork::recorded_attempt attempt{.lane = ended.slot,
                                    .index = ended.sequence - 1,
                                    .name = std::move(name),
                                    .attempt = ended.attempt,
                                    .start = start,
                                    .duration = nanoseconds_of(ended.duration)};
  if (ended.succeeded()) {
    ++succeeded_;
  } else if (fate == attempt_fate::to_be_repeated) {
    attempt.end = parwork::attempt_end::repeated;
    attempt.why = failure_of(ended);
  } else {
    attempt.end = parwork::attempt_end::failed;
    attempt.why = failure_of(ended);
    ++failed_;
  }
  if (ended.attempt > 1) ++retries_;
  ++attempts_;
  recorder_.add(attempt);
}

void job_record::finish(const record_end& end) {
  const std::uint64_t succeeded = succeeded_, failed = failed_;
  parwork::summary counts;
  counts.produced = succeeded + failed + end.not_started;
  counts.succeeded = succeeded;
  counts.failed = failed;
  counts.cancelled = end.not_started;
  counts.retries = retries_;
  counts.wall = end.wall;
  counts.workers = end.slots > 0 ? end.slots : slots_;
  counts.stopped = end.stopped;
  if (end.wall.count() > 0) {
    counts.generator_share =
        static_cast<double>(end.waited_for_input.count()) / static_cast<double>(end.wall.count());
  }
  static_cast<void>(recorder_.finish(counts, end.cpu, end.run_delay));
}

void job_record::write(const std::filesystem::path& file) const {
  try {
    recorder_.write_report(file);
  } catch (const std::system_error& fault) {
    throw system_error("the report " + file.string() + " cannot be written", fault.code().value());
  }
}

std::string title_of(const std::vector<std::string>& arguments) {
  std::string title = "parwork";
  for (const std::string& each : arguments) {
    title.append(1, ' ').append(shell_join({each}));
    if (is_list_mark(each)) break;
  }
  if (title.size() <= longest_title) return title;
  title.resize(longest_title);
  return title.append("...");
}

void require_reports() {
  if (parwork::has_report()) return;
  throw error(
      "this parwork was built without reports (PARWORK_REPORT=OFF); --log has the same figures");
}

prepared_report::prepared_report(std::filesystem::path file) : file_(std::move(file)) {
  is_new_ = !std::filesystem::exists(std::filesystem::symlink_status(file_));
  const descriptor opened(open(file_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (!opened.is_open()) {
    throw system_error("the report " + file_.string() + " cannot be written", errno);
  }
}

prepared_report::~prepared_report() {
  std::error_code ignored;
  if (is_new_ && !used_) std::filesystem::remove(file_, ignored);
}

void refuse_same_file(const std::filesystem::path& report, std::string_view what,
                      const std::filesystem::path& file) {
  std::error_code other;
  if (file.empty() || !std::filesystem::equivalent(report, file, other)) return;
  throw error("the report would overwrite " + std::string(what) + ' ' + file.string() +
              ": give it a file of its own");
}

}  // namespace cli
