#include "output/held_output.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/temporary_folder.hpp"

namespace {

std::string random_bytes(std::mt19937& draw, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(draw());
  return bytes;
}

TEST(held_output, bytes_come_back_from_memory_and_from_the_file) {
  for (const std::uint64_t memory : {0, 1000, 100'000, 100'000'000}) {
    cli::output_store store(memory);
    std::mt19937 draw(7);
    std::vector<cli::held_output> held;
    std::vector<std::string> expected(5);
    for (int i = 0; i < 5; ++i) held.emplace_back(store);
    for (int i = 0; i < 400; ++i) {
      const std::size_t which = draw() % held.size();
      const std::string bytes = random_bytes(draw, draw() % 3000);
      held[which].append(bytes);
      expected[which] += bytes;
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
      EXPECT_EQ(held[i].size(), expected[i].size());
      EXPECT_EQ(held[i].bytes(), expected[i]) << memory;
    }
  }
}

TEST(held_output, what_is_given_back_can_be_used_again) {
  cli::output_store store(4096);
  EXPECT_TRUE(store.take_memory(4096));
  EXPECT_FALSE(store.take_memory(1));
  store.give_memory(4096);
  {
    cli::held_output first(store);
    first.append(std::string(3000, 'a'));
    EXPECT_FALSE(store.take_memory(4096));
    cli::held_output second(std::move(first));
    EXPECT_EQ(second.size(), 3000U);
    second.clear();
    EXPECT_EQ(second.bytes(), "");
  }
  EXPECT_TRUE(store.take_memory(4096));
  store.give_memory(4096);
}

TEST(held_output, what_is_recorded_is_read_by_another_store) {
  const temporary_folder folder;
  const std::string name = (folder / "output").string();
  std::mt19937 draw(7);
  const std::string expected = random_bytes(draw, 300'000);
  for (const std::uint64_t memory : {0, 150'000, 100'000'000}) {
    std::vector<cli::recorded_block> blocks;
    {
      cli::output_store store(memory, name, cli::block_file::use::read_write);
      cli::held_output held(store);
      held.append(expected);
      blocks = held.record();
      EXPECT_EQ(held.bytes(), expected) << "still to be shown";
    }
    cli::output_store reading(0, name, cli::block_file::use::read_only);
    cli::held_output back(blocks);
    back.attach(reading);
    back.check();
    EXPECT_EQ(back.size(), expected.size());
    EXPECT_EQ(back.bytes(), expected) << memory;
    std::string rest;
    back.visit_from(123'456, [&](std::string_view bytes) { rest += bytes; });
    EXPECT_EQ(rest, expected.substr(123'456));
  }
}

TEST(held_output, recorded_blocks_are_never_used_again) {
  const temporary_folder folder;
  const std::string name = (folder / "output").string();
  std::vector<cli::recorded_block> first;
  {
    cli::output_store store(0, name, cli::block_file::use::read_write);
    cli::held_output kept(store), dropped(store);
    kept.append(std::string(100'000, 'a'));
    dropped.append(std::string(100'000, 'b'));
    first = kept.record();
    kept.clear();
    dropped.clear();
    cli::held_output other(store);
    other.append(std::string(300'000, 'c'));
  }
  EXPECT_EQ(std::filesystem::file_size(name), 2 * cli::output_store::block_size)
      << "what nothing names is given back";
  cli::output_store again(0, name, cli::block_file::use::read_write);
  cli::held_output other(again);
  other.append(std::string(300'000, 'd'));
  cli::held_output back(first);
  back.attach(again);
  back.check();
  EXPECT_EQ(back.bytes(), std::string(100'000, 'a'));
}

TEST(held_output, a_file_of_which_nothing_is_recorded_goes) {
  const temporary_folder folder;
  const std::string name = (folder / "output").string();
  {
    cli::output_store store(0, name, cli::block_file::use::read_write);
    cli::held_output held(store);
    held.append("some");
  }
  EXPECT_FALSE(std::filesystem::exists(name));
}

TEST(held_output, damage_of_what_was_recorded_is_found) {
  const temporary_folder folder;
  const std::string name = (folder / "output").string();
  std::vector<cli::recorded_block> blocks;
  {
    cli::output_store store(0, name, cli::block_file::use::read_write);
    cli::held_output held(store);
    held.append(std::string(100'000, 'a'));
    blocks = held.record();
  }
  const auto check = [&] {
    cli::output_store store(0, name, cli::block_file::use::read_only);
    cli::held_output back(blocks);
    back.attach(store);
    back.check();
  };
  EXPECT_NO_THROW(check());
  std::fstream(name, std::ios::in | std::ios::out).seekp(70'000).put('b');
  EXPECT_THROW(check(), cli::output_damaged);
  std::filesystem::resize_file(name, 70'000);
  EXPECT_THROW(check(), cli::output_damaged);
  std::filesystem::remove(name);
  EXPECT_THROW(check(), cli::output_damaged);
}

}  // namespace
