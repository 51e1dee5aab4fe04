// Journals that cannot be used, and why: each is refused with a sentence that names it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "unit/journal/journalled_run.hpp"

namespace {

using namespace std::chrono_literals;
using namespace journal_test;
using parwork::journal;
using parwork::journal_options;
using parwork::journal_record;

using refused_journal = journalled;

TEST_F(refused_journal, another_fingerprint_is_refused_and_both_are_named) {
  {
    journal j{file, {.fingerprint = "v1"}};
  }
  try {
    journal j{file, {.fingerprint = "v2"}};
    FAIL();
  } catch (const parwork::journal_mismatch& wrong) {
    EXPECT_EQ(wrong.recorded(), "v1");
    EXPECT_EQ(wrong.given(), "v2");
    EXPECT_NE(std::string(wrong.what()).find("v1"), std::string::npos);
    EXPECT_NE(std::string(wrong.what()).find("v2"), std::string::npos);
  }
  EXPECT_EQ(parwork::journal_fingerprint(file), "v1");
  journal j{file, {.fingerprint = "v1"}};
}

TEST_F(refused_journal, results_of_another_type_are_refused) {
  run_on(file, {"a"});
  journal j{file};
  EXPECT_THROW((void)parwork::process(
                   j, strings{"a"}, [](const std::string&) { return 1; }, [](int) {}),
               parwork::journal_mismatch);
}

struct versioned {
  int value;
};

}  // namespace

// Reads what another version wrote, or does not.
template <>
struct parwork::codec<versioned> {
  static inline std::string_view format = "1";
  static void encode(const versioned& v, std::string& into) {
    into += format;
    codec<int>::encode(v.value, into);
  }
  static versioned decode(std::string_view& from) {
    if (detail::take_bytes(from, 1) != format) throw codec_error("another version");
    return {codec<int>::decode(from)};
  }
};

namespace {

TEST_F(refused_journal, results_that_the_codec_does_not_read_end_the_run) {
  const auto attempt = [&] {
    journal j{file};
    int sum = 0;
    (void)parwork::process(
        j, std::views::iota(0, 10), [](int i) { return versioned{i}; },
        [&](versioned v) { sum += v.value; });
    return sum;
  };
  EXPECT_EQ(attempt(), 45);
  parwork::codec<versioned>::format = "2";
  try {
    attempt();
    ADD_FAILURE();
  } catch (const parwork::journal_mismatch& wrong) {
    EXPECT_NE(std::string(wrong.what()).find("another version"), std::string::npos);
  }
  parwork::codec<versioned>::format = "1";
  EXPECT_EQ(attempt(), 45);
}

TEST_F(refused_journal, second_opening_is_refused_with_the_holders_pid) {
  journal first{file};
  try {
    journal second{file};
    FAIL();
  } catch (const parwork::journal_busy& busy) {
    EXPECT_EQ(busy.pid(), ::getpid());
  }
  run(first, {"a"});  // and it does the first one no harm
  EXPECT_EQ(first.size(), 1U);
}

TEST_F(refused_journal, second_run_at_once_is_refused) {
  journal j{file};
  bool refused = false;
  (void)parwork::process(j, strings{"a"}, shout, [&](std::string) {
    try {
      (void)parwork::process(j, strings{"b"}, shout, [](std::string) {});
    } catch (const parwork::journal_busy&) {
      refused = true;
    }
    EXPECT_THROW(j.forget("a"), std::logic_error);
    EXPECT_THROW(j.compact(), std::logic_error);
    EXPECT_EQ(j.size(), 1U);
    j.commit();
    EXPECT_EQ(keys_of(j), strings{"a"});
  });
  EXPECT_TRUE(refused);
}

TEST_F(refused_journal, may_be_looked_at_by_other_threads_while_a_run_goes_on) {
  journal j{file, {.commit_every = 1ms, .commit_records = 10}};
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> looks = 0;
  std::vector<std::thread> lookers;
  for (int i = 0; i < 3; ++i) {
    lookers.emplace_back([&] {
      std::uint64_t most = 0;
      while (!over) {
        const std::uint64_t size = j.size();
        j.commit();
        EXPECT_GE(size, most);
        most = size;
        std::uint64_t seen = 0;
        j.for_each([&](const journal_record&) { ++seen; });
        EXPECT_GE(seen, size) << "what was committed before is seen";
        ++looks;
      }
    });
  }
  int next = 0;
  // Until each has looked a few times.
  (void)parwork::process(
      j,
      [&]() -> std::optional<int> {
        if (looks < 30 || next < 2000) return next++;
        return std::nullopt;
      },
      [](int i) { return i; }, [](int) {});
  over = true;
  for (auto& looker : lookers) looker.join();
  EXPECT_EQ(j.size(), static_cast<std::uint64_t>(next));
}

TEST_F(refused_journal, leaves_one_file_behind) {
  run_on(file, numbered(10));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path())) {
    files += entry.is_regular_file();
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(refused_journal, missing_folder_is_named) {
  try {
    journal j{folder / "nowhere/runs.db"};
    FAIL();
  } catch (const parwork::journal_unwritable& wrong) {
    EXPECT_NE(std::string(wrong.what()).find("nowhere"), std::string::npos);
  }
}

TEST_F(refused_journal, bad_options_are_named) {
  const auto message = [&](auto options) -> std::string {
    try {
      journal j{file, options};
    } catch (const std::invalid_argument& wrong) {
      return wrong.what();
    }
    return {};
  };
  EXPECT_NE(message(journal_options{.commit_every = -1ns}).find("commit_every"), std::string::npos);
  EXPECT_NE(message(journal_options{.commit_records = 0}).find("commit_records"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file));
  journal j{file};
  EXPECT_THROW((void)parwork::process(j, strings{}, shout, [](std::string) {},
                                      {.workers = parwork::max_workers + 1}),
               std::invalid_argument);
}

}  // namespace
