#include "jobs/job_input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "input/combinations.hpp"
#include "input/csv_source.hpp"
#include "output/output_writer.hpp"
#include "support/error.hpp"

namespace cli {

namespace {

// So much is read to count the jobs that were not started.
constexpr std::uint64_t most_to_count = std::uint64_t{64} * 1024 * 1024;

descriptor open_file(const std::string& name, std::uint64_t begin) {
  descriptor file(open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw system_error("the input " + name + " cannot be opened", errno);
  if (begin > 0 && lseek(file.get(), static_cast<off_t>(begin), SEEK_SET) < 0) {
    throw system_error("the input " + name + " cannot be read from where the run began", errno);
  }
  return file;
}

// Empty: standard input.
std::shared_ptr<byte_stream> open_stream(const std::string& file, std::uint64_t begin) {
  if (!file.empty()) return stream_of(open_file(file, begin), file);
  if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
    static_cast<void>(write_all(
        STDERR_FILENO, "parwork: reading items from the terminal, one a line; Ctrl-D ends them\n"));
  }
  return stream_of(descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)), "standard input");
}

item_format format_of(const input_settings& from) {
  return {.delimiter = from.delimiter,
          .blank = from.skip_blank ? blank_items::skipped : blank_items::kept,
          .last = from.is_cut_off ? last_item::is_cut : last_item::counts};
}

block_format format_of_blocks(const input_settings& from) {
  return {.delimiter = from.delimiter,
          .size = from.blocks->size,
          .records = from.blocks->records,
          .header = from.blocks->header,
          .last = format_of(from).last};
}

// Not open where the input is none.
descriptor regular_file(const input_settings& from) {
  descriptor file = from.file.empty() ? descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3))
                                      : open_file(from.file, from.begin);
  struct stat status{};
  return fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) ? std::move(file)
                                                                    : descriptor();
}

std::unique_ptr<block_source> file_blocks_of(const input_settings& from, descriptor file) {
  const off_t at = lseek(file.get(), 0, SEEK_CUR);
  return blocks_of(std::move(file), from.file.empty() ? "standard input" : from.file,
                   static_cast<std::uint64_t>(std::max<off_t>(at, 0)), format_of_blocks(from));
}

std::unique_ptr<item_source> combine(const input_settings& from) {
  std::vector<list_source> lists;
  for (const list_settings& each : from.lists) {
    const auto how = each.paired ? list_joins::paired : list_joins::combined;
    if (each.words) {
      lists.push_back({items_of(*each.words, format_of(from).blank), how,
                       each.paired ? "behind :::+" : "behind :::"});
    } else {
      auto stream = open_stream(each.file, 0);
      std::string name = "of " + stream->name();
      lists.push_back({items_of(std::move(stream), format_of(from)), how, std::move(name)});
    }
  }
  return combinations_of(std::move(lists), from.header ? list_heads::names : list_heads::none);
}

// `stream`: null where items come from the command line.
std::unique_ptr<item_source> source_of(const input_settings& from,
                                       std::shared_ptr<byte_stream> stream) {
  if (!from.lists.empty()) return combine(from);
  if (from.arguments) return items_of(*from.arguments, format_of(from).blank);
  if (!from.csv) return items_of(std::move(stream), format_of(from));
  return csv_records_of(std::move(stream), from.columns.empty() ? ',' : from.columns.front(),
                        format_of(from));
}

void refuse_equal_names(std::vector<std::string> names) {
  std::erase(names, "");  // of columns that nobody asks for
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return;
  throw error("the header has the name '" + *twice +
              "' twice: give the columns other names, or leave out --header and use {1} {2} ...");
}

}  // namespace

job_input::job_input(const input_settings& from, const command_template& command,
                     job_division division)
    : from_(from), command_(command), groups_(from, command, division) {
  if (from.blocks) {
    descriptor file = regular_file(from);
    if (file.is_open()) {
      blocks_ = file_blocks_of(from, std::move(file));
      return;
    }
  }
  const bool has_stream = !from.arguments && from.lists.empty();
  make_source(has_stream ? open_stream(from.file, from.begin) : nullptr);
}

