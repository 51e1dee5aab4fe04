#include "jobs/job_pipes.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cli {

int make_pipe(pipe_ends& made) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  made = {descriptor(ends[0]), descriptor(ends[1])};
  return 0;
}

bool has_news(const descriptor& pipe) noexcept {
  pollfd asked{pipe.get(), POLLIN, 0};
  return poll(&asked, 1, 0) > 0;
}

bool can_be_written(const descriptor& out, const descriptor& err) noexcept {
  std::array<pollfd, 2> pipes{{{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
  poll(pipes.data(), pipes.size(), 0);
  return std::ranges::any_of(
      pipes, [](const pollfd& each) { return each.fd >= 0 && each.revents != POLLHUP; });
}

}  // namespace cli
