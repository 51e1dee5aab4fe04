// Connecting: what is not there, and who is not let in, are told apart, in time, and without
// secrets.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "nats/nats_link.hpp"
#include "nats/nkey.hpp"
#include "parwork/nats_errors.hpp"
#include "support/link_attempts.hpp"
#include "support/link_recorder.hpp"
#include "support/nats_server.hpp"
#include "support/odd_server.hpp"
#include "support/temporary_folder.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::nats::access_denied;
using parwork::nats::credentials;
using parwork::nats::unreachable;
using parwork::nats::detail::connect_link;
using parwork_test::expect_says;
using parwork_test::expect_works;
using parwork_test::link_recorder;
using parwork_test::nats_server;
using parwork_test::odd_server;
using parwork_test::refusal;

// A pair from NATS's own documentation.
constexpr auto published_seed = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
constexpr auto published_key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

// Made for this test, and used by nobody.
constexpr auto other_seed = "SUAFCH5Z7NZC3XJPCOU62MFS42LXHHJDUVSV3I54J7PUGKT2O3VGVXFYWM";

// --- nobody there --------------------------------------------------------------------------------

TEST(nats_connect, to_a_closed_port_is_unreachable) {
  nats_server server;
  server.kill();
  const auto text = refusal<unreachable>({.url = server.url()});
  expect_says(text, {"127.0.0.1:" + std::to_string(server.port()), "refused", "start nats-server",
                     "`url`"});
}

TEST(nats_connect, to_a_silent_port_is_unreachable) {
  const odd_server silent("");
  for (const auto* scheme : {"nats", "tls"}) {
    expect_says(refusal<unreachable>({.url = silent.url(scheme), .connect_timeout = 50ms}),
                {"says nothing"});
  }
}

