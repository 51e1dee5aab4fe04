// guide_waiting: work whose items wait for each other, of docs/guide.md, each run and checked.
#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <parwork/parwork.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/expect.hpp"

namespace {

using examples::expect;

struct transfer {
  std::string account;
  long amount;
};

void keyed_work() {
  std::vector<transfer> transfers;
  transfers.reserve(300);
  for (int i = 0; i < 300; ++i) transfers.push_back({i % 2 == 0 ? "ann" : "bob", i});
  std::map<std::string, long> balances{{"ann", 0}, {"bob", 0}};
  // [keyed]
  const auto book = [&](const transfer& next) {
    long& balance = balances.at(next.account);  // no lock: nobody else has this account now
    balance = balance + next.amount;
    return balance;
  };
  const auto account_of = [](const transfer& next) { return next.account; };
  long largest = 0;
  const parwork::summary summary =
      parwork::process(transfers, parwork::keyed(book, account_of),
                       [&](long balance) { largest = std::max(largest, balance); });
  // [/keyed]
  expect(summary.succeeded == 300 && largest == 22'500);
  expect(balances.at("ann") == 22'350 && balances.at("bob") == 22'500);
}

void staged_work() {
  const std::vector<std::string> texts{"7", "x", "35"};
  std::atomic<unsigned> inside{0};
  std::atomic<unsigned> most{0};
  // [stages]
  const auto parse = [](const std::string& text) { return std::stol(text); };
  const auto look_up = [&](long number) {  // by a service that takes two requests at once
    most = std::max(most.load(), ++inside);
    --inside;
    return number * 100;
  };
  const auto format = [](long found) { return std::to_string(found) + " m"; };

  std::map<std::string, std::string> lengths;
  std::optional<unsigned> failed_in;
  const parwork::summary summary =
      parwork::process(texts, parwork::stages(parse, parwork::limited(look_up, 2), format),
                       [&](const parwork::completion<std::string, std::string>& done) {
                         if (done.result) {
                           lengths[done.item] = *done.result;
                         } else {
                           failed_in = done.result.error().stage();  // 0: the text is no number
                         }
                       });
  // [/stages]
  expect(summary.succeeded == 2 && summary.failed == 1 && failed_in == 0);
  expect(lengths == std::map<std::string, std::string>{{"35", "3500 m"}, {"7", "700 m"}});
  expect(most <= 2);
}

}  // namespace

int main() {
  try {
    keyed_work();
    staged_work();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
