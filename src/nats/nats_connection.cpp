#include "nats/nats_connection.hpp"

#include <nats/nats.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "nats/nkey.hpp"
#include "parwork/detail/mutex.hpp"
#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {
namespace {

constexpr int ping_interval_ms = 1000;
constexpr int pings_out = 2;
constexpr int write_deadline_ms = 2000;
constexpr int no_limit = -1;

// --- from libnats's threads to a watcher ---------------------------------------------------------

/// Who watches which connection. libnats gives no sign after which a callback is not called any
/// more, so callbacks carry a token, and find nothing once it is taken out.
class watcher_table {
 public:
  /// For ever: libnats's threads outlive what static storage holds.
  static watcher_table& instance() {
    static auto* const table = new watcher_table;
    return *table;
  }

  void* add(const std::shared_ptr<connection_watcher>& watcher) {
    const parwork::detail::lock_guard lock(mutex_);
    void* const token = &tokens_.emplace_back();
    watchers_.emplace(token, watcher);
    return token;
  }
  void remove(void* token) {
    const parwork::detail::lock_guard lock(mutex_);
    watchers_.erase(token);
  }
  std::shared_ptr<connection_watcher> find(void* token) {
    const parwork::detail::lock_guard lock(mutex_);
    const auto found = watchers_.find(token);
    return found == watchers_.end() ? nullptr : found->second.lock();
  }

 private:
  parwork::detail::mutex mutex_;
  std::deque<char> tokens_ PARWORK_GUARDED_BY(mutex_);  // by their addresses: none comes twice
  std::map<void*, std::weak_ptr<connection_watcher>> watchers_ PARWORK_GUARDED_BY(mutex_);
};

void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  const std::unique_ptr<natsMsg, decltype(&natsMsg_Destroy)> owner(message, &natsMsg_Destroy);
  const auto watcher = watcher_table::instance().find(closure);
  if (!watcher) return;
  const char* reply = natsMsg_GetReply(message);
  const auto kind = natsMsg_IsNoResponders(message)
                        ? connection_watcher::message_kind::no_responders
                        : connection_watcher::message_kind::content;
  const char* data = natsMsg_GetData(message);
  const auto size = static_cast<std::size_t>(natsMsg_GetDataLength(message));
  watcher->arrived(kind, natsMsg_GetSubject(message), reply == nullptr ? "" : reply,
                   data == nullptr ? std::string_view() : std::string_view(data, size));
}

void on_end(natsConnection*, void* closure) {
  if (const auto watcher = watcher_table::instance().find(closure)) watcher->ended();
}

void on_error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
  if (status != NATS_NOT_PERMITTED) return;  // others end the connection, and show at the next
  const char* text = nats_GetLastError(nullptr);
  const auto watcher = watcher_table::instance().find(closure);
  if (watcher) watcher->violated(text == nullptr ? "" : text);
}

/// libnats ignores SIGPIPE in the whole process, which it needs for TLS. Who has a handler of his
/// own for it keeps that.
void open_libnats() {
  static const natsStatus opened = [] {
    struct sigaction before{};
    sigaction(SIGPIPE, nullptr, &before);
    const natsStatus status = nats_Open(-1);
    if (before.sa_handler != SIG_DFL) sigaction(SIGPIPE, &before, nullptr);
    return status;
  }();
  if (opened != NATS_OK) throw std::bad_alloc();
}

// --- options -------------------------------------------------------------------------------------

struct option_error {
  natsStatus status;
};

void require(natsStatus status) {
  if (status == NATS_NO_MEMORY) throw std::bad_alloc();
  if (status != NATS_OK) throw option_error{status};
}

using options_handle = std::unique_ptr<natsOptions, decltype(&natsOptions_Destroy)>;

/// libnats puts a login into JSON as it is.
std::string as_json(std::string_view text) {
  std::string json;
  for (const char c : text) {
    if (c == '"' || c == '\\') json.push_back('\\');
    if (static_cast<unsigned char>(c) >= 0x20) {
      json.push_back(c);
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      json += "\\u00";
      json.push_back(digits[static_cast<unsigned char>(c) >> 4U]);
      json.push_back(digits[static_cast<unsigned char>(c) & 0xfU]);
    }
  }
  return json;
}

