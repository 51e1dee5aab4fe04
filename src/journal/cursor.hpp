// Finds the records of a run's items while they come, without knowing them all.
//
// Records stand in the file in the order of the input that they came from (by rank), so a run over
// the same input finds each record as the next one: one reading of the file from front to back.
// Where an item is not the next record it is new, or has moved, or records before it have no item
// any more. Then an index is made, once a run and on the disk, of the records that have not been
// met yet: after a crash those behind the first item that had not been finished.
//
// Thread safety: one thread at a time. Reads of the file are under its lock.
//
// Invariants. `last_` is the rank of the run's last item.
// 1. Ranks that this run gives out ascend, so what it records is never found again by itself.
// 2. A record that has not been met has a rank above last_, or lies within one of the ranges that
//    were skipped; nothing else lies there.
// 3. So where no record is above last_ and nothing was skipped, every further item is new.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "journal/database.hpp"
#include "journal/group.hpp"
#include "journal/record.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::detail {

class cursor {
 public:
  struct callbacks {
    std::function<void(const change&)> change;   ///< keeps a change for the next commit
    std::function<void(const record&)> damaged;  ///< told of a record that is not sound
  };

  cursor(database& in, mutex& lock, callbacks calls)
      : database_(in), lock_(lock), calls_(std::move(calls)) {}
  ~cursor();
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;

  /// The next item of the input: its record, or nothing where it is new. `rank` is its place.
  [[nodiscard]] std::optional<record> find(std::string_view key, std::int64_t& rank);

 private:
  struct skipped_range {  // both ends are items of this run, and not in it
    std::int64_t after, before;
  };

  [[nodiscard]] const record* next_record();
  void read_ahead();
  void drop_damaged(const record& one);

  [[nodiscard]] std::optional<record> find_elsewhere(std::string_view key, std::uint64_t hash);
  void make_index();
  [[nodiscard]] std::optional<std::int64_t> indexed_above(std::uint64_t hash, std::int64_t rank);
  [[nodiscard]] std::optional<record> read_at(std::int64_t rank, std::string_view key);
  [[nodiscard]] std::optional<record> find_ahead(std::string_view key, std::uint64_t hash);
  [[nodiscard]] std::optional<record> find_skipped(std::string_view key, std::uint64_t hash);
  void forget_indexed(std::uint64_t hash, std::int64_t rank);
  [[nodiscard]] statement& prepared(std::optional<statement>& one, std::string_view sql)
      PARWORK_REQUIRES(lock_);

  void skip_to(std::int64_t rank);
  [[nodiscard]] std::int64_t new_rank();
  [[nodiscard]] std::int64_t rank_at_end();

  database& database_;
  mutex& lock_;
  const callbacks calls_;

  std::int64_t last_ = 0;
  std::deque<record> ahead_;  // the next records above last_, in order
  bool at_end_ = false;       // nothing is behind those
  std::int64_t read_upto_ = 0;
  std::vector<skipped_range> skipped_;  // ascending
  bool indexed_ = false;
  std::unordered_set<std::int64_t> dropped_;    // ranks of damaged records that have been reported
  std::optional<statement> above_, at_, gone_;  // prepared when first needed
};

}  // namespace parwork::detail
