// Bytes that change and files that are cut: the run throws one of the journal's errors or is
// complete, what is damaged is reported and done again, and never is a wrong result collected.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "journal/database.hpp"
#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/rounds.hpp"
#include "support/temporary_folder.hpp"
#include "unit/journal/sample_run.hpp"

namespace {

namespace fs = std::filesystem;
using parwork::journal;
using strings = std::vector<std::string>;

constexpr std::size_t page = 4096;

struct outcome {
  strings collected;
  std::size_t worked = 0;
  std::size_t reported = 0;
};

// Throws the journal's errors.
outcome run(const fs::path& file, int items) {
  outcome out;
  journal j{file,
            {.durability = parwork::durability::process,
             .on_damage = [&](const parwork::journal_damage&) { ++out.reported; }}};
  (void)parwork::process(
      j, sample_items(items),
      [&](const std::string& item) {
        ++out.worked;
        return sample_work(item);
      },
      [&](const parwork::completion<std::string, std::string>& done) {
        out.collected.push_back(sample_line(done));
      },
      {.workers = 1, .order = parwork::ordering::input});
  return out;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class damaged_journal : public testing::Test {
 protected:
  // A finished journal of so many items, and what its run collected.
  void make(int items) {
    items_ = items;
    undisturbed_ = run(file_, items).collected;
    whole_ = bytes_of(file_);
    ASSERT_EQ(whole_.size() % page, 0U);
    ASSERT_TRUE(undisturbed_.size() == static_cast<std::size_t>(items));
  }

  // Runs over the file with these bytes in place of its own.
  void run_over(const std::string& bytes) {
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << bytes;
    try {
      const outcome out = run(file_, items_);
      EXPECT_EQ(out.collected, undisturbed_);
      ++(out.worked > 0 ? redone_ : unharmed_);
      reported_ += out.reported;
    } catch (const parwork::journal_corrupt& error) {
      ++refused_;
    } catch (const parwork::journal_version& error) {
      ++refused_;  // the byte that says so is the one that changed
    }
    for (const char* side : {"-wal", "-shm"}) fs::remove(file_.string() + side);
  }

  temporary_folder folder_;
  const fs::path file_ = folder_ / "runs.db";
  int items_ = 0;
  std::string whole_;
  strings undisturbed_;
  int unharmed_ = 0, redone_ = 0, refused_ = 0;
  std::size_t reported_ = 0;
};

TEST_F(damaged_journal, byte_of_the_last_page_that_flips_costs_no_more_than_doing_it_again) {
  make(100);
  // It holds records, and is nearly full.
  ASSERT_NE(whole_.find("item 97", whole_.size() - page), std::string::npos);
  // All of them; a sanitizer's build, which takes long for each, tries some of these runs.
  const std::size_t step = parwork_test::runs_slowly ? 7 : 1;
  for (std::size_t at = whole_.size() - page; at < whole_.size() && !HasFailure(); at += step) {
    SCOPED_TRACE("byte " + std::to_string(at));
    std::string flipped = whole_;
    flipped[at] = static_cast<char>(~flipped[at]);
    run_over(flipped);
  }
  EXPECT_GT(redone_, 1000 / static_cast<int>(step)) << "most of the page is records";
  EXPECT_GT(reported_, 1000 / step);
}

TEST_F(damaged_journal, bit_of_any_page_that_flips_costs_no_more_than_doing_it_again) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  make(400);
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    std::string flipped = whole_;
    const std::size_t at = random() % flipped.size();
    SCOPED_TRACE("byte " + std::to_string(at));
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    run_over(flipped);
  }
  EXPECT_GT(redone_, 0);
}

TEST_F(damaged_journal, file_that_is_cut_is_refused_or_done_again) {
  make(90);
  for (std::size_t cut = 1; cut <= page && !HasFailure(); cut += cut < 8 ? 1 : 7) {
    SCOPED_TRACE("without the last " + std::to_string(cut) + " bytes");
    run_over(whole_.substr(0, whole_.size() - cut));
  }
  for (std::size_t left = 0; left < whole_.size() && !HasFailure(); left += 1000) {
    SCOPED_TRACE("the first " + std::to_string(left) + " bytes");
    run_over(whole_.substr(0, left));
  }
  EXPECT_GT(refused_, 0);
}

