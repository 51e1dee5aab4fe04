#include "nats/link_core.hpp"

#include <algorithm>
#include <csignal>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {
namespace {

constexpr std::size_t most_kept = std::size_t{64} << 20;
constexpr auto retry_wait = std::chrono::milliseconds(100);
constexpr auto retry_jitter = std::chrono::milliseconds(100);
/// How much longer than its timeout libnats may take for a connect.
constexpr auto libnats_slack = std::chrono::milliseconds(900);
/// For what was published just before the end.
constexpr auto last_flush = std::chrono::milliseconds(500);

/// True on a thread while it calls a listener, which must not block.
thread_local bool calls_a_listener = false;

[[noreturn]] void throw_error_of(const probe_report& report) {
  if (report.result == probe_result::denied) throw access_denied(report.why);
  throw unreachable(report.why);
}

using connection_attempt = std::expected<std::shared_ptr<nats_connection>, probe_report>;

/// This machine lacks memory or threads, which may pass.
connection_attempt no_resources_for(const server_url& server, const std::exception& error) {
  return std::unexpected(
      probe_report{probe_result::unreachable,
                   "no connection to the NATS server at " + server.place() + ": " + error.what()});
}

connection_attempt connect_or_say_why(const server_url& server, const connection_login& login,
                                      std::shared_ptr<connection_watcher> watcher,
                                      std::chrono::steady_clock::time_point deadline) {
  try {
    return nats_connection::connect(server, login, std::move(watcher), deadline);
  } catch (const std::exception& error) {
    return no_resources_for(server, error);
  }
}

/// A write to a socket whose peer is gone raises it inside of OpenSSL.
void block_sigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

}  // namespace

class link_core::watcher final : public connection_watcher {
 public:
  watcher(std::weak_ptr<link_core> core, std::uint64_t number)
      : core_(std::move(core)), number_(number) {}

  void arrived(message_kind kind, std::string_view subject, std::string_view reply,
               std::string_view bytes) noexcept override {
    if (const auto core = core_.lock()) core->arrived(number_, kind, subject, reply, bytes);
  }
  void ended() noexcept override {
    if (const auto core = core_.lock()) core->lose(number_);
  }
  void violated(const std::string& text) noexcept override {
    if (const auto core = core_.lock()) core->violated(number_, text);
  }

 private:
  const std::weak_ptr<link_core> core_;
  const std::uint64_t number_;
};

link_core::link_core(const link_options& options, link_listener& listener)
    : options_(options),
      login_(std::make_shared<connection_login>(options.login, options.tls, options.name)),
      servers_(servers_of("url", options.url)),
      random_(std::random_device{}()),
      listener_(&listener),
      away_(most_kept) {
  std::shuffle(servers_.begin(), servers_.end(), random_);  // clients spread over a cluster
}

// --- the connecting thread -----------------------------------------------------------------------

void link_core::run() noexcept {
  auto first = try_each(std::chrono::steady_clock::now() + options_.connect_timeout);
  tell_first(first);
  std::shared_ptr<nats_connection> connection = first ? *std::move(first) : nullptr;
  while (connection) {
    if (bring_up_to_date(connection)) wait_for_end();
    retire(std::move(connection));
    tell([](link_listener& listener) { listener.disconnected(); });
    connection = try_for_ever();
    if (connection) {
      is_connected_ = true;
      tell([](link_listener& listener) { listener.reconnected(); });
    }
  }
}

/// One round over the servers, each with its share of the time. A denial outweighs a silence: it is
/// what the user can mend.
link_core::attempt link_core::try_each(std::chrono::steady_clock::time_point deadline) {
  std::optional<probe_report> failure;
  for (std::size_t left = servers_.size(); left > 0; --left) {
    const auto& server = servers_[next_server_++ % servers_.size()];
    const auto now = std::chrono::steady_clock::now();
    auto made = try_one(server, now + (deadline - now) / static_cast<std::int64_t>(left));
    if (made) {
      max_payload_ = (*made)->max_payload();
      return made;
    }
    if (!failure || made.error().result == probe_result::denied) failure = made.error();
  }
  return std::unexpected(*failure);
}

