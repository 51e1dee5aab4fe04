#include "jobs/job_feed.hpp"

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace cli {
namespace {

// Other jobs of the lane wait meanwhile.
constexpr std::uint64_t most_at_a_time = std::uint64_t{1} << 20;

}  // namespace

ssize_t job_feed::write_some() noexcept {
  if (what_->head && head_done_ < what_->head->size()) {
    const ssize_t count =
        write(pipe_.get(), what_->head->data() + head_done_, what_->head->size() - head_done_);
    if (count > 0) head_done_ += static_cast<std::uint64_t>(count);
    return count;
  }
  const auto left = std::min(what_->length - done_, most_at_a_time);
  ssize_t count = 0;
  if (what_->file) {
    auto from = static_cast<off_t>(what_->begin + done_);
    count = sendfile(pipe_.get(), what_->file->get(), &from, left);
  } else {
    count = write(pipe_.get(), what_->bytes.data() + done_, left);
  }
  if (count > 0) done_ += static_cast<std::uint64_t>(count);
  return count;
}

feed_state job_feed::end(feed_state how) noexcept {
  close();
  return how;
}

feed_state job_feed::pump() noexcept {
  for (std::uint64_t written = 0; written < most_at_a_time;) {
    const bool head_is_there = !what_->head || head_done_ == what_->head->size();
    if (head_is_there && done_ == what_->length) return end(feed_state::ended);
    const ssize_t count = write_some();
    if (count > 0) {
      written += static_cast<std::uint64_t>(count);
    } else if (count < 0 && errno == EAGAIN) {
      return feed_state::more;
    } else if (count < 0 && errno == EPIPE) {  // a job need not read all of it
      return end(feed_state::ended);
    } else if (count == 0 || errno != EINTR) {
      fault_ = count == 0 ? 0 : errno;
      return end(feed_state::unreadable);
    }
  }
  return feed_state::more;
}

void job_feed::close() noexcept {
  pipe_.reset();
  what_.reset();
}

}  // namespace cli
