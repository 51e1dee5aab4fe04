#include "jobs/outcome.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/temporary_folder.hpp"

namespace {

using codec = parwork::codec<cli::outcome>;

cli::outcome an_outcome() {
  cli::outcome made;
  made.why = cli::cause::signal;
  made.signal = 9;
  made.message = "why";
  made.start = 1.5;
  made.duration = 0.25;
  made.attempt = 3;
  made.slot = 2;
  made.run = 0x123456789abcdef0;
  made.sequence = 42;
  made.out = cli::held_output(std::string("out\0put", 7));
  made.err = cli::held_output(std::string("err"));
  return made;
}

TEST(outcome, a_journal_gives_back_what_it_got) {
  std::string bytes;
  codec::encode(an_outcome(), bytes);
  bytes += "behind";
  std::string_view from = bytes;
  const cli::outcome back = codec::decode(from);
  EXPECT_EQ(from, "behind");
  EXPECT_EQ(back.why, cli::cause::signal);
  EXPECT_EQ(back.signal, 9);
  EXPECT_EQ(back.message, "why");
  EXPECT_EQ(back.duration, 0.25);
  EXPECT_EQ(back.attempt, 3U);
  EXPECT_EQ(back.run, 0x123456789abcdef0U);
  EXPECT_EQ(back.sequence, 42U);
  EXPECT_EQ(back.out.bytes(), std::string("out\0put", 7));
  EXPECT_EQ(back.err.bytes(), "err");
}

TEST(outcome, large_output_is_beside_the_journal) {
  const temporary_folder folder;
  const std::string name = (folder / "j-output").string();
  const std::string text(1'000'000, 'a');
  std::string bytes;
  {
    cli::output_store store(100'000'000, name, cli::block_file::use::read_write);
    cli::outcome made = an_outcome();
    made.out = cli::held_output(store);
    made.out.append(text);
    made.err = cli::held_output(store);
    codec::encode(made, bytes);
  }
  EXPECT_LT(bytes.size(), 1000U);
  std::string_view from = bytes;
  cli::outcome back = codec::decode(from);
  EXPECT_EQ(from, "");
  EXPECT_EQ(back.out_bytes, text.size());
  cli::output_store store(0, name, cli::block_file::use::read_only);
  back.attach(store);
  EXPECT_EQ(back.out.bytes(), text);
  EXPECT_EQ(back.err.bytes(), "");
}

TEST(outcome, small_output_is_in_the_record_wherever_it_was_held) {
  const temporary_folder folder;
  const std::string name = (folder / "j-output").string();
  std::string bytes;
  {
    cli::output_store store(0, name, cli::block_file::use::read_write);
    cli::outcome made = an_outcome();
    made.out = cli::held_output(store);
    made.out.append("some");
    codec::encode(made, bytes);
  }
  std::string_view from = bytes;
  EXPECT_EQ(codec::decode(from).out.bytes(), "some");
}

TEST(outcome, blocks_of_impossible_lengths_are_refused) {
  const temporary_folder folder;
  std::string bytes;
  {
    cli::output_store store(0, (folder / "o").string(), cli::block_file::use::read_write);
    cli::outcome made = an_outcome();
    made.out = cli::held_output(store);
    made.out.append(std::string(300'000, 'a'));
    made.err = cli::held_output(store);
    codec::encode(made, bytes);
  }
  bytes[bytes.size() - 2] = 1;  // the highest byte of the last block's length
  std::string_view from = bytes;
  EXPECT_THROW(static_cast<void>(codec::decode(from)), parwork::codec_error);
}

TEST(outcome, parts_of_one_are_refused) {
  std::string bytes;
  codec::encode(an_outcome(), bytes);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    std::string_view from(bytes.data(), length);
    EXPECT_THROW(static_cast<void>(codec::decode(from)), parwork::codec_error) << length;
  }
}

TEST(outcome, another_version_is_refused) {
  std::string bytes;
  codec::encode(an_outcome(), bytes);
  bytes[0] = 3;
  std::string_view from = bytes;
  EXPECT_THROW(static_cast<void>(codec::decode(from)), parwork::codec_error);
}

TEST(outcome, reasons) {
  cli::outcome ended;
  ended.exit = 3;
  EXPECT_EQ(ended.reason(), "exit 3");
  EXPECT_EQ(ended.status(), 3);
  EXPECT_EQ(an_outcome().reason(), "why, killed by signal 9 (KILL)");
  EXPECT_EQ(an_outcome().status(), 137);
  EXPECT_FALSE(an_outcome().succeeded());
}

}  // namespace
