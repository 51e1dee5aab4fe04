#include "output/held_output.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

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

  const std::uint64_t block = store.take_block();
  store.give_block(block);
  EXPECT_EQ(store.take_block(), block);
}

}  // namespace
