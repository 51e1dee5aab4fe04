#include "jobs/job_feed.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

namespace {

struct pipe_of_test {
  pipe_of_test() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0);
    read_end = cli::descriptor(ends[0]);
    write_end = cli::descriptor(ends[1]);
  }

  std::string take() {
    std::string all(1 << 20, '\0');
    const ssize_t count = read(read_end.get(), all.data(), all.size());
    all.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return all;
  }

  cli::descriptor read_end, write_end;
};

std::shared_ptr<const cli::input_block> in_memory(const std::string& head, std::string bytes) {
  cli::input_block block{.head = std::make_shared<const std::string>(head),
                         .bytes = std::move(bytes),
                         .file = nullptr};
  block.length = block.bytes.size();
  return std::make_shared<const cli::input_block>(std::move(block));
}

std::shared_ptr<const cli::input_block> in_file(const std::string& text, std::uint64_t begin,
                                                std::uint64_t length) {
  auto file = std::make_shared<cli::descriptor>(memfd_create("text", MFD_CLOEXEC));
  EXPECT_EQ(write(file->get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  return std::make_shared<const cli::input_block>(cli::input_block{
      .head = nullptr, .bytes = {}, .file = file, .begin = begin, .length = length});
}

TEST(job_feed, gives_head_and_bytes_and_closes) {
  pipe_of_test pipe;
  cli::job_feed feed(in_memory("head\n", "body\n"), std::move(pipe.write_end));
  EXPECT_EQ(feed.pump(), cli::feed_state::ended);
  EXPECT_FALSE(feed.is_open());
  EXPECT_EQ(pipe.take(), "head\nbody\n");
  EXPECT_EQ(pipe.take(), "");
}

TEST(job_feed, gives_a_part_of_a_file_and_moves_no_offset) {
  pipe_of_test pipe;
  const auto block = in_file("0123456789", 2, 5);
  cli::job_feed feed(block, std::move(pipe.write_end));
  EXPECT_EQ(feed.pump(), cli::feed_state::ended);
  EXPECT_EQ(pipe.take(), "23456");
  EXPECT_EQ(lseek(block->file->get(), 0, SEEK_CUR), 10);
}

TEST(job_feed, goes_on_when_a_full_pipe_has_room) {
  const std::string text(3'000'000, 'x');
  for (const auto& block : {in_memory("", text), in_file(text, 0, text.size())}) {
    pipe_of_test pipe;
    cli::job_feed feed(block, std::move(pipe.write_end));
    std::string all;
    while (feed.pump() == cli::feed_state::more) all += pipe.take();
    for (std::string part; !(part = pipe.take()).empty();) all += part;
    EXPECT_EQ(all.size(), text.size());
    EXPECT_FALSE(feed.is_open());
  }
}

TEST(job_feed, ends_where_nobody_reads) {
  std::signal(SIGPIPE, SIG_IGN);  // as the tool does
  for (const auto& block : {in_memory("h", "b"), in_file("text", 0, 4)}) {
    pipe_of_test pipe;
    cli::job_feed feed(block, std::move(pipe.write_end));
    pipe.read_end.reset();
    EXPECT_EQ(feed.pump(), cli::feed_state::ended);
    EXPECT_FALSE(feed.is_open());
  }
}

TEST(job_feed, a_file_that_became_shorter_cannot_be_read) {
  pipe_of_test pipe;
  cli::job_feed feed(in_file("text", 0, 5), std::move(pipe.write_end));
  EXPECT_EQ(feed.pump(), cli::feed_state::unreadable);
  EXPECT_EQ(feed.fault(), 0);
  EXPECT_FALSE(feed.is_open());
}

TEST(job_feed, an_empty_block_is_an_end) {
  pipe_of_test pipe;
  cli::job_feed feed(in_memory("", ""), std::move(pipe.write_end));
  EXPECT_EQ(feed.pump(), cli::feed_state::ended);
  EXPECT_EQ(pipe.take(), "");
}

}  // namespace
