// The items of a run, made into jobs.
//
// Thread safety: `next` is called by one thread at a time; `stop` by any. Invariant: jobs are
// numbered from 1 in the order of their items, which is the input's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "input/item_source.hpp"
#include "jobs/job.hpp"
#include "options/settings.hpp"
#include "record/run_file.hpp"

namespace cli {

class job_input {
 public:
  /// `known`: the items of a resumed run whose input was a pipe; null: they come from the settings.
  /// Throws cli::error where the input cannot be opened.
  job_input(const input_settings& from, const std::vector<std::string>* known);

  /// From now on each item is kept in that file as it is read: the input is a pipe.
  void keep_items_in(run_file& marks) noexcept { kept_in_ = &marks; }

  /// Nothing at the end, or when told to stop. Throws cli::error where input cannot be read.
  [[nodiscard]] std::optional<job> next();
  /// Makes a call of next that waits for input return.
  void stop() noexcept;

  /// Whether all items have been read.
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
  /// How many jobs have been read.
  [[nodiscard]] std::uint64_t count() const noexcept { return sequence_; }
  /// How many there are in all, where that is known without reading.
  [[nodiscard]] std::optional<std::uint64_t> total() const { return jobs_of(source_->total()); }
  /// How many are left after next was called for the last time, where that can be told without
  /// waiting.
  [[nodiscard]] std::optional<std::uint64_t> count_rest();

 private:
  [[nodiscard]] std::optional<std::uint64_t> jobs_of(std::optional<std::uint64_t> items) const;

  const input_settings& from_;
  const std::unique_ptr<item_source> source_;
  run_file* kept_in_ = nullptr;
  std::uint64_t sequence_ = 0;
  bool has_ended_ = false;
  std::atomic<bool> is_stopped_ = false;
};

}  // namespace cli
