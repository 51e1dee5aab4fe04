#include "remote/remote_job.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
using job_codec = parwork::codec<cli::remote_job>;
using outcome_codec = parwork::codec<cli::remote_outcome>;
using words = std::vector<std::string>;

cli::remote_job some_job() {
  cli::remote_job job;
  job.sequence = 7;
  job.attempt = 2;
  job.run = 0xfeedULL;
  job.arguments = {"echo", "x1y1", std::string("\0\xff", 2), ""};
  job.slots = {{1, 1}, {1, 3}};
  job.folder = "/there";
  job.has_input = true;
  job.input = "in";
  job.timeout = 3s;
  job.grace = 5ms;
  job.reach = cli::job_reach::group;
  job.items = 3;
  job.move = 1;
  job.starts_one_program = false;
  return job;
}

std::string bytes_of(const cli::remote_job& job) {
  std::string bytes;
  job_codec::encode(job, bytes);
  return bytes;
}

cli::remote_job decoded(std::string_view bytes) { return job_codec::decode(bytes); }

TEST(remote_job, comes_back_from_its_bytes) {
  const std::string bytes = bytes_of(some_job()) + "behind";
  std::string_view rest = bytes;
  const cli::remote_job back = job_codec::decode(rest);
  EXPECT_EQ(rest, "behind");
  EXPECT_EQ(bytes_of(back), bytes_of(some_job()));
  EXPECT_EQ(back.arguments, some_job().arguments);
  EXPECT_EQ(back.timeout, 3s);
  EXPECT_EQ(back.reach, cli::job_reach::group);
}

TEST(remote_job, gets_the_slot_where_it_stands) {
  EXPECT_EQ(some_job().arguments_for(1), some_job().arguments);
  EXPECT_EQ(some_job().arguments_for(123)[1], "x123y123");
}

TEST(remote_job, of_fewer_bytes_is_refused) {
  const std::string bytes = bytes_of(some_job());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(static_cast<void>(decoded(std::string_view(bytes).substr(0, length))),
                 parwork::codec_error)
        << length;
  }
}

TEST(remote_job, with_a_slot_in_no_argument_is_refused) {
  for (const std::vector<cli::slot_place>& places : {std::vector<cli::slot_place>{{4, 0}},
                                                     {{1, 4}},
                                                     {{3, 0}},
                                                     {{1, 3}, {1, 1}},
                                                     {{1, 1}, {1, 1}}}) {
    cli::remote_job job = some_job();
    job.slots = places;
    EXPECT_THROW(static_cast<void>(decoded(bytes_of(job))), parwork::codec_error);
  }
}

TEST(remote_job, without_a_command_or_with_a_time_that_cannot_be_is_refused) {
  cli::remote_job job = some_job();
  job.slots.clear();
  job.arguments.clear();
  EXPECT_THROW(static_cast<void>(decoded(bytes_of(job))), parwork::codec_error);
  job.arguments = {""};
  EXPECT_THROW(static_cast<void>(decoded(bytes_of(job))), parwork::codec_error);
  job = some_job();
  job.timeout = -1ns;
  EXPECT_THROW(static_cast<void>(decoded(bytes_of(job))), parwork::codec_error);
  job.timeout = std::chrono::hours(24 * 366 * 11);
  EXPECT_THROW(static_cast<void>(decoded(bytes_of(job))), parwork::codec_error);
}

cli::remote_outcome some_outcome() {
  cli::remote_outcome ended;
  ended.why = cli::cause::timeout;
  ended.exit = 0;
  ended.signal = 15;
  ended.message = "late";
  ended.can_be_repeated = true;
  ended.not_here = true;
  ended.start = 1.5e9;
  ended.duration = 0.25;
  ended.slot = 3;
  ended.host = "h";
  ended.worker = "h/12";
  ended.out = std::string("\0out", 4);
  ended.err = "err";
  return ended;
}

std::string bytes_of(const cli::remote_outcome& ended) {
  std::string bytes;
  outcome_codec::encode(ended, bytes);
  return bytes;
}

cli::remote_outcome decoded_outcome(std::string_view bytes) { return outcome_codec::decode(bytes); }

TEST(remote_outcome, comes_back_from_its_bytes) {
  const cli::remote_outcome back = decoded_outcome(bytes_of(some_outcome()));
  EXPECT_EQ(bytes_of(back), bytes_of(some_outcome()));
  EXPECT_EQ(back.why, cli::cause::timeout);
  EXPECT_EQ(back.out, some_outcome().out);
  EXPECT_TRUE(back.not_here);
}

TEST(remote_outcome, of_fewer_bytes_is_refused) {
  const std::string bytes = bytes_of(some_outcome());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(static_cast<void>(decoded_outcome(std::string_view(bytes).substr(0, length))),
                 parwork::codec_error)
        << length;
  }
}

TEST(remote_outcome, that_cannot_be_is_refused) {
  const auto refused = [](auto change) {
    cli::remote_outcome ended = some_outcome();
    change(ended);
    EXPECT_THROW(static_cast<void>(decoded_outcome(bytes_of(ended))), parwork::codec_error);
  };
  refused([](cli::remote_outcome& ended) { ended.why = cli::cause::memory; });
  refused([](cli::remote_outcome& ended) { ended.slot = 0; });
  refused([](cli::remote_outcome& ended) { ended.exit = 256; });
  refused([](cli::remote_outcome& ended) { ended.signal = -1; });
  refused([](cli::remote_outcome& ended) { ended.duration = -1; });
  refused([](cli::remote_outcome& ended) { ended.start = 1e308 * 10; });
}

}  // namespace
