// What nats_link consists of: the state that publishers, listener and the connecting thread share.
//
// Thread safety: any thread may call it. The listener's mutex is taken before the sender's, never
// the other way round: a listener publishes. Invariants: a connection has a number, the next one a
// higher one, and what libnats says of an earlier one is not heard; while `connection_` is null
// everything that is published waits in `away_`, so that the order is kept.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "nats/away_buffer.hpp"
#include "nats/link.hpp"
#include "nats/nats_connection.hpp"
#include "nats/nats_link.hpp"
#include "parwork/detail/mutex.hpp"

namespace parwork::nats::detail {

class link_core : public std::enable_shared_from_this<link_core> {
 public:
  link_core(const link_options& options, link_listener& listener);

  /// The connecting thread: returns after `stop`, or when the first connection fails.
  void run() noexcept;
  /// Blocks until the first connection is there, and throws why it is not.
  void wait_for_first();
  /// No call of the listener from then on, and an end to `run`. Blocks for the call that goes on.
  void stop() noexcept;

  void subscribe(const std::string& pattern);
  void unsubscribe(const std::string& pattern) noexcept;
  void publish(std::string_view subject, std::string_view reply, std::string_view bytes);
  bool flush(std::chrono::nanoseconds at_most) noexcept;
  [[nodiscard]] std::size_t max_payload() const noexcept { return max_payload_; }
  [[nodiscard]] std::size_t buffered() const noexcept { return buffered_; }
  [[nodiscard]] bool is_connected() const noexcept { return is_connected_; }

 private:
  class watcher;
  using attempt = std::expected<std::shared_ptr<nats_connection>, probe_report>;
  enum class phase : std::uint8_t { connecting, connected, failed };

  // The connecting thread's.
  attempt try_each(std::chrono::steady_clock::time_point deadline);
  attempt try_one(const server_url& server, std::chrono::steady_clock::time_point deadline);
  std::shared_ptr<nats_connection> try_for_ever();
  bool bring_up_to_date(const std::shared_ptr<nats_connection>& connection);
  bool send_what_waited(nats_connection& connection);
  void subscribe_missing(nats_connection& connection) PARWORK_REQUIRES(send_mutex_);
  void wait_for_end();
  void retire(std::shared_ptr<nats_connection> connection);
  bool wait_a_little();
  void tell_first(const attempt& first);

  // Called by a connection's watcher, with the connection's number.
  void arrived(std::uint64_t number, connection_watcher::message_kind kind,
               std::string_view subject, std::string_view reply, std::string_view bytes) noexcept;
  void lose(std::uint64_t number) noexcept;
  void violated(std::uint64_t number, const std::string& text) noexcept;

  void keep(std::string_view subject, std::string_view reply, std::string_view bytes)
      PARWORK_REQUIRES(send_mutex_);
  void drop_connection() PARWORK_REQUIRES(send_mutex_);
  template <class Call>
  void tell(Call call) noexcept;

  const link_options options_;
  const std::shared_ptr<const connection_login> login_;  // an attempt that hangs needs it, too
  std::vector<server_url> servers_;  // the connecting thread's, in an order of its own
  std::size_t next_server_ = 0;
  std::minstd_rand random_;

  parwork::detail::mutex listener_mutex_;
  link_listener* listener_ PARWORK_GUARDED_BY(listener_mutex_);
  std::uint64_t heard_ PARWORK_GUARDED_BY(listener_mutex_) = 0;  // the number of the connection

  parwork::detail::mutex send_mutex_;
  std::condition_variable_any changed_;  // anything below
  phase first_ PARWORK_GUARDED_BY(send_mutex_) = phase::connecting;
  probe_report first_failure_ PARWORK_GUARDED_BY(send_mutex_);
  bool is_stopped_ PARWORK_GUARDED_BY(send_mutex_) = false;
  std::uint64_t number_ PARWORK_GUARDED_BY(send_mutex_) = 0;
  std::uint64_t lost_ PARWORK_GUARDED_BY(send_mutex_) = 0;  // the highest number that has ended
  std::shared_ptr<nats_connection> connection_ PARWORK_GUARDED_BY(send_mutex_);
  std::map<std::string, std::unique_ptr<nats_connection::subscription>> subscriptions_
      PARWORK_GUARDED_BY(send_mutex_);  // null: the server is to be told
  // Of this connection, no more wanted: they live as long as it does.
  std::multimap<std::string, std::unique_ptr<nats_connection::subscription>> ended_
      PARWORK_GUARDED_BY(send_mutex_);
  away_buffer away_ PARWORK_GUARDED_BY(send_mutex_);

  std::atomic<std::size_t> max_payload_ = 0;
  std::atomic<std::size_t> buffered_ = 0;
  std::atomic<bool> is_connected_ = false;
};

}  // namespace parwork::nats::detail