TEST_F(damaged_journal, log_that_is_damaged_loses_what_it_held_and_no_more) {
  make(90);
  // A run that was killed leaves a log behind; here it is that of a copy made in the run.
  const fs::path copy = folder_ / "copy.db";
  {
    journal j{file_};
    (void)parwork::process(j, sample_items(300), sample_work,
                           [](const parwork::completion<std::string, std::string>&) {});
    for (const char* part : {"", "-wal"}) {
      fs::copy_file(file_.string() + part, copy.string() + part);
    }
  }
  const std::string main = bytes_of(copy), log = bytes_of(copy.string() + "-wal");
  ASSERT_GT(log.size(), 10 * page);
  std::mt19937 random(1);
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    std::string flipped = log;
    const std::size_t at = random() % flipped.size();
    flipped[at] = static_cast<char>(~flipped[at]);
    std::ofstream(copy, std::ios::binary | std::ios::trunc) << main;
    std::ofstream(copy.string() + "-wal", std::ios::binary | std::ios::trunc)
        << flipped.substr(0, round % 3 == 0 ? at : std::string::npos);
    fs::remove(copy.string() + "-shm");
    const outcome out = run(copy, 90);
    EXPECT_EQ(out.collected, undisturbed_);
    EXPECT_EQ(out.worked, 0U) << "these were not in the log";
  }
}

// --- Files that are not what they should be ---

class refused_file : public testing::Test {
 protected:
  template <class Error>
  std::string refusal() {
    const std::string before = bytes_of(file_);
    std::string message;
    try {
      journal j{file_};
      ADD_FAILURE() << "it was opened";
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_TRUE(bytes_of(file_) == before) << "a file that is refused must not be changed";
    EXPECT_NE(message.find(file_.string()), std::string::npos) << message;
    return message;
  }

  temporary_folder folder_;
  const fs::path file_ = folder_ / "runs.db";
};

TEST_F(refused_file, of_another_format_is_named_with_both_versions) {
  for (const int version : {0, 2, 1000}) {
    {
      journal j{file_};
    }
    {
      parwork::detail::database raw(file_);
      raw.execute(("PRAGMA user_version = " + std::to_string(version)).c_str());
      raw.execute("PRAGMA journal_mode = DELETE");
    }
    try {
      journal j{file_};
      ADD_FAILURE();
    } catch (const parwork::journal_version& error) {
      EXPECT_EQ(error.found(), version);
      EXPECT_EQ(error.supported(), 1);
    }
    EXPECT_NE(refusal<parwork::journal_version>().find(std::to_string(version)), std::string::npos);
    fs::remove(file_);
  }
}

TEST_F(refused_file, of_another_program_is_left_alone) {
  {
    parwork::detail::database raw(file_);
    raw.execute("CREATE TABLE recipes(name TEXT)");
  }
  EXPECT_NE(refusal<parwork::journal_corrupt>().find("another program"), std::string::npos);
}

TEST_F(refused_file, that_is_no_database_is_left_alone) {
  std::ofstream(file_) << std::string(10'000, 'x');
  refusal<parwork::journal_corrupt>();
}

TEST_F(refused_file, that_is_a_folder_is_named) {
  fs::create_directory(file_);
  EXPECT_THROW(journal j{file_}, parwork::journal_unwritable);
}

TEST_F(refused_file, with_a_damaged_header_is_refused) {
  {
    journal j{file_, {.fingerprint = "v1"}};
  }
  {
    parwork::detail::database raw(file_);
    raw.execute("UPDATE journal SET fingerprint = CAST('v2' AS BLOB)");
    raw.execute("PRAGMA journal_mode = DELETE");
  }
  refusal<parwork::journal_corrupt>();
}

TEST_F(refused_file, empty_one_is_a_new_journal) {
  std::ofstream(file_).flush();
  journal j{file_};
  EXPECT_EQ(j.size(), 0U);
}

}  // namespace
