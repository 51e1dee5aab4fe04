// Rows that records have left: all of them go, and no other.
#include "journal/left_rows.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "journal/schema.hpp"
#include "support/temporary_folder.hpp"

namespace {

using parwork::detail::database;
using parwork::detail::statement;

class file_with_rows {
 public:
  explicit file_with_rows(std::int64_t rows) {
    file_.execute("PRAGMA synchronous = OFF");
    parwork::detail::create_schema(file_, "");
    file_.execute("BEGIN");
    for (std::int64_t rank = 1; rank <= rows; ++rank) {
      statement(file_, "INSERT INTO records VALUES (?, 0, '', 0, 1, '', 0)").bind(1, rank).run();
      there_.insert(rank);
    }
    file_.execute("COMMIT");
  }

  void leave(const std::vector<std::int64_t>& ranks) {
    parwork::detail::note_left_rows(file_, ranks);
    for (const std::int64_t rank : ranks) there_.erase(rank);
  }
  void remove_before(std::int64_t rank) {
    statement(file_, "DELETE FROM records WHERE rank = ?").bind(1, rank).run();
  }

  void expect_the_rest() {
    parwork::detail::remove_left_rows(file_);
    std::set<std::int64_t> found;
    statement query(file_, "SELECT rank FROM records");
    while (query.step()) found.insert(query.number(0));
    EXPECT_EQ(found, there_);
    EXPECT_EQ(file_.number("SELECT count(*) FROM left_rows"), 0);
  }

 private:
  temporary_folder folder_;
  database file_{folder_ / "runs.db"};
  std::set<std::int64_t> there_;
};

TEST(left_rows, all_of_a_file) {
  file_with_rows file(3500);
  std::vector<std::int64_t> ranks;
  for (std::int64_t rank = 3500; rank >= 1; --rank) ranks.push_back(rank);
  file.leave(ranks);
  file.expect_the_rest();
}

TEST(left_rows, some_of_a_file) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (const unsigned one_in : {2U, 50U, 1500U}) {
    file_with_rows file(5000);
    std::vector<std::int64_t> ranks;
    for (std::int64_t rank = 1; rank <= 5000; ++rank) {
      if (random() % one_in != 0) ranks.push_back(rank);
    }
    file.leave(ranks);
    file.expect_the_rest();
  }
}

// As `forget` does, which knows keys.
TEST(left_rows, some_that_are_gone_already) {
  file_with_rows file(100);
  file.leave({10, 11, 12, 14, 15});
  file.remove_before(11);
  file.remove_before(15);
  file.expect_the_rest();  // 13 is there
}

}  // namespace
