// Copies of records in memory, for a run whose input has another order than the file: each of them
// would be read from another page. As many as fit a limit, or none.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "journal/record.hpp"

namespace parwork::detail {

class record_copies {
 public:
  /// `most`: bytes.
  explicit record_copies(std::size_t most) : most_(most) {}

  /// REQUIRES: it is whole. False where it does not fit: then all are forgotten for good.
  bool add(const record& one);

  /// Whether all that were added are here.
  [[nodiscard]] bool is_whole() const noexcept { return whole_; }

  /// The n-th that was added, from 0. REQUIRES: it is whole.
  [[nodiscard]] record at(std::size_t n) const;

 private:
  static constexpr std::size_t chunk_size = std::size_t{1} << 20;

  // What stands before the bytes of its key and its value.
  struct header {
    std::int64_t rank;
    std::uint64_t hash, checksum;
    std::uint32_t key, value;  // bytes
    int state;
    unsigned attempts;
  };

  const std::size_t most_;
  bool whole_ = true;
  std::size_t used_ = 0;          // of all
  std::size_t free_in_last_ = 0;  // bytes of the last chunk
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::vector<const char*> records_;
};

}  // namespace parwork::detail