/// On a thread of its own, which is left alone where libnats hangs, and where the link is stopped.
link_core::attempt link_core::try_one(const server_url& server,
                                      std::chrono::steady_clock::time_point deadline) {
  std::uint64_t number = 0;
  {
    const parwork::detail::lock_guard lock(send_mutex_);
    number = ++number_;
  }
  {
    const parwork::detail::lock_guard lock(listener_mutex_);
    heard_ = number;
  }
  const auto core = shared_from_this();
  const auto made = std::make_shared<std::optional<attempt>>();  // guarded by the sender's mutex
  try {
    std::thread([core, made, server, number, deadline, login = login_] {
      block_sigpipe();
      auto result = connect_or_say_why(
          server, *login, std::make_shared<watcher>(core->weak_from_this(), number), deadline);
      const parwork::detail::lock_guard lock(core->send_mutex_);
      *made = std::move(result);
      core->changed_.notify_all();
    }).detach();
  } catch (const std::system_error& error) {
    return no_resources_for(server, error);
  }
  const parwork::detail::lock_guard lock(send_mutex_);
  while (!*made && !is_stopped_) {
    if (changed_.wait_until(send_mutex_, deadline + libnats_slack) == std::cv_status::timeout) {
      break;
    }
  }
  if (*made) return std::move(**made);
  return std::unexpected(probe_report{
      probe_result::unreachable, "the NATS server at " + server.place() +
                                     " fell silent while it was connected to: see the server's "
                                     "log, or correct `url`"});
}

void link_core::tell_first(const attempt& first) {
  const parwork::detail::lock_guard lock(send_mutex_);
  first_ = first ? phase::connected : phase::failed;
  if (first) {
    connection_ = *first;
    is_connected_ = true;
  } else {
    first_failure_ = first.error();
  }
  changed_.notify_all();
}

/// Null after a stop. A denial is told once for each time that the link is away.
std::shared_ptr<nats_connection> link_core::try_for_ever() {
  bool is_denial_told = false;
  while (true) {
    {
      const parwork::detail::lock_guard lock(send_mutex_);
      if (is_stopped_) return nullptr;
    }
    auto made = try_each(std::chrono::steady_clock::now() + options_.connect_timeout);
    if (made) return *std::move(made);
    if (made.error().result == probe_result::denied && !is_denial_told) {
      is_denial_told = true;
      tell([&](link_listener& listener) {
        listener.refused(std::make_exception_ptr(access_denied(made.error().why)));
      });
    }
    if (!wait_a_little()) return nullptr;
  }
}

bool link_core::wait_a_little() {
  const auto jitter = std::chrono::milliseconds(random_() % retry_jitter.count());
  const auto until = std::chrono::steady_clock::now() + retry_wait + jitter;
  const parwork::detail::lock_guard lock(send_mutex_);
  while (!is_stopped_) {
    if (changed_.wait_until(send_mutex_, until) == std::cv_status::timeout) return !is_stopped_;
  }
  return false;
}

/// Subscribes, sends what waited, and lets publishers at the connection. False: it has ended.
bool link_core::bring_up_to_date(const std::shared_ptr<nats_connection>& connection) {
  while (true) {
    {
      const parwork::detail::lock_guard lock(send_mutex_);
      if (is_stopped_ || lost_ == number_) return false;
      subscribe_missing(*connection);
      if (away_.empty()) {
        connection_ = connection;
        is_connected_ = true;
        changed_.notify_all();
        return true;
      }
    }
    if (!send_what_waited(*connection)) return false;
  }
}

/// Without the lock: publishers go on meanwhile, behind what is sent here.
bool link_core::send_what_waited(nats_connection& connection) {
  away_buffer batch(most_kept);
  {
    const parwork::detail::lock_guard lock(send_mutex_);
    away_.swap(batch);
  }
  while (!batch.empty()) {
    const auto first = batch.front();
    const auto sent = connection.publish(first.subject, first.reply, first.bytes);
    if (sent == nats_connection::sending::failed) break;
    batch.pop_front();
  }
  const bool is_sent = batch.empty();
  const parwork::detail::lock_guard lock(send_mutex_);
  if (!is_sent) away_.take_in_front(batch);
  buffered_ = away_.size();
  return is_sent;
}

void link_core::subscribe_missing(nats_connection& connection) {
  for (auto& [pattern, subscription] : subscriptions_) {
    if (!subscription) subscription = connection.subscribe(pattern);
  }
}

void link_core::wait_for_end() {
  const parwork::detail::lock_guard lock(send_mutex_);
  while (!is_stopped_ && lost_ != number_) changed_.wait(send_mutex_);
}

/// What libnats still says of it is not heard; what it has in hand is.
void link_core::retire(std::shared_ptr<nats_connection> connection) {
  bool has_ended = false;
  {
    const parwork::detail::lock_guard lock(send_mutex_);
    has_ended = lost_ == number_;
    drop_connection();
  }
  if (!has_ended) (void)connection->flush(last_flush);
  {
    const parwork::detail::lock_guard lock(listener_mutex_);
    heard_ = 0;
  }
  std::multimap<std::string, std::unique_ptr<nats_connection::subscription>> closed;
  {
    const parwork::detail::lock_guard lock(send_mutex_);
    closed.swap(ended_);
    for (auto& [pattern, subscription] : subscriptions_) {
      closed.emplace(pattern, std::move(subscription));
    }
  }
  connection->close();
  closed.clear();  // before their connection, and without the lock
  connection.reset();
}

