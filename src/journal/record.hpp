// A record as it stands in the file.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "journal/checksum.hpp"
#include "journal/database.hpp"

namespace parwork::detail {

/// What became of the item. Stored: the numbers are fixed.
enum class record_state : int { success = 0, failure = 1 };

struct record {
  std::int64_t rank = 0;
  std::uint64_t hash = 0;
  std::string key;
  int state = 0;
  unsigned attempts = 0;
  std::string value;
  std::uint64_t checksum = 0;

  /// Whether it is what was written.
  [[nodiscard]] bool is_sound() const noexcept {
    return checksum == record_checksum(rank, key, state, attempts, value) &&
           hash == hash_bytes(key) && (state == 0 || state == 1);
  }
  [[nodiscard]] bool failed() const noexcept {
    return state == static_cast<int>(record_state::failure);
  }
};

/// The columns that `read_record` takes, in its order.
inline constexpr const char* record_columns = "rank, hash, key, state, attempts, value, checksum";

/// REQUIRES: the statement selects record_columns and is at a row.
inline record read_record(statement& row) {
  return {row.number(0),
          static_cast<std::uint64_t>(row.number(1)),
          std::string(row.bytes(2)),
          static_cast<int>(row.number(3)),
          static_cast<unsigned>(row.number(4)),
          std::string(row.bytes(5)),
          static_cast<std::uint64_t>(row.number(6))};
}

}  // namespace parwork::detail
