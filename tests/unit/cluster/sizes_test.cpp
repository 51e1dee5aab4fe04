// Large items and results, on servers that pass small messages on and hold little for a slow
// reader: they arrive whole, beside small ones.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "parwork/nats.hpp"
#include "parwork/parwork.hpp"
#include "support/cluster_processes.hpp"
#include "support/nats_server.hpp"
#include "support/temporary_folder.hpp"

namespace sizes_test {

namespace nats = parwork::nats;
using parwork::completion;
using parwork_test::cluster_process;
using parwork_test::nats_server;
using parwork_test::worker_process;

// Bytes that differ from place to place, so that one that is lost or comes twice is seen.
std::string text_of(std::size_t size, unsigned first) {
  std::string text(size, ' ');
  std::uint32_t state = first + 1;
  for (char& each : text) {
    state = state * 1'664'525 + 1'013'904'223;
    each = static_cast<char>(state >> 24);
  }
  return text;
}

// Sends each there and back.
void expect_whole(const std::string& config, const std::vector<std::size_t>& sizes) {
  const nats_server server({.config = config});
  const worker_process one(server.url()), two(server.url());
  nats::cluster cluster({.url = server.url()});
  std::vector<std::string> items;
  items.reserve(sizes.size());
  for (const std::size_t size : sizes) {
    items.push_back(text_of(size, static_cast<unsigned>(items.size())));
  }
  std::size_t whole = 0;
  const auto done = parwork::process(items, cluster.remote<std::string, std::string>("same"),
                                     [&](const completion<std::string, std::string>& c) {
                                       ASSERT_TRUE(c.result) << c.result.error().message();
                                       EXPECT_TRUE(*c.result == items.at(c.index)) << c.index;
                                       ++whole;
                                     },
                                     {.workers = 1});
  EXPECT_EQ(done.succeeded, items.size());
  EXPECT_EQ(whole, items.size());
}

constexpr std::size_t large = 20'000'000;

std::vector<std::size_t> many_of(std::size_t size, std::size_t count) {
  return std::vector<std::size_t>(count, size);
}

TEST(sizes, of_20_megabytes_go_there_and_back) { expect_whole("", {large, 5, large, 0}); }

TEST(sizes, beyond_messages_of_4_kibibytes_go_there_and_back) {
  std::vector<std::size_t> sizes = many_of(3, 500);
  for (const std::size_t size : {2'000, 3'071, 3'072, 4'096, 4'097, 100'000, 2'000'000}) {
    sizes.push_back(size);
  }
  expect_whole("max_payload: 4096\n", sizes);
}

TEST(sizes, go_through_a_server_that_holds_a_mebibyte_for_each_reader) {
  std::vector<std::size_t> sizes = many_of(50'000, 200);
  sizes.push_back(large);
  sizes.insert(sizes.end(), 500, 16);
  expect_whole("max_pending: 1MB\n", sizes);
}

TEST(sizes, of_20_megabytes_go_through_a_server_that_has_both_limits) {
  expect_whole("max_payload: 4096\nmax_pending: 1MB\n", {large, 3});
}

// Each worker has 4 MiB on their way: the server gives up a reader that takes none of them.
TEST(sizes, beyond_what_a_server_holds_for_a_frozen_submitter_come_after_it_has_reconnected) {
  const nats_server server({.config = "max_pending: 1MB\nwrite_deadline: \"2s\"\n"});
  const worker_process one(server.url()), two(server.url()), three(server.url()),
      four(server.url());
  const temporary_folder folder;
  cluster_process submitter({"submit_gated", server.url(), "j", (folder / "").string(), "8"});
  const auto have_begun = [&] {
    int count = 0;
    for (int i = 0; i < 8; ++i) {
      count += std::filesystem::exists(folder / (std::to_string(i) + ".began")) ? 1 : 0;
    }
    return count == 8;
  };
  while (!have_begun()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  submitter.freeze();
  std::ofstream(folder / "gate").put('.');  // now each has 8 MB
  server.wait_for_log("Slow Consumer");
  submitter.thaw();
  int lines = 0;
  while (!submitter.read_line().empty()) ++lines;
  EXPECT_EQ(submitter.wait(), 0);
  EXPECT_EQ(lines, 8);
}

}  // namespace sizes_test
