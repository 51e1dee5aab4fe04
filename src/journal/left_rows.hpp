// Rows that records have left: a record that moves to another rank is written there at once, and
// the row that it leaves is removed with all others at the end of the run, in the order of the
// file. One by one they would be all over the file, and each commit would write most of it.
//
// What was left is noted in the transaction that moves, so a crash in between leaves no record
// twice: who reads passes the rows over, and the next run removes them.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "journal/database.hpp"

namespace parwork::detail {

/// Makes the table in files that are older than it.
void make_left_rows(database& in);

/// Within a transaction.
void note_left_rows(database& in, std::span<const std::int64_t> ranks);

/// Removes them, in a transaction of its own. Throws `journal_corrupt`.
void remove_left_rows(database& in);

/// The rows to be passed over.
class left_rows {
 public:
  /// Takes in what was noted since the last time. Throws `journal_corrupt`.
  void read(database& in);
  [[nodiscard]] bool contains(std::int64_t rank) const noexcept;
  [[nodiscard]] const std::vector<std::int64_t>& ranks() const noexcept { return ranks_; }

 private:
  std::vector<std::int64_t> ranks_;  // ascending
  std::int64_t upto_ = 0;
};

}  // namespace parwork::detail
