// The run that the crash tests kill, disturb and repeat: the same everywhere, so that what is left
// of it can be compared.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "parwork/completion.hpp"

/// Some items are equal.
inline std::vector<std::string> sample_items(int n) {
  std::vector<std::string> items;
  for (int i = 0; i < n; ++i) {
    items.push_back(i % 50 == 7 ? std::string("the same") : "item " + std::to_string(i));
  }
  return items;
}

/// Some fail, some have results of many pages.
inline std::expected<std::string, std::string> sample_work(const std::string& item) {
  const char last = item.back();
  if (item.ends_with("17")) return std::unexpected("no " + item);
  return item + (item.ends_with("33") ? std::string(20'000, last) : std::string(40, last));
}

inline std::string sample_line(const parwork::completion<std::string, std::string>& done) {
  return done.result ? *done.result + "\n" : "failed: " + done.result.error().message() + "\n";
}
