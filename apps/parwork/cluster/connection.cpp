#include "cluster/connection.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "support/error.hpp"

namespace cli {
namespace {

// The first line: an editor ends it by a newline.
std::string password_in(const std::string& file) {
  std::ifstream from(file);
  std::string password;
  if (!from.is_open()) throw system_error("--password-file: " + file, errno);
  std::getline(from, password);
  if (password.empty()) {
    throw error("--password-file: the first line of " + file + " is empty: put the password there");
  }
  return password;
}

}  // namespace

parwork::nats::credentials credentials_of(const login_settings& login) {
  return {.user = login.user,
          .password = login.password_file.empty() ? "" : password_in(login.password_file),
          .token = {},
          .nkey_seed_file = login.nkey,
          .credentials_file = login.creds};
}

parwork::nats::tls_files tls_of(const login_settings& login) {
  return {.ca = login.ca, .certificate = login.certificate, .key = login.key, .server_name = {}};
}

std::string name_of_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace cli
