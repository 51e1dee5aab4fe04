#include "nats/server_url.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>
#include <system_error>

namespace parwork::nats::detail {
namespace {

[[noreturn]] void reject_url(std::string_view field, std::string_view shown, std::string_view why) {
  throw std::invalid_argument("parwork: " + std::string(field) + " is '" + std::string(shown) +
                              "': " + std::string(why) +
                              "; it is to be like nats://host:4222 or tls://host:4222, several "
                              "separated by commas");
}

std::string_view without_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Takes `%40` back to `@`: a password has to be able to hold any character.
std::string without_percents(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      plain.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

void take_login(std::string_view login, server_url& into) {
  const auto colon = login.find(':');
  if (colon == std::string_view::npos) {
    into.token = without_percents(login);
  } else {
    into.user = without_percents(login.substr(0, colon));
    into.password = without_percents(login.substr(colon + 1));
  }
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || port == 0) {
    return std::nullopt;
  }
  return port;
}

void take_place(std::string_view field, std::string_view place, server_url& into) {
  std::string_view port;
  if (place.starts_with('[')) {  // an address of IPv6
    const auto end = place.find(']');
    if (end == std::string_view::npos) reject_url(field, place, "a ']' is missing");
    into.host = place.substr(1, end - 1);
    port = place.substr(end + 1);
  } else {
    const auto colon = place.find(':');
    into.host = place.substr(0, colon);
    if (colon != std::string_view::npos) port = place.substr(colon);
  }
  if (into.host.empty()) reject_url(field, place, "it names no host");
  for (const char c : into.host) {
    if (c <= ' ' || c == '/' || c == 0x7f) reject_url(field, place, "this is no name of a host");
  }
  if (port.empty()) return;
  const auto number = port.starts_with(':') ? port_of(port.substr(1)) : std::nullopt;
  if (!number) reject_url(field, place, "the port is to be 1 to 65535");
  into.port = *number;
}

server_url server_of(std::string_view field, std::string_view url) {
  server_url server;
  std::string_view rest = url;
  if (const auto mark = rest.find("://"); mark != std::string_view::npos) {
    const auto scheme = rest.substr(0, mark);
    if (scheme == "tls") {
      server.over = transport::tls;
    } else if (scheme != "nats") {
      reject_url(field, rest.substr(rest.rfind('@') + 1), "the scheme is neither nats nor tls");
    }
    rest.remove_prefix(mark + 3);
  }
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    take_login(rest.substr(0, at), server);
    rest.remove_prefix(at + 1);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  take_place(field, rest, server);
  return server;
}

}  // namespace

std::string server_url::place() const {
  const std::string shown = host.find(':') == std::string::npos ? host : '[' + host + ']';
  return shown + ':' + std::to_string(port);
}

std::vector<server_url> servers_of(std::string_view field, std::string_view urls) {
  std::vector<server_url> servers;
  std::string_view rest = urls;
  while (true) {
    const auto comma = rest.find(',');
    const auto url = without_spaces(rest.substr(0, comma));
    if (url.empty()) reject_url(field, urls.substr(urls.rfind('@') + 1), "a URL is empty");
    servers.push_back(server_of(field, url));
    if (comma == std::string_view::npos) return servers;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace parwork::nats::detail
