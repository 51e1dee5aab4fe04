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

// Of the index and of copies or SQLite's pages, as far as the least of both allows.
constexpr std::size_t least_cache = std::size_t{8} << 20;
constexpr std::size_t most_cache = std::size_t{64} << 20;

// So many may move between others in any case.
constexpr std::int64_t few_in_a_row = 1'000;

// A moment is given up before what is written meanwhile makes the log much longer than SQLite's
// usual 8 MiB, whether that is records that move, or new ones, whose results are not known here.
constexpr std::size_t oldest = 1 << 16;
constexpr std::size_t age_of_new = 64;
constexpr std::size_t bytes_of_age = 256;

// No static string: runs may begin before one is made, and after it is destroyed.
std::string records_where(const char* condition) {
  std::string query = "SELECT ";
  return query.append(record_columns).append(" FROM records WHERE ").append(condition);
}

}  // namespace

std::optional<record> cursor::find(std::string_view key, std::int64_t& rank) {
  std::optional<record> found;
  if (!index_) {
    const record* const next = next_record();
    if (next != nullptr && next->key == key) {
      found = std::move(ahead_.front());
      ahead_.pop_front();
      last_ = found->rank;
    } else if (next != nullptr) {
      make_index();
    }
  }
  if (index_) found = find_indexed(key);
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
  statement query(database_, records_where("rank > ? ORDER BY rank LIMIT ?"));
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

// A quarter of a microsecond a record, half of one with its copy: read in the order of the file.
void cursor::make_index() {
  index_.emplace(records_, database_.file());
  const std::size_t pages = memory_ - std::min(memory_, index_->bytes());
  const std::size_t cache = std::clamp(pages, least_cache, most_cache);
  copies_.emplace(cache - least_cache);
  read_into_index();
  if (copies_->is_whole()) return;
  database_.execute(("PRAGMA cache_size = -" + std::to_string(cache >> 10)).c_str());
  at_.emplace(database_, records_where("rank = ?"));
  moment_.emplace(database_);
}

void cursor::read_into_index() {
  const snapshot all(database_);
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
  {
    statement query(database_, records_where("rank > ? ORDER BY rank DESC"));
    query.bind(1, last_);
    while (copies_->is_whole() && query.step()) {
      const record each = read_record(query);
      put_into_index(each.hash, below = each.rank);
      copies_->add(each);
    }
  }
  if (copies_->is_whole()) return;
  statement query(database_,
                  "SELECT rank, hash FROM records WHERE rank > ? AND rank < ? ORDER BY rank DESC");
  query.bind(1, last_).bind(2, below);
  while (query.step()) {
    put_into_index(static_cast<std::uint64_t>(query.number(1)), query.number(0));
  }
}

void cursor::put_into_index(std::uint64_t hash, std::int64_t rank) {
  if (highest_ == 0) highest_ = rank;
  if (index_->add(hash, rank)) return;
  throw journal_corrupt(database_.file(),
                        "is damaged: it has more records than it says. Restore it from a copy, "
                        "or move it away and start anew");
}

// The first of those that have not been met, so records with equal keys come in their order. One
// that the input has passed is moved to where it has it now.
std::optional<record> cursor::find_indexed(std::string_view key) {
  const std::uint64_t hash = hash_bytes(key);
  for (auto at = index_->find(hash); at != nullptr;) {
    auto found = fetch(at);
    const bool is_sound = found && found->is_sound();
    if (is_sound && found->key != key) {  // another key of this hash
      at = index_->find_behind(at, hash);
      continue;
    }
    index_->remove(at);
    if (is_sound) {
      age(1 + (found->key.size() + found->value.size()) / bytes_of_age);
      if (found->rank > last_) {
        skip_to(found->rank);
        moved_in_a_row_ = 0;
      } else {
        move(*found, hash);
      }
      return found;
    }
    if (found) drop_damaged(*found);
    at = index_->find(hash);
  }
  age(age_of_new);
  return std::nullopt;
}

std::optional<record> cursor::fetch(unmet_index::link at) {
  if (copies_->is_whole()) return copies_->at(index_->number_of(at));
  const std::int64_t rank = index_->rank_of(at);
  const auto ahead = std::ranges::lower_bound(ahead_, rank, {}, &record::rank);
  if (ahead != ahead_.end() && ahead->rank == rank) return *ahead;
  const resetting afterwards(*at_);
  at_->bind(1, rank);
  if (!at_->step()) return std::nullopt;
  return read_record(*at_);
}

void cursor::move(record& found, std::uint64_t hash) {
  const std::int64_t from = found.rank;
  ++moved_in_a_row_;
  if (pays_to_move_to_the_end()) {
    skip_to(rank_at_end());
    found.rank = last_;
  } else {
    found.rank = last_ = new_rank();
  }
  found.checksum = moved_checksum(found.checksum, from, found.rank);
  calls_.change({.what = change::kind::move,
                 .rank = from,
                 .to = found.rank,
                 .hash = hash,
                 .state = found.state,
                 .attempts = found.attempts,
                 .checksum = found.checksum,
                 .key = found.key,
                 .value = found.value});
}

// While one moment is looked at SQLite keeps its pages, and its log of what is written meanwhile.
void cursor::age(std::size_t by) {
  if (copies_->is_whole()) return;
  age_ += by;
  if (age_ < oldest) return;
  age_ = 0;
  moment_.reset();
  moment_.emplace(database_);
}

// --- Ranks ---

// What lies between has no item here; it may have one later, by the index.
void cursor::skip_to(std::int64_t rank) {
  while (!ahead_.empty() && ahead_.front().rank <= rank) ahead_.pop_front();
  last_ = rank;
}

// Where more have moved in a row than are to come behind last_: those will move as well, which
// costs no more than has been spent. Records at the end of the file are the cheapest to write.
bool cursor::pays_to_move_to_the_end() const {
  return last_ < highest_ &&
         moved_in_a_row_ > std::max(few_in_a_row, (highest_ - last_) / between_new);
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
    highest = std::max(highest, database_.number("SELECT max(rank) FROM records"));
  }
  if (highest == 0) return first_rank;
  if (highest > std::numeric_limits<std::int64_t>::max() - between_new) {
    throw journal_unwritable(database_.file(),
                             "has as many records as a journal can have: begin another one");
  }
  return highest + between_new;
}

}  // namespace parwork::detail
