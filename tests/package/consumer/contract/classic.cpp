// The interface of the Go package: objects that know their work.
#include <parwork/work.hpp>

#include <any>
#include <exception>
#include <memory>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "contract.hpp"

namespace contract {
namespace {

class square : public parwork::work {
 public:
  explicit square(int number) : number_(number) {}

  void run() override {
    if (number_ == 2) fail(std::string("two"));
    if (number_ == 3) fail(std::make_exception_ptr(std::out_of_range("three")));
    if (number_ == 4) throw std::runtime_error("four");
    result_ = number_ * number_;
  }
  std::any result() const override { return result_; }

 private:
  int number_;
  int result_ = 0;
};

// Has no result of its own, and no error.
class nothing : public parwork::work {
 public:
  void run() override {}
};

parwork::work_generator squares(int count) {
  return [next = 0, count]() mutable -> std::unique_ptr<parwork::work> {
    return next < count ? std::make_unique<square>(next++) : nullptr;
  };
}

std::string message_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  }
  return {};
}

void processing() {
  std::vector<std::string> errors;
  int sum = 0;
  parwork::work_collector collect = [&](std::unique_ptr<parwork::work> done) {
    if (done->error() == nullptr) {
      sum += std::any_cast<int>(done->result());
    } else {
      errors.push_back(message_of(done->error()));
    }
  };
  parwork::processor processor(squares(6),
                               {.workers = 1, .queue = 10, .collector = std::move(collect)});
  const parwork::summary summary = processor.process();
  expect(sum == 0 + 1 + 25 && summary.produced == 6);
  expect(errors == std::vector<std::string>{"two", "three", "four"});
}

// Without a collector finished items are printed, one line each.
void printing() {
  parwork::processor printer(squares(2));
  expect(printer.process().produced == 2);
  std::ostringstream line;
  const nothing plain;
  const parwork::work& as_work = plain;
  line << as_work;
  expect(!line.str().empty() && plain.error() == nullptr && !plain.result().has_value());
}

void refusing() {
  parwork::processor::options options;
  const parwork::processor_options& same = options;
  expect(same.workers == 0 && same.queue == 0 && !same.collector);
  bool refused = false;
  try {
    parwork::processor processor(nullptr, std::move(options));
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  expect(refused);
}

}  // namespace

void classic_interface() {
  processing();
  printing();
  refusing();
}

}  // namespace contract
