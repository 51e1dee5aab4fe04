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

// Most often what was left is a part of the file, or all of it: one statement for a stretch of it
// takes a third of the time that one for each row does.
class row_remover {
 public:
  explicit row_remover(database& in)
      : there_(in, "SELECT rank FROM records WHERE rank BETWEEN ? AND ? ORDER BY rank"),
        stretch_(in, "DELETE FROM records WHERE rank BETWEEN ? AND ?"),
        one_(in, "DELETE FROM records WHERE rank = ?") {}

  // REQUIRES: ascending.
  void remove(std::span<const std::int64_t> ranks) {
    constexpr std::size_t most = 1'000;
    for (; !ranks.empty(); ranks = ranks.subspan(std::min(most, ranks.size()))) {
      const auto some = ranks.first(std::min(most, ranks.size()));
      if (nothing_between(some)) {
        stretch_.bind(1, some.front()).bind(2, some.back()).run();
      } else {
        for (const std::int64_t rank : some) one_.bind(1, rank).run();
      }
    }
  }

 private:
  bool nothing_between(std::span<const std::int64_t> ranks) {
    const resetting afterwards(there_);
    there_.bind(1, ranks.front()).bind(2, ranks.back());
    for (auto left = ranks.begin(); there_.step(); ++left) {  // the last one is the greatest
      left = std::find_if(left, ranks.end(), [&](auto rank) { return rank >= there_.number(0); });
      if (*left != there_.number(0)) return false;
    }
    return true;
  }

  statement there_, stretch_, one_;
};

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
    row_remover(in).remove(all.ranks());
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
