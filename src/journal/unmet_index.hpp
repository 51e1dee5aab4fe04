// Which records a run has not met yet, by the hashes of their keys: 16 bytes each, and two to four
// for the table. Above a limit it lies in a temporary file, from which the system takes into memory
// what is looked at.
//
// Thread safety: one thread at a time.
//
// Invariants:
// 1. The records of a bucket are chained in the order of their ranks.
// 2. Who removes one needs its link, the place that its predecessor's number of it stands in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace parwork::detail {

class unmet_index {
 public:
  /// For so many records at most. Throws `journal_full` where the temporary folder is full, and
  /// `std::bad_alloc`. `journal` is for messages.
  unmet_index(std::uint64_t records, const std::filesystem::path& journal);
  ~unmet_index();
  unmet_index(const unmet_index&) = delete;
  unmet_index& operator=(const unmet_index&) = delete;

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  /// REQUIRES: a rank below all before. False: it is one more than there is room for.
  [[nodiscard]] bool add(std::uint64_t hash, std::int64_t rank) noexcept;

  using link = std::uint32_t*;
  /// The first record whose key may have this hash, or the first behind another: null, there is
  /// none. One in some 2^50 has another.
  [[nodiscard]] link find(std::uint64_t hash) noexcept;
  [[nodiscard]] link find_behind(link other, std::uint64_t hash) noexcept;
  [[nodiscard]] std::int64_t rank_of(link at) const noexcept { return entries_[*at].rank; }
  /// Which of those that were added it is, from 0.
  [[nodiscard]] std::size_t number_of(link at) const noexcept { return *at - std::size_t{1}; }
  void remove(link at) noexcept { *at = entries_[*at].next; }

 private:
  struct entry {
    std::int64_t rank;
    std::uint32_t tag;   // of the hash, what the bucket does not tell
    std::uint32_t next;  // 0: none
  };

  [[nodiscard]] link find_from(link at, std::uint64_t hash) noexcept;

  std::size_t bytes_;
  void* memory_;
  std::span<entry> entries_;          // the first one is none
  std::span<std::uint32_t> buckets_;  // a power of two
  std::uint32_t last_ = 0;
};

}  // namespace parwork::detail
