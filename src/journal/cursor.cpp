#include "journal/cursor.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>

namespace parwork::detail {

namespace {

// Ranks are given out with room between them for items that later runs insert.
constexpr std::int64_t first_rank = std::int64_t{1} << 50;
constexpr std::int64_t between_new = std::int64_t{1} << 30;
constexpr std::int64_t between_inserted = std::int64_t{1} << 10;

// How much is read at once: the lock is held meanwhile, and it is kept in memory.
constexpr std::size_t most_ahead = 512;
constexpr std::size_t bytes_ahead = 1 << 20;

const std::string columns = std::string("SELECT ") + record_columns + " FROM records ";

}  // namespace

cursor::~cursor() {
  if (!indexed_) return;
  const lock_guard guard(lock_);
  above_.reset();
  at_.reset();
  gone_.reset();
  try {
    database_.execute("DROP TABLE temp.unmet");
  } catch (const std::exception&) {
    return;  // it goes with the connection
  }
}

std::optional<record> cursor::find(std::string_view key, std::int64_t& rank) {
  const record* const next = next_record();
  std::optional<record> found;
  if (next != nullptr && next->key == key) {
    found = std::move(ahead_.front());
    ahead_.pop_front();
    last_ = found->rank;
  } else if (next != nullptr || !skipped_.empty()) {
    found = find_elsewhere(key, hash_bytes(key));
  }
  if (!found) last_ = new_rank();
  rank = last_;
  return found;
}

// --- In order ---

// Null: there is none above last_.
const record* cursor::next_record() {
  for (;;) {
    if (ahead_.empty() && !at_end_) read_ahead();
    if (ahead_.empty()) return nullptr;
    if (ahead_.front().is_sound()) return &ahead_.front();
    drop_damaged(ahead_.front());
    ahead_.pop_front();
  }
}

void cursor::read_ahead() {
  const lock_guard guard(lock_);
  statement query(database_, columns + "WHERE rank > ? ORDER BY rank LIMIT ?");
  read_upto_ = std::max(read_upto_, last_);
  query.bind(1, read_upto_).bind(2, static_cast<std::int64_t>(most_ahead));
  std::size_t bytes = 0;
  while (bytes < bytes_ahead && query.step()) {
    ahead_.push_back(read_record(query));
    bytes += ahead_.back().key.size() + ahead_.back().value.size();
    read_upto_ = ahead_.back().rank;
  }
  at_end_ = bytes < bytes_ahead && ahead_.size() < most_ahead;
}

void cursor::drop_damaged(const record& one) {
  if (!dropped_.insert(one.rank).second) return;
  calls_.damaged(one);
  calls_.change({change::kind::erase, one.rank});
}

// --- Elsewhere ---

std::optional<record> cursor::find_elsewhere(std::string_view key, std::uint64_t hash) {
  if (!indexed_) make_index();
  if (auto found = find_ahead(key, hash)) return found;
  return find_skipped(key, hash);
}

// SQLite sorts on the disk where it is much: about a microsecond a record, in bounded memory. Rows
// whose damage shows as what no row may hold are left out.
void cursor::make_index() {
  const lock_guard guard(lock_);
  database_.execute(
      "CREATE TEMP TABLE unmet(hash INTEGER, rank INTEGER, PRIMARY KEY(hash, rank)) WITHOUT ROWID");
  indexed_ = true;
  statement fill(
      database_,
      "INSERT OR IGNORE INTO temp.unmet SELECT hash, rank FROM main.records WHERE rank > ? "
      "ORDER BY hash, rank");
  fill.bind(1, last_).run();
}

std::optional<std::int64_t> cursor::indexed_above(std::uint64_t hash, std::int64_t rank) {
  const lock_guard guard(lock_);
  statement& query = prepared(
      above_, "SELECT rank FROM temp.unmet WHERE hash = ? AND rank > ? ORDER BY rank LIMIT 1");
  const resetting afterwards(query);
  query.bind(1, static_cast<std::int64_t>(hash)).bind(2, rank);
  if (!query.step()) return std::nullopt;
  return query.number(0);
}

// Nothing where the record is another key's with an equal hash, or damaged.
std::optional<record> cursor::read_at(std::int64_t rank, std::string_view key) {
  std::optional<record> found;
  {
    const lock_guard guard(lock_);
    statement& query = prepared(at_, columns + "WHERE rank = ?");
    const resetting afterwards(query);
    query.bind(1, rank);
    if (query.step()) found = read_record(query);
  }
  if (!found || found->key != key) return std::nullopt;
  if (found->is_sound()) return found;
  forget_indexed(found->hash, rank);
  drop_damaged(*found);
  return std::nullopt;
}

std::optional<record> cursor::find_ahead(std::string_view key, std::uint64_t hash) {
  for (std::int64_t at = last_;;) {
    const auto rank = indexed_above(hash, at);
    if (!rank) return std::nullopt;
    if (auto found = read_at(*rank, key)) {
      skip_to(*rank);
      return found;
    }
    at = *rank;
  }
}

// It is moved to where the input has it now. The ranges and the key's records are walked together,
// so neither many ranges nor many records of the key make it slow.
std::optional<record> cursor::find_skipped(std::string_view key, std::uint64_t hash) {
  for (auto range = skipped_.begin(); range != skipped_.end();) {
    auto rank = indexed_above(hash, range->after);
    if (!rank || *rank > last_) return std::nullopt;
    while (rank && *rank < range->before) {
      if (auto found = read_at(*rank, key)) {
        forget_indexed(hash, *rank);
        const std::int64_t to = new_rank();
        calls_.change({.what = change::kind::move,
                       .rank = *rank,
                       .to = to,
                       .checksum = moved_checksum(found->checksum, *rank, to)});
        found->rank = last_ = to;
        return found;
      }
      rank = indexed_above(hash, *rank);
    }
    if (!rank) return std::nullopt;
    range = std::partition_point(range, skipped_.end(),
                                 [&](const skipped_range& r) { return r.before <= *rank; });
  }
  return std::nullopt;
}

void cursor::forget_indexed(std::uint64_t hash, std::int64_t rank) {
  const lock_guard guard(lock_);
  prepared(gone_, "DELETE FROM temp.unmet WHERE hash = ? AND rank = ?")
      .bind(1, static_cast<std::int64_t>(hash))
      .bind(2, rank)
      .run();
}

statement& cursor::prepared(std::optional<statement>& one, std::string_view sql) {
  if (!one) one.emplace(database_, sql);
  return *one;
}

// --- Ranks ---

// What lies between has no item here; it may have one later.
void cursor::skip_to(std::int64_t rank) {
  skipped_.push_back({last_, rank});
  while (!ahead_.empty() && ahead_.front().rank <= rank) ahead_.pop_front();
  last_ = rank;
}

// Above last_ and below the next record.
std::int64_t cursor::new_rank() {
  const record* const next = next_record();
  if (next == nullptr) return rank_at_end();
  const std::int64_t room = next->rank - last_;
  if (room >= 2) return last_ + std::min(between_inserted, room / 2);
  // A million items were inserted here. This one goes to the end, and those that follow it with it:
  // for_each shows the input's order all the same, once they have all been met.
  const std::int64_t to = rank_at_end();
  skip_to(to);
  return to;
}

std::int64_t cursor::rank_at_end() {
  std::int64_t highest = last_;
  if (!at_end_ || !ahead_.empty()) {
    const lock_guard guard(lock_);
    highest = std::max(highest, database_.number("SELECT max(rank) FROM records"));
  }
  if (highest == 0) return first_rank;
  if (highest > std::numeric_limits<std::int64_t>::max() - between_new) {
    throw journal_corrupt(database_.file(),
                          "has as many records as a journal can have: begin another one");
  }
  return highest + between_new;
}

}  // namespace parwork::detail