// --- what libnats says ---------------------------------------------------------------------------

template <class Call>
void link_core::tell(Call call) noexcept {
  const parwork::detail::lock_guard lock(listener_mutex_);
  if (listener_ == nullptr) return;
  calls_a_listener = true;
  call(*listener_);
  calls_a_listener = false;
}

void link_core::arrived(std::uint64_t number, connection_watcher::message_kind kind,
                        std::string_view subject, std::string_view reply,
                        std::string_view bytes) noexcept {
  tell([&](link_listener& listener) PARWORK_UNCHECKED {  // tell holds the mutex
    if (number != heard_) return;
    if (kind == connection_watcher::message_kind::no_responders) {
      listener.no_responders(subject);
    } else {
      listener.message(subject, reply, bytes);
    }
  });
}

void link_core::violated(std::uint64_t number, const std::string& text) noexcept {
  tell([&](link_listener& listener) PARWORK_UNCHECKED {
    if (number != heard_) return;
    listener.refused(std::make_exception_ptr(
        access_denied("the server does not permit something that is needed (" + text +
                      "): give this user the permissions that docs/distributed.md lists")));
  });
}

void link_core::lose(std::uint64_t number) noexcept {
  const parwork::detail::lock_guard lock(send_mutex_);
  if (number != number_) return;
  lost_ = number;
  drop_connection();
  changed_.notify_all();
}

void link_core::drop_connection() {
  connection_.reset();  // `run` holds it, too: nothing is destroyed here
  is_connected_ = false;
}

// --- any thread ----------------------------------------------------------------------------------

void link_core::wait_for_first() {
  const parwork::detail::lock_guard lock(send_mutex_);
  while (first_ == phase::connecting) changed_.wait(send_mutex_);
  if (first_ == phase::failed) throw_error_of(first_failure_);
}

void link_core::stop() noexcept {
  {
    const parwork::detail::lock_guard lock(listener_mutex_);
    listener_ = nullptr;
  }
  const parwork::detail::lock_guard lock(send_mutex_);
  is_stopped_ = true;
  changed_.notify_all();
}

void link_core::subscribe(const std::string& pattern) {
  std::shared_ptr<nats_connection> connection;
  {
    const parwork::detail::lock_guard lock(send_mutex_);
    auto& subscription = subscriptions_[pattern];
    if (subscription || !connection_) return;
    connection = connection_;
    try {
      subscription = connection->subscribe(pattern);
    } catch (...) {
      subscriptions_.erase(pattern);
      throw;
    }
  }
  // Refusals come before the answer to this.
  if (!calls_a_listener) (void)connection->flush(options_.connect_timeout);
}

void link_core::unsubscribe(const std::string& pattern) noexcept {
  const parwork::detail::lock_guard lock(send_mutex_);
  const auto found = subscriptions_.find(pattern);
  if (found == subscriptions_.end()) return;
  if (!found->second) {
    subscriptions_.erase(found);
    return;
  }
  found->second->end();
  ended_.insert(subscriptions_.extract(found));
}

void link_core::publish(std::string_view subject, std::string_view reply, std::string_view bytes) {
  const std::string to(subject);
  const std::string answer(reply);
  const parwork::detail::lock_guard lock(send_mutex_);
  if (!connection_) {
    keep(subject, reply, bytes);
    return;
  }
  const auto sent =
      connection_->publish(to.c_str(), answer.empty() ? nullptr : answer.c_str(), bytes);
  if (sent != nats_connection::sending::failed) return;
  // A part of it may have been written: the connection is of no use any more.
  lost_ = number_;
  drop_connection();
  changed_.notify_all();
  keep(subject, reply, bytes);
}

void link_core::keep(std::string_view subject, std::string_view reply, std::string_view bytes) {
  away_.add(subject, reply, bytes);
  buffered_ = away_.size();
}

bool link_core::flush(std::chrono::nanoseconds at_most) noexcept {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (true) {
    std::shared_ptr<nats_connection> connection;
    {
      const parwork::detail::lock_guard lock(send_mutex_);
      while (!connection_ && !is_stopped_) {
        if (changed_.wait_until(send_mutex_, deadline) == std::cv_status::timeout) break;
      }
      if (!connection_) return false;
      connection = connection_;
    }
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left.count() <= 0) return false;
    if (connection->flush(left)) return true;
    const parwork::detail::lock_guard lock(send_mutex_);
    if (is_stopped_ || connection_ == connection) return false;  // not lost: it took too long
  }
}

}  // namespace parwork::nats::detail
