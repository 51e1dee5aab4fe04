// The link to real servers: a connection by libnats, and another one after each fault, for ever.
//
// Thread safety: link's. Of its threads one connects and waits for a connection's end; messages
// come on one of libnats's, in the order of their arrival over all subscriptions.
//
// What is published while the link is away is kept up to 64 MiB, and sent first when it is back.
// What is beyond is dropped, and so is a message larger than the server's `max_payload`. A message
// that libnats has taken and the server has not read is lost with the connection.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "nats/link.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

struct link_options {
  std::string url = {};
  credentials login = {};
  tls_files tls = {};
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(4);
  std::string name = "parwork";  // in the server's log and monitoring
};

/// Connects to one of the servers. Each gets a share of `connect_timeout`, and each is tried once.
/// Throws access_denied or unreachable, within `connect_timeout` and a second;
/// std::invalid_argument for a URL that is none. The listener is called until the link is closed or
/// destroyed, from then on.
[[nodiscard]] std::unique_ptr<link> connect_link(const link_options& options,
                                                 link_listener& listener);

}  // namespace parwork::nats::detail
