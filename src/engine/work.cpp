#include "parwork/work.hpp"

#include <algorithm>
#include <cstdint>
#include <expected>
#include <ios>
#include <iostream>
#include <locale>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/type_name.hpp"
#include "parwork/failure.hpp"
#include "parwork/process.hpp"

namespace parwork {

namespace {

// Small integers are numbers here, not characters.
template <class T>
void write_value(std::ostream& out, const T& value) {
  if constexpr (std::is_same_v<T, signed char> || std::is_same_v<T, unsigned char>) {
    out << static_cast<int>(value);
  } else {
    out << value;
  }
}

template <class... T>
bool write_as_one_of(std::ostream& out, const std::any& value) {
  const auto write_as = [&]<class One>(std::type_identity<One>) {
    const One* held = std::any_cast<One>(&value);
    if (held != nullptr) write_value(out, *held);
    return held != nullptr;
  };
  return (write_as(std::type_identity<T>{}) || ...);
}

void write_result(std::ostream& out, const std::any& value) {
  const bool written =
      write_as_one_of<std::string, std::string_view, const char*, char*, bool, char, signed char,
                      unsigned char, short, unsigned short, int, unsigned, long, unsigned long,
                      long long, unsigned long long, float, double, long double>(out, value);
  if (!written) out << "a result of type " << detail::type_name(value.type());
}

std::string on_one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

void print(const work& finished) {
  std::cout << finished << '\n';
  if (!std::cout) throw std::ios_base::failure("parwork: standard output cannot be written");
}

}  // namespace

std::exception_ptr work::error() const noexcept { return error_; }

std::any work::result() const { return {}; }

void work::fail(std::exception_ptr error) noexcept { error_ = std::move(error); }

// By value: callers rely on the signature.
void work::fail(std::string message) {  // NOLINT(performance-unnecessary-value-param)
  error_ = std::make_exception_ptr(std::runtime_error(message));
}

std::ostream& operator<<(std::ostream& out, const work& finished) {
  std::ostringstream line;
  line.imbue(std::locale::classic());
  line << std::boolalpha;
  if (const std::exception_ptr error = finished.error()) {
    line << "work failed: " << failure(error).message();
  } else if (const std::any result = finished.result(); result.has_value()) {
    line << "work succeeded: ";
    write_result(line, result);
  } else {
    line << "work succeeded";
  }
  return out << on_one_line(std::move(line).str());
}

processor::processor(work_generator generator, options given)
    : generator_(std::move(generator)), options_(std::move(given)) {
  if (!generator_) throw std::invalid_argument("parwork::processor: the generator is null");
}

std::unique_ptr<work> processor::next() {
  if (generator_over_) return nullptr;
  generator_over_ = true;  // also where it throws
  std::unique_ptr<work> item = generator_();
  generator_over_ = item == nullptr;
  return item;
}

summary processor::process() {
  using item = std::unique_ptr<work>;
  const auto run = [](const item& next) -> std::expected<void, std::exception_ptr> {
    try {
      next->run();
    } catch (...) {
      next->fail(std::current_exception());
    }
    if (auto error = next->error()) return std::unexpected(std::move(error));
    return {};
  };
  const auto collect = [this](completion<item, void>&& done) {
    if (options_.collector) {
      options_.collector(std::move(done.item));
    } else {
      print(*done.item);
    }
  };
  const summary outcome = parwork::process([this] { return next(); }, run, collect,
                                           {.workers = options_.workers, .queue = options_.queue});
  if (!options_.collector && !std::cout.flush()) {
    throw std::ios_base::failure("parwork: standard output cannot be written");
  }
  return outcome;
}

}  // namespace parwork
