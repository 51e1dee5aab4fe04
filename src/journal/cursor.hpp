// Finds the records of a run's items while they come, without knowing them all.
//
// Records stand in the file in the order of the input that they came from (by rank), so a run over
// the same input finds each record as the next one: one reading of the file from front to back.
// Where an item is not the next record it is new, or has moved, or records before it have no item
// any more. Then an index is made, once a run, of the records that have not been met yet: after a
// crash those behind the first item that had not been finished. The index comes with copies of the
// records where they fit: then each is read once, in the order of the file, and not where the input
// has it.
//
// Thread safety: one thread at a time. It reads by a connection of its own, so it waits for no
// commit, and sees the file as it was a while ago: what the run changes it does not ask for.
//
// Invariants. `last_` is the rank of the run's last item.
// 1. Ranks that this run gives out ascend, so what it records is never found again by itself.
// 2. Without an index, a record that has not been met has a rank above last_. With one, it is in
//    the index, and nothing else is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "journal/database.hpp"
#include "journal/group.hpp"
#include "journal/record.hpp"
#include "journal/record_copies.hpp"
#include "journal/unmet_index.hpp"

namespace parwork::detail {

class cursor {
 public:
  struct callbacks {
    std::function<void(const change&)> change;   ///< keeps a change for the next commit
    std::function<void(const record&)> damaged;  ///< told of a record that is not sound
  };

  /// `records`: how many the file has. `memory`: for an index and what is read by it, in bytes.
  cursor(const std::filesystem::path& file, std::uint64_t records, callbacks calls,
         std::size_t memory = std::size_t{200} << 20)
      : database_(file, opening::read_only),
        records_(records),
        calls_(std::move(calls)),
        memory_(memory) {}

  /// The next item of the input: its record, or nothing where it is new. `rank` is its place.
  [[nodiscard]] std::optional<record> find(std::string_view key, std::int64_t& rank);

  [[nodiscard]] bool has_index() const noexcept { return index_.has_value(); }

 private:
  [[nodiscard]] const record* next_record();
  void read_ahead();
  void drop_damaged(const record& one);

  [[nodiscard]] std::optional<record> find_indexed(std::string_view key);
  void make_index();
  void read_into_index();
  void put_into_index(std::uint64_t hash, std::int64_t rank);
  [[nodiscard]] std::optional<record> fetch(unmet_index::link at);
  void move(record& found, std::uint64_t hash);
  void age(std::size_t by);

  void skip_to(std::int64_t rank);
  [[nodiscard]] bool pays_to_move_to_the_end() const;
  [[nodiscard]] std::int64_t new_rank();
  [[nodiscard]] std::int64_t rank_at_end();

  database database_;
  const std::uint64_t records_;
  const callbacks calls_;
  const std::size_t memory_;

  std::int64_t last_ = 0;
  std::deque<record> ahead_;  // the next records above last_, in order
  bool at_end_ = false;       // nothing is behind those
  std::int64_t read_upto_ = 0;
  std::optional<unmet_index> index_;
  std::optional<record_copies> copies_;  // of what is in the index, where they are whole
  std::int64_t highest_ = 0;             // rank in the index
  std::int64_t moved_in_a_row_ = 0;
  std::unordered_set<std::int64_t> dropped_;  // ranks of damaged records that have been reported
  std::optional<statement> at_;               // reads one record; prepared with the index
  std::optional<snapshot> moment_;            // what is looked at with the index
  std::size_t age_ = 0;                       // of that
};

}  // namespace parwork::detail
