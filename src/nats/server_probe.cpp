#include "nats/server_probe.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <optional>
#include <string_view>

#include "nats/probe_socket.hpp"

namespace parwork::nats::detail {
namespace {

constexpr std::size_t longest_info = 32'768;  // libnats's own limit
/// How long a server gets to say what it thinks of a certificate, once the handshake is over.
constexpr auto verdict_time = std::chrono::seconds(1);

probe_report unreachable_at(const server_url& server, const std::string& why) {
  return {probe_result::unreachable, "no NATS server answers at " + server.place() + " (" + why +
                                         "): start nats-server there, or correct `url`"};
}

probe_report denied_at(const std::string& why) { return {probe_result::denied, why}; }

/// The latest error of OpenSSL on this thread, in its words.
std::string openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the connection was closed" : reason;
}

using tls_context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using tls_session = std::unique_ptr<SSL, decltype(&SSL_free)>;

/// What is wrong with the files, or nothing.
std::optional<std::string> load_files(SSL_CTX* context, const tls_files& files) {
  if (files.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, files.ca.c_str(), nullptr) != 1) {
    return "tls.ca '" + files.ca + "' is no file of certificates in PEM (" + openssl_error() + ")";
  }
  if (files.certificate.empty()) return std::nullopt;
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return "tls.certificate '" + files.certificate + "' is no certificate in PEM (" +
           openssl_error() + ")";
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return "tls.key '" + files.key + "' is no key in PEM, or belongs to another certificate (" +
           openssl_error() + ")";
  }
  return std::nullopt;
}

int note_ticket(SSL* session, SSL_SESSION*) {
  *static_cast<bool*>(SSL_get_app_data(session)) = true;
  return 0;  // it is not kept
}

enum class step : std::uint8_t { done, failed, timeout };

/// Calls a function of OpenSSL until it has done what it does.
template <class Call>
step drive(SSL* session, const probe_socket& socket, probe_deadline deadline, Call call) {
  while (true) {
    ERR_clear_error();
    const int result = call();
    if (result > 0) return step::done;
    switch (SSL_get_error(session, result)) {
      case SSL_ERROR_WANT_READ:
        if (!socket.wait(wanted::reading, deadline)) return step::timeout;
        break;
      case SSL_ERROR_WANT_WRITE:
        if (!socket.wait(wanted::writing, deadline)) return step::timeout;
        break;
      default:
        return step::failed;
    }
  }
}

probe_report handshake_failed(const server_url& server, const std::string& name, SSL* session) {
  const long verdict = SSL_get_verify_result(session);
  if (verdict != X509_V_OK) {
    return denied_at("the certificate of the server at " + server.place() + " is not accepted (" +
                     X509_verify_cert_error_string(verdict) +
                     "): `tls.ca` is to name who signed it, and `tls.server_name` a name in it, "
                     "now '" +
                     name + "'");
  }
  return denied_at("the server at " + server.place() + " does not accept this connection by TLS (" +
                   openssl_error() +
                   "): give `tls.certificate` and `tls.key`, signed by whom it trusts");
}

/// By TLS 1.3 a server says no to a certificate after the handshake: by an alert, where it would
/// send a ticket. One that does neither in time is taken for content.
bool is_content(SSL* session, const probe_socket& socket, probe_deadline deadline,
                const bool& has_ticket) {
  const auto until = std::min(deadline, std::chrono::steady_clock::now() + verdict_time);
  char byte = 0;
  const step ended = drive(session, socket, until, [&] {
    const int result = SSL_peek(session, &byte, 1);
    return has_ticket ? 1 : result;
  });
  return ended != step::failed;
}

probe_report shake_hands(const server_url& server, const tls_files& files, probe_socket& socket,
                         bool asks_for_certificate, probe_deadline deadline) {
  const tls_context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  const auto wrong = load_files(context.get(), files);
  if (wrong) return denied_at(*wrong);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), &note_ticket);
  const tls_session session(SSL_new(context.get()), &SSL_free);
  const std::string name = files.server_name.empty() ? server.host : files.server_name;
  bool has_ticket = false;
  SSL_set_app_data(session.get(), &has_ticket);
  SSL_set_verify(session.get(), SSL_VERIFY_PEER, nullptr);
  SSL_set1_host(session.get(), name.c_str());
  SSL_set_fd(session.get(), socket.fd());
  switch (drive(session.get(), socket, deadline, [&] { return SSL_connect(session.get()); })) {
    case step::failed:
      return handshake_failed(server, name, session.get());
    case step::timeout:
      return unreachable_at(server, "it fell silent in the TLS handshake");
    case step::done:
      break;
  }
  if (asks_for_certificate && SSL_version(session.get()) == TLS1_3_VERSION &&
      !is_content(session.get(), socket, deadline, has_ticket)) {
    return handshake_failed(server, name, session.get());
  }
  SSL_shutdown(session.get());
  return {probe_result::answers};
}

}  // namespace

probe_report probe(const server_url& server, const tls_files& files, transport tls,
                   std::chrono::steady_clock::time_point deadline) {
  probe_socket socket(server, deadline);
  if (!socket.is_connected()) return unreachable_at(server, socket.error());
  const auto line = socket.read_line(longest_info, deadline);
  if (!line) return unreachable_at(server, "it takes the connection, and says nothing");
  if (!line->starts_with("INFO {")) {
    return unreachable_at(server, "what is there does not speak NATS");
  }
  const auto says = [&](std::string_view what) { return line->find(what) != std::string::npos; };
  const bool demands = says("\"tls_required\":true");
  const bool wants = tls == transport::tls || server.over == transport::tls;
  if (!demands && !wants) return {probe_result::answers};
  if (!demands && !says("\"tls_available\":true")) {
    return denied_at("the server at " + server.place() +
                     " offers no TLS, which the URL or the `tls` options ask for: configure it "
                     "there, or leave them out");
  }
  return shake_hands(server, files, socket, says("\"tls_verify\":true"), deadline);
}

}  // namespace parwork::nats::detail
