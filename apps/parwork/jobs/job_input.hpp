// The items of a run, made into jobs.
//
// Thread safety: `next` and `read_header` are called by one thread at a time; `stop` by any.
// Invariant: jobs are numbered from 1 in the order of their items, which is the input's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "input/block_source.hpp"
#include "input/byte_stream.hpp"
#include "input/item_source.hpp"
#include "input/spooled_stream.hpp"
#include "jobs/command_template.hpp"
#include "jobs/item_groups.hpp"
#include "jobs/job.hpp"
#include "options/settings.hpp"

namespace cli {

class job_input {
 public:
  /// `command`: what several items have to fit; it has to outlive this, as `from` has to. Throws
  /// cli::error where the input cannot be opened.
  job_input(const input_settings& from, const command_template& command, job_division division);

  /// Gives each block its key for a journal, which costs reading it. Before the first call of next.
  void name_blocks() noexcept { names_blocks_ = true; }

  /// From now on the stream of items is copied to that file ahead of the jobs, and `whole` is told
  /// when all of it is there: its bytes. Before anything is read. REQUIRES: it is a stream.
  void keep_in(const std::string& file, std::function<void(std::uint64_t)> whole);

  /// Copies what is there, and no more: `whole` is not called afterwards.
  void end_copy() noexcept;

  /// Divides items into jobs as an earlier run did. Before the first call of next.
  void divide_as(job_division division) noexcept { groups_.divide_as(division); }
  [[nodiscard]] const job_division& division() const noexcept { return groups_.division(); }

  /// The columns of the first item, which is no job; nothing as next. Before the first call of
  /// next. Throws cli::error where two of them are the same.
  [[nodiscard]] std::optional<column_names> read_header();

  /// Nothing at the end, or when told to stop. Throws cli::error where input cannot be read.
  [[nodiscard]] std::optional<job> next();
  /// Makes a call of next that waits for input return.
  void stop() noexcept;

  /// Whether all items have been read.
  [[nodiscard]] bool has_ended() const noexcept {
    return blocks_ ? blocks_->has_ended() : source_->has_ended() && groups_.is_empty();
  }
  /// How many jobs have been read.
  [[nodiscard]] std::uint64_t count() const noexcept { return sequence_; }
  /// How many there are in all, where all items are there before the first is read.
  [[nodiscard]] std::optional<std::uint64_t> total() const;
  /// How many are left after next was called for the last time, where that can be told without
  /// waiting.
  [[nodiscard]] std::optional<std::uint64_t> count_rest();

  /// The header as items of the command line.
  [[nodiscard]] const std::vector<std::string>& header() const noexcept { return header_; }

 private:
  void make_source(std::shared_ptr<byte_stream> stream);
  [[nodiscard]] std::optional<job> next_block(waiting how);
  [[nodiscard]] std::vector<std::string> columns_of(const item_group& group) const;
  [[nodiscard]] bool has_one_each() const noexcept {
    return from_.items_per_job == 1 && !from_.fit;
  }

  const input_settings& from_;
  const command_template& command_;
  std::mutex mutex_;                      // of the next four while they are replaced
  std::shared_ptr<spooled_stream> copy_;  // null: none is kept
  std::shared_ptr<byte_stream> stream_;   // null: items of the command line, or several lists
  std::unique_ptr<item_source> source_;   // one of these two
  std::unique_ptr<block_source> blocks_;
  item_groups groups_;
  std::vector<std::string> header_;
  std::uint64_t sequence_ = 0;
  bool names_blocks_ = false;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace cli
