// migrating: the C++ side of docs/migrating.md, each piece run and checked.
#include <any>
#include <cstddef>
#include <future>
#include <iostream>
#include <memory>
#include <numeric>
#include <parwork/parwork.hpp>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/expect.hpp"

namespace {

using examples::expect;

// [square]
class square : public parwork::work {
 public:
  explicit square(int in) : in_(in) {}
  void run() override { out_ = in_ * in_; }
  std::any result() const override { return out_; }

 private:
  int in_;
  int out_ = 0;
};
// [/square]

void classic_interface() {
  // [classic]
  int next = 0;
  int sum = 0;
  const auto generate = [&]() -> std::unique_ptr<parwork::work> {
    if (next == 1000) return nullptr;
    return std::make_unique<square>(++next);
  };
  const auto collect = [&](std::unique_ptr<parwork::work> done) {
    sum += std::any_cast<int>(done->result());
  };
  parwork::processor processor(generate, {.workers = 4, .queue = 400, .collector = collect});
  const parwork::summary summary = processor.process();
  std::cout << sum << '\n';
  // [/classic]
  expect(sum == 333'833'500 && summary.succeeded == 1000);
}

void process_itself() {
  // [process]
  int sum = 0;
  const parwork::summary summary = parwork::process(
      std::views::iota(1, 1001), [](int in) { return in * in; }, [&](int out) { sum += out; },
      {.workers = 4, .queue = 400});
  std::cout << sum << '\n';
  // [/process]
  expect(sum == 333'833'500 && summary.succeeded == 1000);
}

std::size_t length(const std::string& text) { return text.size(); }

void futures() {
  const std::vector<std::string> texts = {"one", "three", "eleven"};
  // [futures]
  std::vector<std::future<std::size_t>> futures;
  futures.reserve(texts.size());
  for (const std::string& text : texts) {
    futures.push_back(std::async(std::launch::async, length, text));
  }
  std::vector<std::size_t> lengths;
  lengths.reserve(texts.size());
  for (auto& future : futures) lengths.push_back(future.get());
  // [/futures]
  expect(lengths == std::vector<std::size_t>{3, 5, 6});
}

void instead_of_futures() {
  const std::vector<std::string> texts = {"one", "three", "eleven"};
  // [instead_of_futures]
  std::vector<std::size_t> lengths;
  const parwork::summary summary =
      parwork::process(texts, length, parwork::into(lengths), {.order = parwork::ordering::input});
  // [/instead_of_futures]
  expect(lengths == std::vector<std::size_t>{3, 5, 6} && summary.succeeded == 3);
}

void instead_of_parallel_for() {
  // [instead_of_parallel_for]
  std::vector<double> values(100'000, 2.0);
  const auto each = [&](std::size_t i) { values[i] *= values[i]; };  // distinct elements: no race
  const parwork::summary summary = parwork::process(
      parwork::split(std::views::iota(std::size_t{0}, values.size())), each, [] {});
  // [/instead_of_parallel_for]
  expect(summary.succeeded == values.size());
  expect(std::accumulate(values.begin(), values.end(), 0.0) == 400'000);
}

}  // namespace

int main() {
  try {
    classic_interface();
    process_itself();
    futures();
    instead_of_futures();
    instead_of_parallel_for();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