/// libnats finds this out while it connects, and says it without the file's name.
void check_credentials_file(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.find("NATS USER JWT") == std::string::npos ||
      text.find("USER NKEY SEED") == std::string::npos) {
    throw access_denied("login.credentials_file '" + path +
                        "' cannot be read, or holds no JWT and seed of a user");
  }
}

void set_login(natsOptions* options, const server_url& server, const credentials& login) {
  const std::string& user = login.user.empty() ? server.user : login.user;
  const std::string& password = login.user.empty() ? server.password : login.password;
  const std::string& token = login.token.empty() ? server.token : login.token;
  if (!user.empty()) {
    require(natsOptions_SetUserInfo(options, as_json(user).c_str(), as_json(password).c_str()));
  }
  if (!token.empty()) require(natsOptions_SetToken(options, as_json(token).c_str()));
  if (!login.nkey_seed_file.empty()) {
    const std::string key = public_nkey_of_file(login.nkey_seed_file);
    require(natsOptions_SetNKeyFromSeed(options, key.c_str(), login.nkey_seed_file.c_str()));
  }
  if (!login.credentials_file.empty()) {
    check_credentials_file(login.credentials_file);
    require(
        natsOptions_SetUserCredentialsFromFiles(options, login.credentials_file.c_str(), nullptr));
  }
}

bool is_tls_wanted(const server_url& server, const tls_files& files) {
  return server.over == transport::tls || !files.ca.empty() || !files.certificate.empty() ||
         !files.server_name.empty();
}

void set_tls(natsOptions* options, const server_url& server, const tls_files& files) {
  if (!is_tls_wanted(server, files)) return;  // on, all the same, where the server demands it
  require(natsOptions_SetSecure(options, true));
  const std::string& name = files.server_name.empty() ? server.host : files.server_name;
  require(natsOptions_SetExpectedHostname(options, name.c_str()));
  if (!files.ca.empty()) {
    require(natsOptions_LoadCATrustedCertificates(options, files.ca.c_str()));
  }
  if (!files.certificate.empty()) {
    require(
        natsOptions_LoadCertificatesChain(options, files.certificate.c_str(), files.key.c_str()));
  }
}

options_handle options_for(const server_url& server, const connection_login& how, void* token,
                           std::int64_t timeout_ms) {
  open_libnats();
  natsOptions* made = nullptr;
  require(natsOptions_Create(&made));
  options_handle options(made, &natsOptions_Destroy);
  require(natsOptions_SetURL(made, ("nats://" + server.place()).c_str()));
  require(natsOptions_SetName(made, as_json(how.name).c_str()));
  require(natsOptions_SetTimeout(made, std::max<std::int64_t>(timeout_ms, 1)));
  require(natsOptions_SetAllowReconnect(made, false));
  require(natsOptions_SetSendAsap(made, true));
  require(natsOptions_SetWriteDeadline(made, write_deadline_ms));
  require(natsOptions_SetPingInterval(made, ping_interval_ms));
  require(natsOptions_SetMaxPingsOut(made, pings_out));
  // One thread for all subscriptions: messages stay in the order in which they came.
  require(natsOptions_UseGlobalMessageDelivery(made, true));
  require(natsOptions_SetClosedCB(made, &on_end, token));
  require(natsOptions_SetErrorHandler(made, &on_error, token));
  set_login(made, server, how.login);
  set_tls(made, server, how.tls);
  return options;
}

// --- failures ------------------------------------------------------------------------------------

std::string last_error(natsStatus status) {
  const char* text = nats_GetLastError(nullptr);
  return text == nullptr || *text == '\0' ? natsStatus_GetText(status) : text;
}

probe_report connect_failure(const server_url& server, natsStatus status) {
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return {probe_result::denied, "the server at " + server.place() +
                                        " does not accept the login (" + last_error(status) +
                                        "): correct `login`, or the users in its configuration"};
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_WANTED:
    case NATS_SECURE_CONNECTION_REQUIRED:
      return {probe_result::denied, "no connection by TLS to the server at " + server.place() +
                                        " (" + last_error(status) + "): correct `tls`"};
    default:
      return {probe_result::unreachable, "no connection to the NATS server at " + server.place() +
                                             " (" + last_error(status) +
                                             "): see the server's log, or correct `url`"};
  }
}

natsConnection* as_connection(void* handle) { return static_cast<natsConnection*>(handle); }
natsSubscription* as_subscription(void* handle) { return static_cast<natsSubscription*>(handle); }

