#include "nats/connection_options.hpp"

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/server_url.hpp"
#include "nats/subjects.hpp"

namespace parwork::nats::detail {
namespace {

constexpr unsigned most_attempts = 100;
constexpr std::size_t most_in_batch = 65'536;

[[noreturn]] void refuse_option(std::string_view field, std::string_view value,
                                std::string_view rule) {
  throw std::invalid_argument("parwork: " + std::string(field) + " is " + std::string(value) +
                              ", it must be " + std::string(rule));
}

std::string text_of(std::chrono::nanoseconds time) { return std::to_string(time.count()) + " ns"; }

void check_name(std::string_view field, const std::string& text) {
  if (is_name(text)) return;
  refuse_option(field, '\'' + text + '\'', "1 to 64 letters, digits, '_' and '-'");
}

void check_names(std::string_view field, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    check_name(std::string(field) + '[' + std::to_string(i) + ']', names[i]);
  }
}

void check_not_negative(std::string_view field, std::chrono::nanoseconds time) {
  if (time.count() < 0) refuse_option(field, text_of(time), "0 or more");
}

void check_positive(std::string_view field, std::chrono::nanoseconds time) {
  if (time.count() <= 0) refuse_option(field, text_of(time), "more than 0");
}

/// The kinds of credentials that are given, named.
std::vector<std::string_view> kinds_of(const credentials& login, std::string_view url) {
  std::vector<std::string_view> kinds;
  if (!login.user.empty() || !login.password.empty()) kinds.emplace_back("login.user");
  if (!login.token.empty()) kinds.emplace_back("login.token");
  if (!login.nkey_seed_file.empty()) kinds.emplace_back("login.nkey_seed_file");
  if (!login.credentials_file.empty()) kinds.emplace_back("login.credentials_file");
  for (const auto& server : servers_of("url", url)) {
    if (server.user.empty() && server.password.empty() && server.token.empty()) continue;
    kinds.emplace_back("a login in `url`");
    break;
  }
  return kinds;
}

/// Secrets are not repeated: fields are named alone.
void check_login(const credentials& login, std::string_view url) {
  const auto kinds = kinds_of(login, url);
  if (kinds.size() > 1) {
    throw std::invalid_argument("parwork: two kinds of credentials are given, " +
                                std::string(kinds[0]) + " and " + std::string(kinds[1]) +
                                ": there may be one");
  }
  if (login.user.empty() && !login.password.empty()) {
    throw std::invalid_argument("parwork: login.password is given without login.user");
  }
}

void check_tls(const tls_files& files) {
  if (files.certificate.empty() == files.key.empty()) return;
  const std::string_view given = files.key.empty() ? "tls.certificate" : "tls.key";
  const std::string_view missing = files.key.empty() ? "tls.key" : "tls.certificate";
  throw std::invalid_argument("parwork: " + std::string(given) + " is given without " +
                              std::string(missing) + ": they belong together");
}

/// What clusters and workers have in common.
template <class Options>
void check_connection(const Options& given) {
  check_login(given.login, given.url);
  check_tls(given.tls);
  check_name("prefix", given.prefix);
  check_positive("connect_timeout", given.connect_timeout);
  check_not_negative("give_up_after", given.give_up_after);
}

}  // namespace

void validate(const cluster_options& given) {
  check_connection(given);
  if (!given.job.empty()) check_name("job", given.job);
  check_positive("heartbeat", given.heartbeat);
  if (given.lost_after < given.heartbeat) {
    refuse_option("lost_after", text_of(given.lost_after),
                  "heartbeat (" + text_of(given.heartbeat) + ") or more");
  }
  if (given.max_attempts == 0 || given.max_attempts > most_attempts) {
    refuse_option("max_attempts", std::to_string(given.max_attempts), "1 to 100");
  }
}

void validate(const remote_options& given) {
  check_names("needs", given.needs);
  check_not_negative("timeout", given.timeout);
  if (given.max_batch == 0 || given.max_batch > most_in_batch) {
    refuse_option("max_batch", std::to_string(given.max_batch), "1 to 65536");
  }
}

void validate(const worker_options& given) {
  check_connection(given);
  check_names("labels", given.labels);
  check_not_negative("idle_exit", given.idle_exit);
  check_not_negative("leave_within", given.leave_within);
  check_not_negative("keep_results", given.keep_results);
}

}  // namespace parwork::nats::detail
