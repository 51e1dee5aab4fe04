#include "nats/probe_socket.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "parwork/detail/mutex.hpp"

namespace parwork::nats::detail {
namespace {

using addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// A look-up in the name service, which may take longer than anybody wants to wait: its thread is
/// left alone then, and this with it.
class look_up {
 public:
  look_up(std::string host, std::string port) : host_(std::move(host)), port_(std::move(port)) {}

  void run(int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host_.c_str(), port_.c_str(), &hints, &found);
    const parwork::detail::lock_guard lock(mutex_);
    found_.reset(found);
    error_ = error;
    is_done_ = true;
    done_.notify_all();
  }

  /// What was found, or nothing and why.
  std::pair<addresses, std::string> wait(probe_deadline deadline) {
    const parwork::detail::lock_guard lock(mutex_);
    while (!is_done_) {
      if (done_.wait_until(mutex_, deadline) == std::cv_status::timeout && !is_done_) {
        return {addresses(nullptr, &freeaddrinfo), "its name was not resolved in time"};
      }
    }
    if (error_ != 0) {
      return {addresses(nullptr, &freeaddrinfo),
              "its name cannot be resolved: " + std::string(gai_strerror(error_))};
    }
    return {std::move(found_), ""};
  }

 private:
  const std::string host_;
  const std::string port_;
  parwork::detail::mutex mutex_;
  std::condition_variable_any done_;
  bool is_done_ PARWORK_GUARDED_BY(mutex_) = false;
  int error_ PARWORK_GUARDED_BY(mutex_) = 0;
  addresses found_ PARWORK_GUARDED_BY(mutex_){nullptr, &freeaddrinfo};
};

std::pair<addresses, std::string> resolve(const server_url& server, probe_deadline deadline) {
  const auto asked = std::make_shared<look_up>(server.host, std::to_string(server.port));
  asked->run(AI_NUMERICHOST);  // needs nobody
  auto numeric = asked->wait(deadline);
  if (numeric.first) return numeric;
  const auto named = std::make_shared<look_up>(server.host, std::to_string(server.port));
  std::thread([named] { named->run(0); }).detach();
  return named->wait(deadline);
}

bool wait_for(int fd, wanted what, probe_deadline deadline) noexcept {
  pollfd ready{fd, static_cast<short>(what == wanted::reading ? POLLIN : POLLOUT), 0};
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const int most = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    const int result = ::poll(&ready, 1, most);
    if (result > 0) return true;
    if (result < 0 && errno != EINTR) return false;
    if (result == 0 && left.count() <= 60'000) return false;
  }
}

/// The descriptor, or minus the error.
int connect_to(const addrinfo& address, probe_deadline deadline) {
  const int fd = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int error = 0;
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      error = ETIMEDOUT;
      socklen_t size = sizeof error;
      if (wait_for(fd, wanted::writing, deadline)) {
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
      }
    }
  }
  if (error == 0) return fd;
  ::close(fd);
  return -error;
}

}  // namespace

probe_socket::probe_socket(const server_url& server, probe_deadline deadline) {
  const auto [found, why] = resolve(server, deadline);
  error_ = why;
  for (const addrinfo* each = found.get(); each != nullptr && fd_ < 0; each = each->ai_next) {
    const int result = connect_to(*each, deadline);
    if (result >= 0) fd_ = result;
    if (result == -ETIMEDOUT) error_ = "it did not answer in time";
    if (result < 0 && result != -ETIMEDOUT) error_ = std::generic_category().message(-result);
  }
}

probe_socket::~probe_socket() {
  if (fd_ >= 0) ::close(fd_);
}

bool probe_socket::wait(wanted what, probe_deadline deadline) const noexcept {
  return wait_for(fd_, what, deadline);
}

std::optional<std::string> probe_socket::read_line(std::size_t most, probe_deadline deadline) {
  std::string line;
  std::array<char, 4096> bytes{};
  while (line.size() < most) {
    // Not beyond the line's end: what follows belongs to others.
    const ssize_t seen = ::recv(fd_, bytes.data(), bytes.size(), MSG_PEEK);
    if (seen == 0) return line.empty() ? std::nullopt : std::optional(line);
    if (seen < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN || !wait(wanted::reading, deadline)) {
        return line.empty() ? std::nullopt : std::optional(line);
      }
      continue;
    }
    const auto end = std::find(bytes.begin(), bytes.begin() + seen, '\n');
    const bool is_whole = end != bytes.begin() + seen;
    line.append(bytes.begin(), end);
    const auto size = static_cast<std::size_t>(end - bytes.begin()) + (is_whole ? 1 : 0);
    if (::recv(fd_, bytes.data(), size, 0) < 0) return std::nullopt;
    if (is_whole) return line;
  }
  return line;
}

}  // namespace parwork::nats::detail
