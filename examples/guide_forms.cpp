// guide_forms: the generators, works and collectors of docs/guide.md, each run and checked.

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <expected>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <parwork/parwork.hpp>
#include <random>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "common/expect.hpp"

namespace {

using examples::expect;

// --- Generators ---

void callable_generator() {
  long sum = 0;
  // [callable]
  int next = 0;
  const auto generator = [&]() -> std::optional<int> {
    if (next == 1000) return std::nullopt;  // the end: it is not called again
    return next++;                          // no lock: one thread at a time is in here
  };
  const parwork::summary summary = parwork::process(
      generator, [](int item) { return item * 2; }, [&](int result) { sum += result; });
  // [/callable]
  expect(summary.succeeded == 1000 && sum == 999'000);
}

void filling_generator() {
  std::istringstream input("3 1 2 3\n2 10 20\n");
  int sum = 0;
  // [fills]
  // Rows of numbers: how many, then the numbers. The vector keeps its memory from row to row.
  const auto generator = [&](std::vector<int>& row) {
    std::size_t columns = 0;
    if (!(input >> columns)) return false;  // the end: the row is no item
    row.resize(columns);
    for (int& number : row) input >> number;
    return true;
  };
  const auto add_up = [](const std::vector<int>& row) {
    return std::accumulate(row.begin(), row.end(), 0);
  };
  const parwork::summary summary =
      parwork::process(generator, add_up, [&](int total) { sum += total; });
  // [/fills]
  expect(summary.produced == 2 && sum == 36);
}

void pointer_generator() {
  struct job {
    int size;
    const job* next;
  };
  const job last{3, nullptr};
  const job first{4, &last};
  int total = 0;
  // [pointer]
  // A linked list of jobs. The item is the pointer, and null is the end.
  const job* at = &first;
  const auto generator = [&] { return std::exchange(at, at == nullptr ? nullptr : at->next); };
  const parwork::summary summary = parwork::process(
      generator, [](const job* item) { return item->size; }, [&](int size) { total += size; });
  // [/pointer]
  expect(summary.produced == 2 && total == 7);
}

void range_generator() {
  // [range]
  std::vector<std::string> names = {"alpha", "beta", "gamma", "delta"};
  const auto length = [](const std::string& name) { return name.size(); };
  std::vector<std::size_t> lengths;

  // An lvalue is read in place: each item is a copy of an element.
  std::cout << parwork::process(names, length, parwork::into(lengths)) << '\n';

  // A view is read lazily, one element when one is needed.
  std::cout << parwork::process(names | std::views::drop(2), length, parwork::into(lengths))
            << '\n';

  // An rvalue that owns its elements gives them away. Elements that cannot be copied need this.
  std::cout << parwork::process(std::move(names), length, parwork::into(lengths)) << '\n';
  // [/range]
  expect(lengths.size() == 10 && std::ranges::count(lengths, 5U) == 8);
}

void referring_generator() {
  // [refs]
  std::vector<std::string> names = {"alpha", "beta", "gamma"};
  const auto capitalise = [](std::string& name) { name.at(0) = static_cast<char>(name[0] - 32); };
  std::cout << parwork::process(parwork::refs(names), capitalise, [] {}) << '\n';

  // The collector gets the element itself, too.
  const auto check = [](const std::string& name) { return name.size() <= 4; };
  using checked = parwork::completion<std::string&, bool>;
  const auto shorten = [](const checked& done) {
    if (!*done.result) done.item.resize(4);
  };
  std::cout << parwork::process(parwork::split(parwork::refs(names)), check, shorten) << '\n';
  // [/refs]
  expect(names == std::vector<std::string>{"Alph", "Beta", "Gamm"});
}

void split_generator() {
  // [split]
  const std::vector<double> samples(100'000, 0.5);
  const auto square = [](double sample) { return sample * sample; };
  auto sum = parwork::reduce(0.0, std::plus<>(), std::plus<>());
  const parwork::summary summary = parwork::process(parwork::split(samples), square, sum);
  const double mean = sum.value() / static_cast<double>(summary.succeeded);
  // [/split]
  expect(mean == 0.25);
}

// --- Work ---

void plain_work() {
  const std::vector<std::string> texts = {"one", "two", "three"};
  // [plain]
  const auto by_reference = [](const std::string& text) { return text.size(); };
  const auto in_place = [](std::string& text) { return text.append("!").size(); };
  const auto by_value = [](std::string text) { return std::move(text) + '!'; };
  const auto without_result = [](const std::string& text) {
    if (text.size() > 80) throw std::length_error("longer than a line");
  };
  // [/plain]
  const auto run = [&](const auto& work) {
    return parwork::process(texts, work, [](const auto& done) { expect(done.result.has_value()); });
  };
  expect(run(by_reference).succeeded == 3 && run(in_place).succeeded == 3);
  expect(run(by_value).succeeded == 3 && run(without_result).succeeded == 3);
}

// [expected]
std::expected<int, std::string> parse(const std::string& text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped_at != end)
    return std::unexpected("'" + text + "' is no number");
  return number;
}
// [/expected]

void work_with_context() {
  const std::vector<int> jobs = {10, 20, 30};
  const std::stop_source stop;
  // [context]
  const auto work = [](int steps, parwork::context& context) {
    const std::stop_token stop_token = context.stop_token();
    int done = 0;
    while (done < steps && !stop_token.stop_requested()) ++done;  // one step of something long
    return done;
  };
  const parwork::summary summary = parwork::process(
      jobs, work, [](const parwork::completion<int, int>&) {}, {.stop = stop.get_token()});
  // [/context]
  expect(summary.succeeded == 3);
}

void work_per_worker() {
  // [per_worker]
  const auto make_state = [] { return std::mt19937_64(std::random_device()()); };
  const auto hits = [](std::mt19937_64& random, int throws) {
    std::uniform_real_distribution<double> side(-1, 1);
    int inside = 0;
    for (int i = 0; i < throws; ++i) inside += std::hypot(side(random), side(random)) < 1 ? 1 : 0;
    return inside;
  };
  long inside = 0;
  const parwork::summary summary =
      parwork::process(std::vector<int>(100, 10'000), parwork::per_worker(make_state, hits),
                       [&](int found) { inside += found; });
  const double pi = 4.0 * static_cast<double>(inside) / 1e6;
  // [/per_worker]
  expect(summary.succeeded == 100 && std::abs(pi - 3.14159) < 0.1);
}

void batched_work() {
  std::vector<double> roots;
  // [batched]
  const auto work = parwork::batched([](std::span<double> items) {
    std::vector<double> results(items.size());
    std::ranges::transform(items, results.begin(), [](double item) { return std::sqrt(item); });
    return results;  // one for each item, in their order
  });
  const parwork::summary summary =
      parwork::process(std::vector<double>(1000, 4.0), work, parwork::into(roots));
  // [/batched]
  expect(summary.succeeded == 1000 && roots == std::vector<double>(1000, 2.0));
}

void waiting_spans() {
  const auto square_roots = [](std::span<double> items) {
    std::vector<double> results(items.size());
    std::ranges::transform(items, results.begin(), [](double item) { return std::sqrt(item); });
    return results;
  };
  // [linger]
  using namespace std::chrono_literals;
  const auto patient = parwork::batched(square_roots, {.max = 64, .linger = 5ms});
  // [/linger]
  std::vector<double> roots;
  const parwork::summary summary =
      parwork::process(std::vector<double>(1000, 4.0), patient, parwork::into(roots));
  expect(summary.succeeded == 1000 && roots == std::vector<double>(1000, 2.0));
}

// --- Collectors ---

void completion_collector() {
  const std::vector<std::string> texts = {"7", "x", "35"};
  std::ostringstream log;
  // [completion]
  int sum = 0;
  using parsed = parwork::completion<std::string, int>;
  const auto collector = [&](const parsed& done) {
    if (done.result) {
      sum += *done.result;
    } else {
      log << "line " << done.index + 1 << ": " << done.result.error() << '\n';
    }
  };
  const parwork::summary summary = parwork::process(texts, parse, collector);
  // [/completion]
  expect(sum == 42 && summary.failed == 1 && log.str() == "line 2: 'x' is no number\n");
}

void result_collector() {
  const std::vector<std::string> texts = {"7", "x", "35"};
  std::ostringstream log;
  // [result]
  int sum = 0;
  try {
    log << parwork::process(texts, parse, [&](int number) { sum += number; });
  } catch (const parwork::item_failed& error) {
    log << error.what();  // item 1 failed: 'x' is no number
  }
  // [/result]
  expect(log.str() == "item 1 failed: 'x' is no number");
}

void empty_collector() {
  // [nothing]
  int done = 0;
  const parwork::summary summary =
      parwork::process(std::vector<int>{1, 2, 3}, [](int) {}, [&] { ++done; });
  // [/nothing]
  expect(done == 3 && summary.succeeded == 3);
}

void reducing_collector() {
  const std::vector<std::string> texts = {"one", "three", "eleven"};
  // [reduce]
  struct longest {
    std::string text;
    std::size_t seen = 0;
  };
  const auto fold = [](longest& kept, const std::string& text) {
    if (text.size() > kept.text.size()) kept.text = text;
    ++kept.seen;
  };
  const auto merge = [](longest& kept, const longest& other) {
    if (other.text.size() > kept.text.size()) kept.text = other.text;
    kept.seen += other.seen;
  };
  auto found = parwork::reduce(longest(), fold, merge);
  const parwork::summary summary =
      parwork::process(texts, [](const std::string& text) { return text; }, found);
  const longest& result = found.value();
  // [/reduce]
  expect(summary.succeeded == 3 && result.text == "eleven" && result.seen == 3);
}

void completion_without_item() {
  struct upload {
    std::unique_ptr<std::string> text;
  };
  std::vector<upload> uploads(3);
  for (upload& each : uploads) each.text = std::make_unique<std::string>("some text");
  std::size_t bytes = 0;
  // [without_item]
  // An upload cannot be copied, and work consumes it: the collector does without.
  const auto send = [](upload item) { return item.text->size(); };
  const auto collector = [&](const parwork::completion<void, std::size_t>& done) {
    if (done.result) bytes += *done.result;
  };
  const parwork::summary summary = parwork::process(std::move(uploads), send, collector);
  // [/without_item]
  expect(summary.succeeded == 3 && bytes == 27);
}

// --- Items that are finished before the run ---

void prefinished_items() {
  const std::vector<std::string> names = {"a", "b", "", "c"};
  std::map<std::string, int> cache = {{"b", 2}};
  std::atomic<int> computed = 0;
  std::vector<int> values;
  // [prefinished]
  using known = parwork::prefinished<std::string, int>;
  auto name = names.begin();
  const auto generator = [&]() -> std::optional<known> {
    if (name == names.end()) return std::nullopt;
    known next{*name++};
    if (const auto found = cache.find(next.item); found != cache.end()) {
      next.outcome = found->second;
    } else if (next.item.empty()) {
      next.outcome = std::unexpected(parwork::failure(parwork::failure_kind::error, "no name"));
    }
    return next;
  };
  const auto compute = [&](const std::string& item) {
    ++computed;  // for those alone that have no outcome yet
    return item[0] - 'a' + 1;
  };
  const auto collector = [&](const parwork::completion<std::string, int>& done) {
    if (done.result) values.push_back(*done.result);
  };
  const parwork::summary summary =
      parwork::process(generator, compute, collector, {.order = parwork::ordering::input});
  // [/prefinished]
  expect(computed == 2 && values == std::vector<int>({1, 2, 3}));
  expect(summary.succeeded == 3 && summary.failed == 1);
}

}  // namespace

int main() {
  try {
    callable_generator();
    filling_generator();
    pointer_generator();
    range_generator();
    referring_generator();
    split_generator();
    plain_work();
    work_with_context();
    work_per_worker();
    batched_work();
    waiting_spans();
    completion_collector();
    result_collector();
    empty_collector();
    reducing_collector();
    completion_without_item();
    prefinished_items();
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
