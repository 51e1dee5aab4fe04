// The file's format: two tables, and who may open them.
//
// `records` has one row an item, its key (rank) in the order of the input. `journal` has one row
// about all of them. docs/journal.md describes both for people with an SQLite shell.
//
// Thread safety: as the database's.
#pragma once

#include <cstdint>
#include <string>

#include "journal/database.hpp"
#include "parwork/journal_errors.hpp"

namespace parwork::detail {

inline constexpr std::int64_t schema_version = 1;

struct journal_header {
  std::string fingerprint;
  std::string result;  ///< the name of the results' type; empty before the first run
  std::int64_t records = 0;
};

/// Whether the file is empty and wants tables. Throws `journal_corrupt` for another program's
/// database and `journal_version` for another format; changes nothing.
[[nodiscard]] bool is_new(database& in);

/// Makes the tables, all or none.
void create_schema(database& in, const std::string& fingerprint);

/// Settings that SQLite does not keep in the file.
void configure(database& in, durability how);

/// Throws `journal_corrupt` where the header is not what was written.
[[nodiscard]] journal_header read_header(database& in);
void write_header(database& in, const journal_header& header);

}  // namespace parwork::detail
