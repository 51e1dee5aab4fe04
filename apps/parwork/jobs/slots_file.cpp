#include "jobs/slots_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "support/descriptor.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

constexpr std::chrono::milliseconds between_looks{500};

// Does not wait for the writer of a pipe, which is none of these files.
std::string content_of(const std::string& file) {
  const descriptor opened(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!opened.is_open()) throw system_error("it cannot be opened", errno);
  struct stat status{};
  if (fstat(opened.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw error("it is no file whose content can be read again and again");
  }
  std::array<char, 64> text{};  // longer than any number
  const ssize_t count = ::read(opened.get(), text.data(), text.size());
  if (count < 0) throw system_error("it cannot be read", errno);
  std::string content(text.data(), static_cast<std::size_t>(count));
  constexpr const char* blanks = " \t\r\n";
  content.erase(0, content.find_first_not_of(blanks));
  content.erase(content.find_last_not_of(blanks) + 1);
  return content;
}

}  // namespace

unsigned slots_reader::read() {
  try {
    last_ = parse_workers(content_of(file_));
    return *last_;
  } catch (const error& fault) {
    throw error("the file " + file_ +
                ", which is to say how many jobs run at once: " + fault.what());
  }
}

slots_reader::news slots_reader::look() {
  const std::optional<unsigned> before = last_;
  try {
    const unsigned slots = read();
    wrong_.clear();
    said_ = false;
    if (slots == before) return {};
    return {.slots = slots};
  } catch (const error& fault) {
    if (fault.what() != wrong_) {
      wrong_ = fault.what();
      said_ = false;
      return {};
    }
    if (std::exchange(said_, true)) return {};
    return {.complaint = wrong_};
  }
}

slots_file::slots_file(const std::string& file, std::function<void(unsigned)> use,
                       std::function<void(const std::string&)> complain)
    : reader_(file),
      use_(std::move(use)),
      complain_(std::move(complain)),
      thread_([this] { run(); }) {}

slots_file::~slots_file() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  over_changed_.notify_all();
  thread_.join();
}

void slots_file::run() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    lock.unlock();
    const slots_reader::news seen = reader_.look();
    if (seen.slots) use_(*seen.slots);
    if (!seen.complaint.empty()) complain_(seen.complaint);
    lock.lock();
    over_changed_.wait_for(lock, between_looks, [this] { return over_; });
  }
}

}  // namespace cli