std::int64_t milliseconds_of(std::chrono::nanoseconds time) {
  return std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(time).count(), 1);
}

}  // namespace

std::expected<std::shared_ptr<nats_connection>, probe_report> nats_connection::connect(
    const server_url& server, const connection_login& how,
    std::shared_ptr<connection_watcher> watcher, std::chrono::steady_clock::time_point deadline) {
  const auto wanted_transport = is_tls_wanted(server, how.tls) ? transport::tls : transport::plain;
  if (auto report = probe(server, how.tls, wanted_transport, deadline);
      report.result != probe_result::answers) {
    return std::unexpected(std::move(report));
  }
  void* const token = watcher_table::instance().add(watcher);
  natsConnection* handle = nullptr;
  natsStatus status = NATS_OK;
  try {
    const auto left = milliseconds_of(deadline - std::chrono::steady_clock::now());
    const auto options = options_for(server, how, token, left);
    status = natsConnection_Connect(&handle, options.get());
  } catch (const option_error& wrong) {
    status = wrong.status;
  } catch (const access_denied& wrong) {
    watcher_table::instance().remove(token);
    constexpr std::string_view prefix = "parwork: ";  // put before each message, and once is enough
    return std::unexpected(probe_report{probe_result::denied, wrong.what() + prefix.size()});
  } catch (...) {
    watcher_table::instance().remove(token);
    throw;
  }
  if (status != NATS_OK) {
    watcher_table::instance().remove(token);
    return std::unexpected(connect_failure(server, status));
  }
  return std::make_shared<nats_connection>(handle, token, std::move(watcher));
}

nats_connection::nats_connection(void* handle, void* token,
                                 std::shared_ptr<connection_watcher> watcher)
    : handle_(handle), token_(token), watcher_(std::move(watcher)) {}

nats_connection::~nats_connection() {
  watcher_table::instance().remove(token_);
  natsConnection_Destroy(as_connection(handle_));
}

nats_connection::subscription::~subscription() {
  natsSubscription_Destroy(as_subscription(handle_));
}

void nats_connection::subscription::end() noexcept {
  natsSubscription_Unsubscribe(as_subscription(handle_));
}

void nats_connection::close() noexcept { natsConnection_Close(as_connection(handle_)); }

std::unique_ptr<nats_connection::subscription> nats_connection::subscribe(
    const std::string& pattern) {
  natsSubscription* made = nullptr;
  const natsStatus status =
      natsConnection_Subscribe(&made, as_connection(handle_), pattern.c_str(), &on_message, token_);
  if (status == NATS_INVALID_SUBJECT) {
    throw std::invalid_argument("parwork: '" + pattern + "' is no pattern of subjects");
  }
  if (status == NATS_NO_MEMORY) throw std::bad_alloc();
  if (status != NATS_OK) return nullptr;
  auto kept = std::make_unique<subscription>(made);
  natsSubscription_SetPendingLimits(made, no_limit, no_limit);
  return kept;
}

nats_connection::sending nats_connection::publish(const char* subject, const char* reply,
                                                  std::string_view bytes) noexcept {
  if (bytes.size() > INT_MAX) return sending::too_large;
  const int size = static_cast<int>(bytes.size());
  const natsStatus status =
      reply == nullptr ? natsConnection_Publish(as_connection(handle_), subject, bytes.data(), size)
                       : natsConnection_PublishRequest(as_connection(handle_), subject, reply,
                                                       bytes.data(), size);
  if (status == NATS_OK) return sending::sent;
  return status == NATS_MAX_PAYLOAD ? sending::too_large : sending::failed;
}

bool nats_connection::flush(std::chrono::nanoseconds at_most) noexcept {
  return natsConnection_FlushTimeout(as_connection(handle_), milliseconds_of(at_most)) == NATS_OK;
}

std::size_t nats_connection::max_payload() const noexcept {
  return static_cast<std::size_t>(
      std::max<std::int64_t>(natsConnection_GetMaxPayload(as_connection(handle_)), 0));
}

std::string nats_connection::new_inbox() {
  natsInbox* made = nullptr;
  if (natsInbox_Create(&made) != NATS_OK) throw std::bad_alloc();
  const std::unique_ptr<natsInbox, decltype(&natsInbox_Destroy)> owner(made, &natsInbox_Destroy);
  return made;
}

}  // namespace parwork::nats::detail
