// One connection to one server, by libnats: made, used, and gone with its first fault. What follows
// after a fault is nats_link's. The header nats.h is included in nats_connection.cpp alone.
//
// Thread safety: any thread may call a connection; it blocks where stated, and nothing of it blocks
// longer than that. Subscriptions are destroyed before their connection.
//
// libnats's own reconnect is off: while it connects it holds a lock that each publish waits for,
// and it ends for good at some messages of the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "nats/server_probe.hpp"
#include "nats/server_url.hpp"
#include "parwork/nats_options.hpp"

namespace parwork::nats::detail {

/// How to connect, to any server.
struct connection_login {
  credentials login;
  tls_files tls;
  std::string name;  // of the client, in the server's log
};

/// Hears of a connection, on libnats's threads.
class connection_watcher {
 public:
  enum class message_kind : std::uint8_t { content, no_responders };

  virtual ~connection_watcher() = default;
  /// In the order of arrival, over all subscriptions. One call at a time.
  virtual void arrived(message_kind kind, std::string_view subject, std::string_view reply,
                       std::string_view bytes) noexcept = 0;
  /// It is over: nothing comes any more, and nothing is sent.
  virtual void ended() noexcept = 0;
  /// The server does not permit something; `text` is its own.
  virtual void violated(const std::string& text) noexcept = 0;
};

class nats_connection {
 public:
  /// To be destroyed only when its connection is closed or has ended: before version 3.6, libnats's
  /// reading thread uses one that another thread has destroyed (nats.c's issue 637).
  class subscription {
   public:
    explicit subscription(void* handle) : handle_(handle) {}
    ~subscription();
    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;
    /// Nothing more comes of it.
    void end() noexcept;

   private:
    void* handle_;  // a natsSubscription*
  };

  enum class sending : std::uint8_t { sent, too_large, failed };

  /// Blocks until `deadline`, as far as libnats keeps to it. The failure says why, with the remedy.
  [[nodiscard]] static std::expected<std::shared_ptr<nats_connection>, probe_report> connect(
      const server_url& server, const connection_login& how,
      std::shared_ptr<connection_watcher> watcher, std::chrono::steady_clock::time_point deadline);

  nats_connection(void* handle, void* token, std::shared_ptr<connection_watcher> watcher);
  /// Blocks while the watcher's calls of this connection's end are made ready, not for them.
  ~nats_connection();
  nats_connection(const nats_connection&) = delete;
  nats_connection& operator=(const nats_connection&) = delete;

  /// Null where the connection is at an end. Throws std::invalid_argument for what is no pattern.
  [[nodiscard]] std::unique_ptr<subscription> subscribe(const std::string& pattern);
  /// Blocks for two seconds at most, while the server reads nothing; then it fails. `reply` may be
  /// null. A message that has failed has not been sent, nor does the server take a part for one.
  [[nodiscard]] sending publish(const char* subject, const char* reply,
                                std::string_view bytes) noexcept;
  /// Until the server has answered all that was sent before. False: not in time.
  [[nodiscard]] bool flush(std::chrono::nanoseconds at_most) noexcept;
  /// Nothing is read or sent any more when it returns. The watcher hears that it has ended.
  void close() noexcept;
  [[nodiscard]] std::size_t max_payload() const noexcept;
  [[nodiscard]] static std::string new_inbox();

 private:
  void* handle_;  // a natsConnection*
  void* const token_;
  const std::shared_ptr<connection_watcher> watcher_;
};

}  // namespace parwork::nats::detail
