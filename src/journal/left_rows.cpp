#include "journal/left_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "journal/checksum.hpp"
#include "parwork/codec.hpp"

namespace parwork::detail {

namespace {

constexpr const char* table =
    "CREATE TABLE IF NOT EXISTS left_rows(id INTEGER PRIMARY KEY, ranks BLOB NOT NULL, checksum "
    "INTEGER NOT NULL)";

bool has_table(database& in) {
  return in.number("SELECT count(*) FROM sqlite_master WHERE name = 'left_rows'") != 0;
}

}  // namespace

void make_left_rows(database& in) {
  if (!has_table(in)) in.execute(table);
}

void note_left_rows(database& in, std::span<const std::int64_t> ranks) {
  if (ranks.empty()) return;
  std::string bytes;
  for (const std::int64_t rank : ranks) codec<std::int64_t>::encode(rank, bytes);
  statement(in, "INSERT INTO left_rows(ranks, checksum) VALUES (?, ?)")
      .bind(1, bytes)
      .bind(2, static_cast<std::int64_t>(hash_bytes(bytes)))
      .run();
}

void remove_left_rows(database& in) {
  left_rows all;
  all.read(in);
  if (all.ranks().empty()) return;
  try {
    in.execute("BEGIN IMMEDIATE");
    statement erase(in, "DELETE FROM records WHERE rank = ?");
    for (const std::int64_t rank : all.ranks()) erase.bind(1, rank).run();
    in.execute("DELETE FROM left_rows");
    in.execute("COMMIT");
  } catch (...) {
    in.roll_back();
    throw;
  }
}

void left_rows::read(database& in) {
  if (!has_table(in)) return;
  if (in.number("SELECT max(id) FROM left_rows") < upto_) *this = {};  // they have been removed
  statement query(in, "SELECT id, ranks, checksum FROM left_rows WHERE id > ? ORDER BY id");
  query.bind(1, upto_);
  while (query.step()) {
    std::string_view bytes = query.bytes(1);
    const bool is_sound = static_cast<std::int64_t>(hash_bytes(bytes)) == query.number(2) &&
                          bytes.size() % sizeof(std::int64_t) == 0;
    if (!is_sound) {
      throw journal_corrupt(in.file(),
                            "is damaged where it says which records have moved: restore it from a "
                            "copy, or move it away and start anew");
    }
    while (!bytes.empty()) ranks_.push_back(codec<std::int64_t>::decode(bytes));
    upto_ = query.number(0);
  }
  // Not inplace_merge: libstdc++ 12 builds it on what C++20 has deprecated, and clang-tidy says so.
  std::sort(ranks_.begin(), ranks_.end());
}

bool left_rows::contains(std::int64_t rank) const noexcept {
  return std::ranges::binary_search(ranks_, rank);
}

}  // namespace parwork::detail