void job_input::make_source(std::shared_ptr<byte_stream> stream) {
  stream_ = std::move(stream);
  if (from_.blocks) {
    blocks_ = blocks_of(stream_, format_of_blocks(from_));
  } else {
    source_ = source_of(from_, stream_);
  }
}

void job_input::keep_in(const std::string& file, std::function<void(std::uint64_t)> whole) {
  // A deleted file is copied as a stream is: nobody finds it again.
  if (!stream_) stream_ = open_stream(from_.file, from_.begin);
  auto kept = std::make_shared<spooled_stream>(stream_, file, std::move(whole));
  const std::lock_guard lock(mutex_);
  copy_ = kept;
  make_source(std::move(kept));
  if (is_stopped_) copy_->stop();
}

std::vector<std::string> job_input::columns_of(const item_group& group) const {
  if (!group.columns.empty()) return group.columns;
  return from_.columns.empty() ? group.items : cut(group.items.front(), from_.columns);
}

std::optional<column_names> job_input::read_header() {
  const auto head = groups_.next(*source_, waiting::for_input);
  if (!head) return std::nullopt;
  header_ = head->items;
  column_names names = columns_of(*head);
  refuse_equal_names(names);
  return names;
}

std::optional<job> job_input::next_block(waiting how) {
  auto block = blocks_->take(how);
  if (!block) return std::nullopt;
  job read;
  read.sequence = ++sequence_;
  read.items = {"block " + std::to_string(sequence_)};
  if (names_blocks_) {
    read.block_key =
        "block of " + std::to_string(block->length) + " bytes, SHA-256 " + block->hash();
  }
  read.block = std::make_shared<const input_block>(*std::move(block));
  return read;
}

std::optional<job> job_input::next() {
  if (blocks_) return next_block(waiting::for_input);
  auto group = groups_.next(*source_, waiting::for_input);
  if (!group) return std::nullopt;
  job read;
  read.sequence = ++sequence_;
  read.whole = group->whole;
  read.columns = columns_of(*group);
  read.items = std::move(group->items);
  return read;
}

void job_input::end_copy() noexcept {
  if (!copy_) return;
  stop();
  copy_->finish();
}

void job_input::stop() noexcept {
  const std::lock_guard lock(mutex_);
  is_stopped_.store(true);
  blocks_ ? blocks_->stop() : source_->stop();
}

std::optional<std::uint64_t> job_input::total() const {
  if (blocks_) return std::nullopt;
  const auto items = source_->total();
  const bool has_head = from_.header && from_.lists.empty();
  if (!items || has_one_each()) {
    return items && has_head && *items > 0 ? std::optional(*items - 1) : items;
  }
  const auto all = source_of(from_, nullptr);
  item_groups alike(from_, command_, groups_.division());
  std::uint64_t jobs = 0;
  while (alike.next(*all, waiting::for_nothing)) ++jobs;
  return jobs;
}

std::optional<std::uint64_t> job_input::count_rest() {
  if (const auto all = total(); all && has_one_each()) return *all - sequence_;
  std::uint64_t jobs = 0;
  if (blocks_) {
    for (std::uint64_t bytes = 0; bytes < most_to_count; ++jobs) {
      const auto block = blocks_->take(waiting::for_nothing);
      if (!block) return has_ended() ? std::optional(jobs) : std::nullopt;
      bytes += block->bytes.size() + sizeof *block;
    }
    return std::nullopt;
  }
  for (std::uint64_t bytes = 0; bytes < most_to_count;) {
    const auto group = groups_.next(*source_, waiting::for_nothing);
    if (!group) return has_ended() ? std::optional(jobs) : std::nullopt;
    ++jobs;
    for (const std::string& each : group->items) bytes += each.size() + sizeof(std::string);
  }
  return std::nullopt;
}

}  // namespace cli
