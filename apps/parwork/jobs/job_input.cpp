#include "jobs/job_input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "output/output_writer.hpp"
#include "support/error.hpp"

namespace cli {

namespace {

descriptor open_file(const input_settings& from) {
  descriptor file(open(from.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw system_error("the input " + from.file + " cannot be opened", errno);
  if (from.begin > 0 && lseek(file.get(), static_cast<off_t>(from.begin), SEEK_SET) < 0) {
    throw system_error("the input " + from.file + " cannot be read from where the run began",
                       errno);
  }
  return file;
}

std::unique_ptr<item_source> open_source(const input_settings& from,
                                         const std::vector<std::string>* known) {
  const auto blank = from.skip_blank ? blank_items::skipped : blank_items::kept;
  if (known != nullptr) return items_of(*known, blank_items::kept);
  if (from.arguments) return items_of(*from.arguments, blank);
  if (!from.file.empty()) return items_of(open_file(from), from.file, from.delimiter, blank);
  if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
    static_cast<void>(write_all(
        STDERR_FILENO, "parwork: reading items from the terminal, one a line; Ctrl-D ends them\n"));
  }
  return items_of(descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)), "standard input",
                  from.delimiter, blank);
}

}  // namespace

job_input::job_input(const input_settings& from, const std::vector<std::string>* known)
    : from_(from), source_(open_source(from, known)) {}

std::optional<job> job_input::next() {
  job read;
  while (read.items.size() < from_.items_per_job) {
    auto item = source_->next();
    if (!item) break;
    read.whole = read.whole && item->whole;
    if (kept_in_ != nullptr) kept_in_->item_read(item->bytes);
    read.items.push_back(std::move(item->bytes));
  }
  if (read.items.size() < from_.items_per_job && !is_stopped_.load()) {
    has_ended_ = true;
    if (kept_in_ != nullptr) kept_in_->input_ended();
  }
  if (read.items.empty()) return std::nullopt;
  read.sequence = ++sequence_;
  read.columns = from_.columns.empty() ? read.items : cut(read.items.front(), from_.columns);
  return read;
}

void job_input::stop() noexcept {
  is_stopped_.store(true);
  source_->stop();
}

std::optional<std::uint64_t> job_input::count_rest() {
  return has_ended_ ? 0 : jobs_of(source_->count_rest());
}

std::optional<std::uint64_t> job_input::jobs_of(std::optional<std::uint64_t> items) const {
  if (!items) return std::nullopt;
  return (*items + from_.items_per_job - 1) / from_.items_per_job;
}

}  // namespace cli
