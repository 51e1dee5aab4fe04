// Ten million records are gone on with in bounded memory, whether or not they need an index.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "support/child.hpp"
#include "support/temporary_folder.hpp"

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr long records =
    300'000;  // a sanitizer's own memory would count too: its limit is not asked
constexpr bool counts_memory = false;
#else
constexpr long records = 4'000'000;
constexpr bool counts_memory = true;
#endif
constexpr long most_kib = 192 << 10;

struct answer {
  long worked = -1;
  long peak_kib = -1;
};

answer run(const temporary_folder& folder, long inserted) {
  child program({JOURNAL_PROGRAM, "large", folder / "runs.db", std::to_string(records),
                 std::to_string(inserted)});
  answer out;
  const std::string line = program.read_all();
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(std::sscanf(line.c_str(), "%ld %ld", &out.worked, &out.peak_kib), 2) << line;
  return out;
}

TEST(journal_memory, does_not_grow_with_the_records) {
  const temporary_folder folder;
  for (const long inserted : {0L, 0L, 1000L}) {
    const answer out = run(folder, inserted);
    static bool first = true;
    EXPECT_EQ(out.worked, first ? records : inserted);
    EXPECT_TRUE(!counts_memory || out.peak_kib < most_kib) << out.peak_kib << " KiB";
    std::printf("%ld records, %ld items worked on: %ld KiB\n", records, out.worked, out.peak_kib);
    first = false;
  }
}

}  // namespace
