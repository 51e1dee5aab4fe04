// A stream that is copied to a file ahead of its reader.
#include "input/spooled_stream.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <stdexcept>
#include <string>

#include "support/error.hpp"

namespace {

class spooled_stream : public ::testing::Test {
 protected:
  spooled_stream() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    from_ = cli::stream_of(cli::descriptor(ends[0]), "test");
    to_ = cli::descriptor(ends[1]);
    std::string name = "/tmp/parwork-spool-XXXXXX";
    cli::descriptor(mkstemp(name.data())).reset();
    file_ = name;
  }
  ~spooled_stream() override { std::filesystem::remove(file_); }

  void send(const std::string& bytes) {
    ASSERT_EQ(write(to_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  std::string kept() const {
    std::ifstream file(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string read_all(cli::byte_stream& from) {
    std::string all;
    while (!from.has_ended() && from.read(all, cli::waiting::for_input)) {
    }
    return all;
  }

  std::shared_ptr<cli::byte_stream> from_;
  cli::descriptor to_;
  std::string file_;
};

TEST_F(spooled_stream, everything_is_kept_and_read) {
  std::promise<std::uint64_t> whole;
  cli::spooled_stream spool(from_, file_, [&](std::uint64_t bytes) { whole.set_value(bytes); });
  send("one\n");
  std::string first;
  while (first.empty()) EXPECT_TRUE(spool.read(first, cli::waiting::for_input));
  EXPECT_EQ(first, "one\n");
  send("two\n");
  to_.reset();
  EXPECT_EQ(whole.get_future().get(), 8U) << "before it is read";
  EXPECT_EQ(kept(), "one\ntwo\n");
  EXPECT_EQ(read_all(spool), "two\n");
}

TEST_F(spooled_stream, what_had_arrived_before_a_stop_is_kept) {
  send("here");
  cli::spooled_stream spool(from_, file_, [](std::uint64_t) { FAIL() << "it has not ended"; });
  spool.stop();
  std::string none, rest;
  EXPECT_FALSE(spool.read(none, cli::waiting::for_input));
  while (spool.read(rest, cli::waiting::for_nothing)) {
  }
  EXPECT_EQ(rest, "here");
  EXPECT_FALSE(spool.has_ended());
  EXPECT_EQ(kept(), "here");
}

TEST_F(spooled_stream, one_that_had_ended_before_a_stop_is_whole) {
  send("here");
  to_.reset();
  std::uint64_t bytes = 0;
  cli::spooled_stream spool(from_, file_, [&](std::uint64_t all) { bytes = all; });
  spool.finish();
  EXPECT_EQ(bytes, 4U);
  EXPECT_EQ(kept(), "here");
}

TEST_F(spooled_stream, a_reader_that_waits_is_woken_by_a_stop) {
  cli::spooled_stream spool(from_, file_, [](std::uint64_t) {});
  auto stopper = std::async(std::launch::async, [&] { spool.stop(); });
  std::string none;
  EXPECT_FALSE(spool.read(none, cli::waiting::for_input));
  stopper.get();
}

TEST_F(spooled_stream, faults_leave_read) {
  EXPECT_THROW(cli::spooled_stream(from_, "/nowhere/spool", [](std::uint64_t) {}), cli::error);
  to_.reset();
  cli::spooled_stream spool(from_, file_,
                            [](std::uint64_t) { throw std::runtime_error("not noted"); });
  std::string none;
  EXPECT_THROW(static_cast<void>(spool.read(none, cli::waiting::for_input)), std::runtime_error);
}

TEST_F(spooled_stream, a_full_disk_is_named) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full";
  send("x");
  cli::spooled_stream spool(from_, "/dev/full", [](std::uint64_t) {});
  std::string none;
  try {
    static_cast<void>(spool.read(none, cli::waiting::for_input));
    FAIL() << "kept";
  } catch (const cli::error& fault) {
    EXPECT_NE(std::string(fault.what()).find("/dev/full"), std::string::npos);
    EXPECT_NE(std::string(fault.what()).find("-a FILE"), std::string::npos);
  }
}

}  // namespace
