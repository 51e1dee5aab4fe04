// The addresses of servers, as users write them.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parwork::nats::detail {

enum class transport : std::uint8_t { plain, tls };

/// nats://host:port or tls://host:port, in front of the host user:password@ or token@.
struct server_url {
  transport over = transport::plain;
  std::string host;
  std::uint16_t port = 4222;
  std::string user;
  std::string password;
  std::string token;

  /// host:port: fit for messages, as it tells no password.
  [[nodiscard]] std::string place() const;
};

/// One or more of them, separated by commas. Throws std::invalid_argument, which names `field` and
/// shows no password.
[[nodiscard]] std::vector<server_url> servers_of(std::string_view field, std::string_view urls);

}  // namespace parwork::nats::detail