TEST(nats_connect, to_a_server_that_speaks_something_else_is_unreachable) {
  const odd_server web("HTTP/1.1 400 Bad Request\r\n");
  expect_says(refusal<unreachable>({.url = web.url()}), {"does not speak NATS"});
  const odd_server endless(std::string(40'000, 'x'));
  expect_says(refusal<unreachable>({.url = endless.url()}), {"does not speak NATS"});
}

TEST(nats_connect, to_a_name_that_is_none_is_unreachable) {
  expect_says(refusal<unreachable>({.url = "nats://no-such-host.invalid"}),
              {"no-such-host.invalid:4222", "name"});
}

TEST(nats_connect, to_a_server_that_falls_silent_is_unreachable) {
  odd_server half("INFO {\"max_payload\":1000}\r\n");
  expect_says(refusal<unreachable>({.url = half.url(), .connect_timeout = 50ms}), {"silent"});
  half.stop();  // libnats still waits for it
  odd_server encrypted("INFO {\"tls_required\":true}\r\n");
  expect_says(refusal<unreachable>({.url = encrypted.url(), .connect_timeout = 50ms}), {"silent"});
}

TEST(nats_connect, tries_each_of_several) {
  nats_server gone;
  gone.kill();
  const odd_server silent("");
  const nats_server server;
  for (int i = 0; i < 4; ++i) {  // in an order of chance
    expect_works(
        {.url = gone.url() + ", " + silent.url() + "," + server.url(), .connect_timeout = 600ms});
  }
}

TEST(nats_connect, refuses_a_url_that_is_none) {
  link_recorder heard;
  EXPECT_THROW((void)connect_link({.url = "http://a"}, heard), std::invalid_argument);
}

// --- logins --------------------------------------------------------------------------------------

TEST(nats_connect, takes_user_and_password) {
  const nats_server server(
      {.config = "authorization { user: \"me\\\"\", password: \"se\\\"c\\\\ret%41\" }\n"});
  expect_works({.url = server.url(), .login = {.user = "me\"", .password = "se\"c\\ret%41"}});
  expect_works(
      {.url = "nats://me%22:se%22c%5cret%2541@127.0.0.1:" + std::to_string(server.port())});
}

TEST(nats_connect, is_denied_with_a_bad_login) {
  const nats_server server({.config = "authorization { user: me, password: secret }\n"});
  for (const credentials& login :
       {credentials{}, credentials{.user = "me", .password = "hidden"},
        credentials{.user = "you", .password = "hidden"}, credentials{.token = "hidden"}}) {
    const auto text = refusal<access_denied>({.url = server.url(), .login = login});
    expect_says(text, {server.url().substr(7), "Authorization Violation", "`login`"});
    EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
  }
  const auto text = refusal<access_denied>(
      {.url = "nats://me:hidden@127.0.0.1:" + std::to_string(server.port())});
  EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
}

TEST(nats_connect, takes_a_token) {
  const nats_server server({.config = "authorization { token: \"s3cret\" }\n"});
  expect_works({.url = server.url(), .login = {.token = "s3cret"}});
  expect_works({.url = "nats://s3cret@127.0.0.1:" + std::to_string(server.port())});
  EXPECT_NE(refusal<access_denied>({.url = server.url(), .login = {.token = "other"}}), "");
}

TEST(nats_connect, takes_an_nkey) {
  const temporary_folder folder;
  std::ofstream(folder / "seed") << "# a comment\n" << published_seed << "\n";
  const nats_server server(
      {.config = std::string("authorization { users: [ { nkey: ") + published_key + " } ] }\n"});
  expect_works({.url = server.url(), .login = {.nkey_seed_file = folder / "seed"}});
  const nats_server other({.config = "authorization { users: [ { nkey: " +
                                     parwork::nats::detail::public_nkey(other_seed) + " } ] }\n"});
  EXPECT_NE(
      refusal<access_denied>({.url = other.url(), .login = {.nkey_seed_file = folder / "seed"}}),
      "");
}

TEST(nats_connect, names_a_file_of_a_login_that_is_none) {
  const temporary_folder folder;
  std::ofstream(folder / "none") << "nothing of the kind\n";
  const nats_server server;
  for (const std::string path : {folder / "none", folder / "missing"}) {
    expect_says(refusal<access_denied>({.url = server.url(), .login = {.nkey_seed_file = path}}),
                {"nkey_seed_file", path});
    expect_says(refusal<access_denied>({.url = server.url(), .login = {.credentials_file = path}}),
                {"credentials_file", path});
  }
}

TEST(nats_connect, tells_once_that_a_server_lets_it_in_no_more) {
  const temporary_folder folder;
  const auto file = folder / "server.conf";
  std::ofstream(file) << "authorization { user: me, password: secret }\n";
  nats_server server({.config_file = file});
  link_recorder heard;
  const auto to =
      connect_link({.url = server.url(), .login = {.user = "me", .password = "secret"}}, heard);
  std::ofstream(file) << "authorization { user: me, password: other }\n";
  server.restart();
  expect_says(heard.wait_for_refusals(1)[0], {"Authorization Violation"});
  server.wait_for_log("authentication error", 3);
  std::ofstream(file) << "authorization { user: me, password: secret }\n";
  server.restart();
  heard.wait_for_reconnect();
  EXPECT_EQ(heard.wait_for_refusals(1).size(), 1U);
}

TEST(nats_connect, tells_what_is_not_permitted) {
  const nats_server server({.config =
                                "authorization { users: [ { user: me, password: x, permissions: "
                                "{ publish: [\"a\"], subscribe: [\"a\"] } } ] }\n"});
  link_recorder heard;
  const auto to =
      connect_link({.url = server.url(), .login = {.user = "me", .password = "x"}}, heard);
  to->subscribe("b");
  expect_says(heard.wait_for_refusals(1)[0], {"Subscription", "\"b\"", "docs/distributed.md"});
  to->publish("c", "x");
  expect_says(heard.wait_for_refusals(2)[1], {"Publish", "\"c\""});
  to->subscribe("a");
  to->publish("a", "x");
  EXPECT_EQ(heard.wait_for_messages(1)[0].subject, "a");
}

// --- nkeys ---------------------------------------------------------------------------------------

TEST(nkey, has_the_public_key_of_its_seed) {
  EXPECT_EQ(parwork::nats::detail::public_nkey(published_seed), published_key);
}

TEST(nkey, refuses_what_is_no_seed_and_does_not_repeat_it) {
  const std::string seed = published_seed;
  std::string damaged = seed;
  damaged[20] = damaged[20] == 'A' ? 'B' : 'A';
  for (const std::string& bad :
       {std::string(), std::string("SU"), seed.substr(1), seed + "A", damaged,
        std::string(published_key), "SU" + std::string(56, '1')}) {
    try {
      (void)parwork::nats::detail::public_nkey(bad);
      ADD_FAILURE() << bad;
    } catch (const std::invalid_argument& error) {
      EXPECT_TRUE(bad.size() < 3 || std::string(error.what()).find(bad) == std::string::npos);
    }
  }
}

}  // namespace
