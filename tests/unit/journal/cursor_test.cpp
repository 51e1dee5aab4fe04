// Inputs that change between runs, at random and in the cases that are hard.
#include "journal/cursor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "journal/schema.hpp"
#include "parwork/journal.hpp"
#include "support/temporary_folder.hpp"

namespace {

using parwork::detail::change;
using parwork::detail::cursor;
using parwork::detail::database;
using parwork::detail::record;
using parwork::detail::statement;

using strings = std::vector<std::string>;

// --- At random: what a multiset would say ---

class changing_input {
 public:
  explicit changing_input(std::mt19937& random) : random_(random) {}

  [[nodiscard]] const strings& items() const { return items_; }

  void change() {
    for (unsigned edits = below(4) + 1; edits > 0; --edits) edit();
  }

 private:
  unsigned below(std::size_t limit) { return random_() % static_cast<unsigned>(limit); }
  std::string new_item() { return "k" + std::to_string(below(6) == 0 ? below(20) : ++newest_); }

  void edit() {
    const auto at = items_.begin() + below(items_.size() + 1);
    const auto to = at + below(static_cast<std::size_t>(items_.end() - at) + 1);
    switch (below(6)) {
      case 0:
        items_.erase(at, to);
        break;
      case 1:
        std::reverse(at, to);
        break;
      case 2:
        std::shuffle(at, to, random_);
        break;
      case 3:
        std::rotate(items_.begin(), at, items_.end());
        break;
      default: {
        strings fresh;
        for (unsigned n = below(60); n > 0; --n) fresh.push_back(new_item());
        items_.insert(at, fresh.begin(), fresh.end());
      }
    }
  }

  std::mt19937& random_;
  strings items_;
  unsigned newest_ = 100;
};

bool is_subsequence(const strings& part, const strings& whole) {
  auto at = whole.begin();
  for (const auto& each : part) {
    at = std::find(at, whole.end(), each);
    if (at == whole.end()) return false;
    ++at;
  }
  return true;
}

TEST(journal_cursor, finds_what_a_multiset_would_in_any_input) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int program = 0; program < 15; ++program) {
    const temporary_folder folder;
    changing_input input(random);
    std::map<std::string, std::size_t> recorded;
    for (int round = 0; round < 12; ++round) {
      input.change();
      std::map<std::string, std::size_t> expected, worked;
      for (const auto& item : input.items()) ++expected[item];
      std::mutex lock;
      strings collected;
      parwork::journal j{folder / "runs.db", {.durability = parwork::durability::process}};
      (void)parwork::process(
          j, input.items(),
          [&](const std::string& item) {
            const std::lock_guard guard(lock);
            ++worked[item];
            return item;
          },
          [&](std::string item) { collected.push_back(std::move(item)); },
          {.order = parwork::ordering::input});
      ASSERT_EQ(collected, input.items());
      for (const auto& [item, count] : expected) {
        const std::size_t known = std::min(recorded[item], count);
        ASSERT_EQ(worked[item], count - known) << item << " in round " << round;
        recorded[item] = std::max(recorded[item], count);
      }
      strings kept;
      j.for_each([&](const parwork::journal_record& r) { kept.emplace_back(r.key()); });
      ASSERT_TRUE(is_subsequence(input.items(), kept)) << "in round " << round;
    }
  }
}

// --- One file, made by hand ---

// With room for copies of the records in memory, and without.
class cursor_over : public testing::TestWithParam<std::size_t> {
 protected:
  cursor_over() {
    file_.execute("PRAGMA synchronous = OFF");
    parwork::detail::create_schema(file_, "");
  }

  void put(std::int64_t rank, const std::string& key) {
    statement insert(file_, std::string("INSERT INTO records(") + parwork::detail::record_columns +
                                ") VALUES (?, ?, ?, 0, 1, ?, ?)");
    insert.bind(1, rank)
        .bind(2, static_cast<std::int64_t>(parwork::detail::hash_bytes(key)))
        .bind(3, key)
        .bind(4, std::string_view("value"))
        .bind(5,
              static_cast<std::int64_t>(parwork::detail::record_checksum(rank, key, 0, 1, "value")))
        .run();
  }

  temporary_folder folder_;
  database file_{folder_ / "runs.db"};
  std::vector<change> changes_;
  strings damaged_;
  cursor::callbacks calls_{[this](const change& c) { changes_.push_back(c); },
                           [this](const record& r) { damaged_.push_back(r.key); }};
};

TEST_P(cursor_over, neighbours_without_room_gives_ranks_that_ascend_all_the_same) {
  put(5, "a");
  put(6, "b");
  put(7, "c");
  cursor records(file_.file(), 5000, calls_, GetParam());
  std::set<std::int64_t> ranks{5, 6, 7};
  std::int64_t last = 0, rank = 0;
  for (const std::string key : {"a", "new 1", "new 2", "b", "new 3", "c", "new 4"}) {
    const bool is_new = key.starts_with("new");
    EXPECT_EQ(records.find(key, rank).has_value(), !is_new) << key;
    EXPECT_GT(rank, last) << key;
    EXPECT_EQ(ranks.contains(rank), key == "a") << key;
    ranks.insert(rank);
    last = rank;
  }
  EXPECT_EQ(changes_.size(), 2U);  // b and c moved behind
}

