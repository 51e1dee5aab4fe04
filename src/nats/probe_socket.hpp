// A TCP connection that waits for nothing beyond a deadline.
//
// Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "nats/server_url.hpp"

namespace parwork::nats::detail {

using probe_deadline = std::chrono::steady_clock::time_point;

enum class wanted : std::uint8_t { reading, writing };

class probe_socket {
 public:
  /// Connects. `error` says why it has not.
  probe_socket(const server_url& server, probe_deadline deadline);
  ~probe_socket();
  probe_socket(const probe_socket&) = delete;
  probe_socket& operator=(const probe_socket&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] bool is_connected() const noexcept { return fd_ >= 0; }
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

  /// Whether it got ready in time.
  [[nodiscard]] bool wait(wanted what, probe_deadline deadline) const noexcept;
  /// A line without its end, or what has come of it by the deadline, the peer's end, or `most`.
  [[nodiscard]] std::optional<std::string> read_line(std::size_t most, probe_deadline deadline);

 private:
  int fd_ = -1;
  std::string error_;
};

}  // namespace parwork::nats::detail
