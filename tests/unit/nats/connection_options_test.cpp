// What may not stand in options is refused by name, and no secret is repeated.
#include "nats/connection_options.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "nats/server_url.hpp"

namespace {

using namespace std::chrono_literals;
using parwork::nats::cluster_options;
using parwork::nats::remote_options;
using parwork::nats::worker_options;
using parwork::nats::detail::servers_of;
using parwork::nats::detail::transport;
using parwork::nats::detail::validate;

/// What is said of options that `change` has made wrong; empty where nothing is.
template <class Options, class Change>
std::string fault_of(Change change) {
  Options given;
  change(given);
  try {
    validate(given);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(connection_options, are_right_by_default) {
  EXPECT_NO_THROW(validate(cluster_options{}));
  EXPECT_NO_THROW(validate(remote_options{}));
  EXPECT_NO_THROW(validate(worker_options{}));
}

TEST(connection_options, refuse_names_that_are_none) {
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.job = "a b"; }),
            "parwork: job is 'a b', it must be 1 to 64 letters, digits, '_' and '-'");
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.prefix = ""; }),
            "parwork: prefix is '', it must be 1 to 64 letters, digits, '_' and '-'");
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.prefix = "a.b"; }),
            "parwork: prefix is 'a.b', it must be 1 to 64 letters, digits, '_' and '-'");
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.labels = {"ok", "*"}; }),
            "parwork: labels[1] is '*', it must be 1 to 64 letters, digits, '_' and '-'");
  EXPECT_EQ(fault_of<remote_options>([](auto& given) { given.needs = {""}; }),
            "parwork: needs[0] is '', it must be 1 to 64 letters, digits, '_' and '-'");
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.job = std::string(64, 'x'); }), "");
}

TEST(connection_options, refuse_times_that_are_none) {
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.connect_timeout = 0ns; }),
            "parwork: connect_timeout is 0 ns, it must be more than 0");
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.give_up_after = -1ns; }),
            "parwork: give_up_after is -1 ns, it must be 0 or more");
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.heartbeat = 0ns; }),
            "parwork: heartbeat is 0 ns, it must be more than 0");
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.lost_after = 1ms; }),
            "parwork: lost_after is 1000000 ns, it must be heartbeat (1000000000 ns) or more");
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.lost_after = given.heartbeat; }), "");
  EXPECT_EQ(fault_of<remote_options>([](auto& given) { given.timeout = -5ns; }),
            "parwork: timeout is -5 ns, it must be 0 or more");
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.idle_exit = -1ns; }),
            "parwork: idle_exit is -1 ns, it must be 0 or more");
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.leave_within = -1ns; }),
            "parwork: leave_within is -1 ns, it must be 0 or more");
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.keep_results = -1ns; }),
            "parwork: keep_results is -1 ns, it must be 0 or more");
}

TEST(connection_options, refuse_counts_out_of_range) {
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.max_attempts = 0; }),
            "parwork: max_attempts is 0, it must be 1 to 100");
  EXPECT_EQ(fault_of<cluster_options>([](auto& given) { given.max_attempts = 101; }),
            "parwork: max_attempts is 101, it must be 1 to 100");
  EXPECT_EQ(fault_of<remote_options>([](auto& given) { given.max_batch = 0; }),
            "parwork: max_batch is 0, it must be 1 to 65536");
  EXPECT_EQ(fault_of<remote_options>([](auto& given) { given.max_batch = 65'537; }),
            "parwork: max_batch is 65537, it must be 1 to 65536");
}

TEST(connection_options, refuse_two_kinds_of_credentials_and_show_none) {
  const std::string two = fault_of<cluster_options>(
      [](auto& given) { given.login = {.user = "me", .password = "hidden", .token = "hidden"}; });
  EXPECT_EQ(two,
            "parwork: two kinds of credentials are given, login.user and login.token: there may be "
            "one");
  const std::string in_url = fault_of<worker_options>([](auto& given) {
    given.url = "nats://me:hidden@host";
    given.login.nkey_seed_file = "seed";
  });
  EXPECT_EQ(in_url,
            "parwork: two kinds of credentials are given, login.nkey_seed_file and a login in "
            "`url`: there may be one");
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.login.password = "hidden"; }),
            "parwork: login.password is given without login.user");
}

TEST(connection_options, refuse_half_a_certificate) {
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.tls.certificate = "c.pem"; }),
            "parwork: tls.certificate is given without tls.key: they belong together");
  EXPECT_EQ(fault_of<worker_options>([](auto& given) { given.tls.key = "k.pem"; }),
            "parwork: tls.key is given without tls.certificate: they belong together");
}

TEST(server_url, takes_a_url_apart) {
  const auto servers =
      servers_of("url", "nats://10.0.0.1:4222, tls://me:se%40cret@host ,tok@[::1]:1/");
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_EQ(servers[0].place(), "10.0.0.1:4222");
  EXPECT_EQ(servers[0].over, transport::plain);
  EXPECT_EQ(servers[1].place(), "host:4222");
  EXPECT_EQ(servers[1].over, transport::tls);
  EXPECT_EQ(servers[1].user, "me");
  EXPECT_EQ(servers[1].password, "se@cret");
  EXPECT_EQ(servers[2].place(), "[::1]:1");
  EXPECT_EQ(servers[2].host, "::1");
  EXPECT_EQ(servers[2].token, "tok");
}

TEST(server_url, refuses_what_is_none_and_shows_no_password) {
  for (const std::string bad :
       {"", " ", "nats://", "nats://a,", ",", "http://me:hidden@a", "nats://me:hidden@",
        "nats://me:hidden@a:0", "nats://a:65536", "nats://a:b", "nats://a:", "nats://[::1",
        "nats://[::1]x", "nats://a b", "nats://a/b", "hidden://me:hidden@a,"}) {
    try {
      (void)servers_of("url", bad);
      ADD_FAILURE() << "taken: '" << bad << "'";
    } catch (const std::invalid_argument& error) {
      const std::string text = error.what();
      EXPECT_TRUE(text.starts_with("parwork: url is '")) << text;
      EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
    }
  }
}

}  // namespace