TEST_P(cursor_over, unchanged_input_makes_no_index) {
  for (int i = 1; i <= 2000; ++i) put(i * 1000, std::to_string(i));
  cursor records(file_.file(), 5000, calls_, GetParam());
  std::int64_t rank = 0;
  for (int i = 1; i <= 2000; ++i) ASSERT_TRUE(records.find(std::to_string(i), rank)) << i;
  for (int i = 2001; i <= 3000; ++i) ASSERT_FALSE(records.find(std::to_string(i), rank)) << i;
  EXPECT_FALSE(records.has_index());
  EXPECT_TRUE(changes_.empty());
}

TEST_P(cursor_over, damaged_records_are_reported_dropped_and_not_found) {
  for (int i = 1; i <= 10; ++i) put(i * 1000, std::to_string(i));
  file_.execute("UPDATE records SET value = 'other' WHERE key IN (CAST('3' AS BLOB))");
  file_.execute("UPDATE records SET attempts = 9 WHERE key = CAST('7' AS BLOB)");
  file_.execute("UPDATE records SET rank = 5500 WHERE key = CAST('5' AS BLOB)");
  file_.execute("UPDATE records SET hash = 1 WHERE key = CAST('9' AS BLOB)");
  file_.execute("UPDATE records SET state = 1 WHERE key = CAST('10' AS BLOB)");
  cursor records(file_.file(), 5000, calls_, GetParam());
  std::int64_t rank = 0;
  for (int i = 1; i <= 10; ++i) {
    const bool is_damaged = i == 3 || i == 5 || i == 7 || i == 9 || i == 10;
    EXPECT_EQ(records.find(std::to_string(i), rank).has_value(), !is_damaged) << i;
  }
  EXPECT_EQ(damaged_, (strings{"3", "5", "7", "9", "10"}));
  EXPECT_EQ(std::ranges::count(changes_, change::kind::erase, &change::what), 5);
}

TEST_P(cursor_over, keys_of_equal_hash_are_told_apart) {
  put(1000, "a");
  put(2000, "b");
  // As if "x" had the hash of "b": what is found under it is sound, and another key's.
  const auto hash = static_cast<std::int64_t>(parwork::detail::hash_bytes("x"));
  file_.execute(
      ("UPDATE records SET hash = " + std::to_string(hash) + " WHERE rank = 2000").c_str());
  cursor records(file_.file(), 2, calls_, GetParam());
  std::int64_t rank = 0;
  EXPECT_FALSE(records.find("x", rank));
  EXPECT_TRUE(records.find("a", rank));
}

TEST_P(cursor_over, more_records_than_the_file_says_are_damage) {
  for (int i = 1; i <= 10; ++i) put(i * 1000, std::to_string(i));
  cursor records(file_.file(), 9, calls_, GetParam());
  std::int64_t rank = 0;
  EXPECT_THROW((void)records.find("2", rank), parwork::journal_corrupt);
}

TEST_P(cursor_over, another_order_moves_records_to_the_end) {
  constexpr int count = 5000;
  strings keys;
  for (int i = 1; i <= count; ++i) {
    put(std::int64_t{i} << 30, std::to_string(i));
    keys.push_back(std::to_string(i));
  }
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::shuffle(keys.begin(), keys.end(), std::mt19937(seed));
  cursor records(file_.file(), count, calls_, GetParam());
  std::int64_t last = 0, rank = 0;
  for (const auto& key : keys) {
    const auto found = records.find(key, rank);
    ASSERT_TRUE(found && found->is_sound()) << key;
    ASSERT_EQ(found->key, key);
    ASSERT_GT(rank, last) << key;
    last = rank;
  }
  EXPECT_FALSE(records.find("new", rank));
  EXPECT_GT(rank, last);
  EXPECT_GT(last, std::int64_t{count} << 30);
}

TEST_P(cursor_over, some_that_moved_leave_the_others_where_they_are) {
  constexpr int count = 5000, moved = 500;
  for (int i = 1; i <= count; ++i) put(std::int64_t{i} << 30, std::to_string(i));
  cursor records(file_.file(), count, calls_, GetParam());
  std::int64_t rank = 0;
  const auto find = [&](int i) { ASSERT_TRUE(records.find(std::to_string(i), rank)) << i; };
  for (int i = moved + 1; i <= 2 * moved; ++i) find(i);
  for (int i = 1; i <= moved; ++i) find(i);
  for (int i = 2 * moved + 1; i <= count; ++i) find(i);
  EXPECT_EQ(changes_.size(), std::size_t{moved});
}

INSTANTIATE_TEST_SUITE_P(memory, cursor_over, testing::Values(std::size_t{200} << 20, 0));

TEST_P(cursor_over, ranks_that_run_out_say_so) {
  put(std::numeric_limits<std::int64_t>::max() - 1, "a");
  cursor records(file_.file(), 5000, calls_, GetParam());
  std::int64_t rank = 0;
  EXPECT_TRUE(records.find("a", rank));
  EXPECT_THROW((void)records.find("b", rank), parwork::journal_unwritable);
}

}  // namespace
