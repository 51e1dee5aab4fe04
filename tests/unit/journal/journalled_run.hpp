// A run with a journal, and what came of it: for the tests of journalled runs.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/temporary_folder.hpp"

namespace journal_test {

using strings = std::vector<std::string>;

inline std::string shout(const std::string& item) { return item + "!"; }

inline strings numbered(int n) {
  strings items;
  for (int i = 0; i < n; ++i) items.push_back("item " + std::to_string(i));
  return items;
}

// One run over `items`, and what came of it.
struct outcome {
  std::multiset<std::string> worked;
  strings collected;
  parwork::summary summary;
};

template <class Key>
outcome run(parwork::journal<Key>& j, const strings& items, parwork::options given = {}) {
  outcome out;
  std::mutex lock;
  given.order = parwork::ordering::input;
  out.summary = parwork::process(
      j, items,
      [&](const std::string& item) {
        const std::lock_guard guard(lock);
        out.worked.insert(item);
        return shout(item);
      },
      [&](std::string result) { out.collected.push_back(std::move(result)); }, given);
  return out;
}

inline outcome run_on(const std::filesystem::path& file, const strings& items) {
  parwork::journal j{file};
  return run(j, items);
}

inline strings shouted(const strings& items) {
  strings out;
  for (const auto& item : items) out.push_back(shout(item));
  return out;
}

template <class Key>
strings keys_of(const parwork::journal<Key>& j) {
  strings keys;
  j.for_each([&](const parwork::journal_record& r) { keys.emplace_back(r.key()); });
  return keys;
}

class journalled : public testing::Test {
 protected:
  temporary_folder folder;
  const std::filesystem::path file = folder / "runs.db";
};

}  // namespace journal_test
