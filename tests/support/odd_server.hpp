// What listens on a port and is no NATS server: it says what it is told to, and then nothing.
//
// Thread safety: one thread at a time.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace parwork_test {

class odd_server {
 public:
  explicit odd_server(std::string says) : says_(std::move(says)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto* const to = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd_, to, size) != 0 || ::listen(fd_, 16) != 0 ||
        ::getsockname(fd_, to, &size) != 0) {
      throw std::runtime_error("no port to listen on");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~odd_server() { stop(); }
  odd_server(const odd_server&) = delete;
  odd_server& operator=(const odd_server&) = delete;

  [[nodiscard]] std::string url(const std::string& scheme = "nats") const {
    return scheme + "://127.0.0.1:" + std::to_string(port_);
  }
  /// Ends all connections.
  void stop() {
    if (!thread_.joinable()) return;
    ::shutdown(fd_, SHUT_RDWR);  // ends accept
    thread_.join();
    ::close(fd_);
    for (const int each : taken_) ::close(each);
  }

 private:
  void run() {
    for (int fd = ::accept(fd_, nullptr, nullptr); fd >= 0; fd = ::accept(fd_, nullptr, nullptr)) {
      taken_.push_back(fd);
      (void)!::send(fd, says_.data(), says_.size(), MSG_NOSIGNAL);
    }
  }

  const std::string says_;
  int fd_ = -1;
  int port_ = 0;
  std::vector<int> taken_;  // the thread's, while it runs
  std::thread thread_;
};

}  // namespace parwork_test
