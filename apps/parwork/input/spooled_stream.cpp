#include "input/spooled_stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "output/output_writer.hpp"

namespace cli {
namespace {

constexpr std::uint64_t most_after_stop = std::uint64_t{64} * 1024 * 1024;
constexpr std::uint64_t longest_read = std::uint64_t{64} * 1024;

}  // namespace

spooled_stream::spooled_stream(std::shared_ptr<byte_stream> from, std::string file,
                               std::function<void(std::uint64_t)> whole)
    : from_(std::move(from)),
      file_(std::move(file)),
      whole_(std::move(whole)),
      kept_in_(open(file_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (!kept_in_.is_open())
    throw system_error("the input's copy " + file_ + " cannot be made", errno);
  thread_ = std::thread([this] { copy(); });
}

void spooled_stream::finish() noexcept {
  stop();
  if (thread_.joinable()) thread_.join();
}

void spooled_stream::stop() noexcept {
  from_->stop();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void spooled_stream::copy() noexcept {
  std::exception_ptr fault;
  try {
    copy_until_stopped();
  } catch (...) {
    fault = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  over_ = true;
  changed_.notify_all();
}

void spooled_stream::copy_until_stopped() {
  while (!from_->has_ended()) {
    if (!copy_block(waiting::for_input)) break;
  }
  for (std::uint64_t more = 0; !from_->has_ended() && more < most_after_stop;) {
    if (!copy_block(waiting::for_nothing)) break;
    more += block_.size();
  }
  if (!from_->has_ended()) return;
  if (fdatasync(kept_in_.get()) != 0) {
    throw system_error("the input's copy " + file_ + " cannot be written", errno);
  }
  whole_(kept_);  // changed by this thread alone
  const std::lock_guard lock(mutex_);
  is_whole_ = true;
}

bool spooled_stream::copy_block(waiting how) {
  block_.clear();
  if (!from_->read(block_, how)) return false;
  const int fault = write_all(kept_in_.get(), block_);
  if (fault != 0) {
    throw system_error("the input's copy " + file_ +
                           " cannot be written (with --journal a pipe is kept on the disk as a "
                           "whole: make room there, or give the items by -a FILE)",
                       fault);
  }
  const std::lock_guard lock(mutex_);
  kept_ += block_.size();
  changed_.notify_all();
  return true;
}

// After a stop the copying thread is about to end, and what it copies until then counts.
bool spooled_stream::read(std::string& into, waiting how) {
  std::unique_lock lock(mutex_);
  if (how == waiting::for_input) {
    changed_.wait(lock, [this] { return stopped_ || is_ready(); });
    if (stopped_) return false;
  } else if (stopped_) {
    changed_.wait(lock, [this] { return is_ready(); });
  }
  if (fault_) std::rethrow_exception(fault_);
  if (kept_ == read_) {
    read_all_ = over_ && is_whole_;
    return read_all_;
  }
  const std::uint64_t most = std::min(kept_ - read_, longest_read);
  lock.unlock();
  const std::size_t before = into.size();
  into.resize(before + most);
  errno = 0;
  const ssize_t count =
      pread(kept_in_.get(), into.data() + before, most, static_cast<off_t>(read_));
  const int fault = errno;
  into.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count <= 0 && fault != EINTR) {
    throw system_error("the input's copy " + file_ + " cannot be read", count < 0 ? fault : EIO);
  }
  read_ += static_cast<std::uint64_t>(std::max<ssize_t>(count, 0));
  return true;
}

}  // namespace cli
