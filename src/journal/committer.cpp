#include "journal/committer.hpp"

#include <utility>

namespace parwork::detail {

committer::committer(const limits& most, std::function<written(const group&)> write)
    : most_(most), write_(std::move(write)), thread_([this] { run(); }) {}

committer::~committer() {
  {
    const lock_guard guard(lock_);
    closing_ = true;
  }
  due_.notify_one();
  thread_.join();
}

void committer::add(const change& c) {
  bool wakes;
  {
    const lock_guard guard(lock_);
    while (is_full() && !error_) progress_.wait(lock_);
    if (error_) std::rethrow_exception(error_);
    const bool begins = filling_.empty();
    filling_.add(c);
    ++added_;
    growth_ += c.adds();
    wakes = begins || is_due();
  }
  if (wakes) due_.notify_one();
}

void committer::drain() noexcept {
  const lock_guard guard(lock_);
  const std::uint64_t upto = added_;
  ++flushing_;
  due_.notify_one();
  while (tried_ < upto) progress_.wait(lock_);
  --flushing_;
}

void committer::flush() {
  drain();
  const lock_guard guard(lock_);
  if (error_) std::rethrow_exception(error_);
}

std::int64_t committer::growth() {
  const lock_guard guard(lock_);
  return growth_;
}

// Until there is a group to write, or nothing more to come.
void committer::wait_for_group() {
  while (filling_.empty() && !closing_) due_.wait(lock_);
  while (!filling_.empty() && !is_due() &&
         due_.wait_until(lock_, filling_.begun() + most_.every) == std::cv_status::no_timeout) {
  }
}

void committer::run() {
  for (;;) {
    {
      const lock_guard guard(lock_);
      wait_for_group();
      if (filling_.empty()) return;
      std::swap(filling_, writing_);
      in_writing_ = writing_.size();
    }
    progress_.notify_all();  // there is room
    std::exception_ptr error;
    std::int64_t lost = 0;
    try {
      error = write_(writing_).but;
    } catch (...) {
      error = std::current_exception();
      lost = writing_.adds();
    }
    {
      const lock_guard guard(lock_);
      tried_ += std::exchange(in_writing_, 0);
      growth_ -= lost;
      if (error && !error_) error_ = error;
    }
    writing_.clear();
    progress_.notify_all();
  }
}

}  // namespace parwork::detail
