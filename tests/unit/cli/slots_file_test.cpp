#include "jobs/slots_file.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

#include "support/error.hpp"
#include "support/temporary_folder.hpp"
#include "support/units.hpp"

namespace {

class slots_file : public testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(name) << text; }

  const temporary_folder folder;
  const std::string name = (folder / "slots").string();
};

TEST_F(slots_file, tells_a_number_once) {
  write("3\n");
  cli::slots_reader reader(name);
  EXPECT_EQ(reader.look().slots, 3U);
  EXPECT_FALSE(reader.look().slots);
  write(" 12 ");
  EXPECT_EQ(reader.look().slots, 12U);
  write("3");
  EXPECT_EQ(reader.look().slots, 3U);
}

TEST_F(slots_file, knows_what_j_knows) {
  cli::slots_reader reader(name);
  write("200%");
  EXPECT_EQ(reader.read(), cli::parse_workers("200%"));
  write("0");
  EXPECT_EQ(reader.read(), cli::most_at_once());
}

TEST_F(slots_file, says_at_the_second_look_what_is_wrong_and_once) {
  write("3");
  cli::slots_reader reader(name);
  EXPECT_EQ(reader.look().slots, 3U);
  for (const char* const wrong : {"", "many", "-1", "3 4"}) {
    write(wrong);
    EXPECT_EQ(reader.look().complaint, "");
    const std::string said = reader.look().complaint;
    EXPECT_NE(said.find(name), std::string::npos) << said;
    EXPECT_EQ(reader.look().complaint, "");
  }
  write("3");
  const auto back = reader.look();
  EXPECT_FALSE(back.slots);
  EXPECT_EQ(back.complaint, "");
  write("many");
  EXPECT_EQ(reader.look().complaint, "");
  EXPECT_NE(reader.look().complaint, "");
}

TEST_F(slots_file, refuses_what_cannot_be_read_again) {
  EXPECT_THROW(static_cast<void>(cli::slots_reader(name).read()), cli::error);
  EXPECT_THROW(static_cast<void>(cli::slots_reader((folder / "").string()).read()), cli::error);
  EXPECT_THROW(static_cast<void>(cli::slots_reader("/dev/null").read()), cli::error);
}

TEST_F(slots_file, follows_the_file) {
  write("1");
  std::mutex mutex;
  std::condition_variable changed;
  unsigned slots = 0;
  std::string said;
  const cli::slots_file follows(
      name,
      [&](unsigned now) {
        const std::lock_guard lock(mutex);
        slots = now;
        changed.notify_all();
      },
      [&](const std::string& wrong) {
        const std::lock_guard lock(mutex);
        said = wrong;
        changed.notify_all();
      });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return slots == 1; });
  write("5");
  changed.wait(lock, [&] { return slots == 5; });
  write("x");
  changed.wait(lock, [&] { return !said.empty(); });
  EXPECT_EQ(slots, 5U);
}

}  // namespace
