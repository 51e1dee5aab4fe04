// Encrypted connections: who is trusted, by name and by certificate, and what is said otherwise.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "nats/nats_link.hpp"
#include "parwork/nats_errors.hpp"
#include "parwork/nats_options.hpp"
#include "support/certificates.hpp"
#include "support/link_attempts.hpp"
#include "support/link_recorder.hpp"
#include "support/nats_server.hpp"

namespace {

using parwork::nats::access_denied;
using parwork::nats::tls_files;
using parwork::nats::detail::connect_link;
using parwork_test::certificate_authority;
using parwork_test::expect_says;
using parwork_test::expect_works;
using parwork_test::link_recorder;
using parwork_test::nats_server;
using parwork_test::refusal;

class nats_tls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    trusted_ = std::make_unique<certificate_authority>();
    trusted_->sign("server", "IP:127.0.0.1,DNS:bus.example");
    trusted_->sign("elsewhere", "DNS:elsewhere.example");
    trusted_->sign("client", "DNS:client");
    foreign_ = std::make_unique<certificate_authority>();
    foreign_->sign("client", "DNS:client");
  }
  static void TearDownTestSuite() {
    trusted_.reset();
    foreign_.reset();
  }

  static std::string config(const std::string& server, const std::string& more = "") {
    return "tls { cert_file: \"" + trusted_->file(server) + "\", key_file: \"" +
           trusted_->key_file(server) + "\", " + more + " }\n";
  }
  static std::string asking_for_certificates() {
    return "ca_file: \"" + trusted_->file("ca") + "\", verify: true";
  }

  static std::unique_ptr<certificate_authority> trusted_;
  static std::unique_ptr<certificate_authority> foreign_;
};

std::unique_ptr<certificate_authority> nats_tls::trusted_;
std::unique_ptr<certificate_authority> nats_tls::foreign_;

TEST_F(nats_tls, works_with_the_authority_of_the_server) {
  nats_server server({.config = config("server")});
  const tls_files files{.ca = trusted_->file("ca")};
  expect_works({.url = server.url(), .tls = files});
  const std::string tls_url = "tls://127.0.0.1:" + std::to_string(server.port());
  expect_works({.url = tls_url, .tls = files});
  tls_files named = files;
  named.server_name = "bus.example";
  expect_works({.url = tls_url, .tls = named});
}

TEST_F(nats_tls, comes_back_after_a_kill_of_the_server) {
  nats_server server({.config = config("server")});
  link_recorder heard;
  const auto to = connect_link({.url = server.url(), .tls = {.ca = trusted_->file("ca")}}, heard);
  to->subscribe("a");
  server.restart();
  heard.wait_for_reconnect();
  to->publish("a", std::string(100'000, 'x'));
  EXPECT_EQ(heard.wait_for_messages(1)[0].bytes.size(), 100'000U);
}

TEST_F(nats_tls, denies_a_server_that_nobody_known_has_signed) {
  const nats_server server({.config = config("server")});
  expect_says(refusal<access_denied>({.url = server.url()}),
              {"the certificate of the server at", "tls.ca"});
  expect_says(refusal<access_denied>({.url = server.url(), .tls = {.ca = foreign_->file("ca")}}),
              {"the certificate of the server at", "tls.ca"});
}

TEST_F(nats_tls, denies_a_server_of_another_name) {
  const nats_server server({.config = config("elsewhere")});
  tls_files files{.ca = trusted_->file("ca")};
  expect_says(refusal<access_denied>({.url = server.url(), .tls = files}),
              {"tls.server_name", "127.0.0.1"});
  files.server_name = "elsewhere.example";
  expect_works({.url = server.url(), .tls = files});
}

TEST_F(nats_tls, shows_its_certificate_to_a_server_that_asks_for_it) {
  const nats_server server({.config = config("server", asking_for_certificates())});
  const std::string ca = trusted_->file("ca");
  expect_works({.url = server.url(),
                .tls = {.ca = ca,
                        .certificate = trusted_->file("client"),
                        .key = trusted_->key_file("client")}});
  expect_says(refusal<access_denied>({.url = server.url(), .tls = {.ca = ca}}),
              {"does not accept", "tls.certificate"});
  expect_says(refusal<access_denied>({.url = server.url(),
                                      .tls = {.ca = ca,
                                              .certificate = foreign_->file("client"),
                                              .key = foreign_->key_file("client")}}),
              {"does not accept", "tls.certificate"});
}

TEST_F(nats_tls, denies_a_server_without_it) {
  const nats_server server;
  expect_says(refusal<access_denied>({.url = "tls://127.0.0.1:" + std::to_string(server.port())}),
              {"offers no TLS"});
  expect_says(refusal<access_denied>({.url = server.url(), .tls = {.ca = trusted_->file("ca")}}),
              {"offers no TLS"});
}

TEST_F(nats_tls, names_a_file_that_is_none) {
  const nats_server server({.config = config("server")});
  const std::string ca = trusted_->file("ca");
  expect_says(refusal<access_denied>({.url = server.url(), .tls = {.ca = "/missing.pem"}}),
              {"tls.ca", "/missing.pem"});
  expect_says(
      refusal<access_denied>(
          {.url = server.url(), .tls = {.ca = ca, .certificate = "/missing.pem", .key = "/k.pem"}}),
      {"tls.certificate", "/missing.pem"});
  expect_says(refusal<access_denied>({.url = server.url(),
                                      .tls = {.ca = ca,
                                              .certificate = trusted_->file("client"),
                                              .key = foreign_->key_file("client")}}),
              {"tls.key", foreign_->key_file("client")});
}

}  // namespace
