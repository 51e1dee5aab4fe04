// Items put together for jobs: as many as asked for, or as many as fit, and never more than one
// command line holds.
//
// Thread safety: one thread at a time; `stop` of the source by any.
//
// Invariants:
// 1. Items stay in order, and each is in one group. No group is empty.
// 2. A group of several fits a command line. An item that no command line can hold, or that has a
//    NUL byte, is alone in its group: its job fails, and no other.
// 3. Of what was read at most a command line's items, or `window` bytes of them, wait for their
//    group; with a fixed number of items at most one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "input/item_source.hpp"
#include "jobs/command_template.hpp"
#include "jobs/job_division.hpp"
#include "options/settings.hpp"

namespace cli {

/// For jobs that this process starts: what execve(2) allows, without the environment.
[[nodiscard]] std::size_t room_for_arguments() noexcept;

struct item_group {
  std::vector<std::string> items;
  std::vector<std::string> columns = {};  // of a combination, which are its items too, or of CSV
  bool whole = true;                      // false: its item was too long to be kept
};

class item_groups {
 public:
  /// `command` has to outlive it.
  item_groups(const input_settings& from, const command_template& command, job_division division)
      : from_(from), command_(command), division_(division) {}

  /// Before the first call of next.
  void divide_as(job_division division) noexcept { division_ = division; }
  [[nodiscard]] const job_division& division() const noexcept { return division_; }

  /// The next group of that source's items; nothing as item_source::take.
  [[nodiscard]] std::optional<item_group> next(item_source& source, waiting how);

  /// Whether no item waits for its group.
  [[nodiscard]] bool is_empty() const noexcept { return waiting_.empty(); }

 private:
  [[nodiscard]] bool fits(const line_length& line) const noexcept;
  [[nodiscard]] std::optional<item_group> next_of(std::uint64_t most, item_source& source,
                                                  waiting how);
  [[nodiscard]] std::optional<item_group> next_that_fits(item_source& source, waiting how);
  [[nodiscard]] std::size_t count_that_fit(item_source& source, waiting how);
  [[nodiscard]] bool read_ahead(item_source& source, waiting how);
  [[nodiscard]] item_group group_of(std::size_t count);

  const input_settings& from_;
  const command_template& command_;
  job_division division_;
  std::deque<input_item> waiting_;
  std::size_t bytes_waiting_ = 0;
  unsigned slots_used_ = 0;  // by groups that the last items were spread over
};

}  // namespace cli
