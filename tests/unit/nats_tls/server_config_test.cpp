// The server configuration that docs/distributed.md shows: it starts as it is, and permits each
// side what it needs and no more.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "nats/nats_link.hpp"
#include "nats/subjects.hpp"
#include "parwork/nats_errors.hpp"
#include "support/certificates.hpp"
#include "support/link_recorder.hpp"
#include "support/nats_server.hpp"

namespace {

using parwork::nats::detail::connect_link;
using parwork::nats::detail::link;
using parwork::nats::detail::session_id;
using parwork::nats::detail::subjects;
using parwork_test::certificate_authority;
using parwork_test::link_recorder;
using parwork_test::nats_server;

class server_config : public ::testing::Test {
 protected:
  struct client {
    client(const server_config& test, const std::string& user)
        : to(connect_link({.url = test.server_->url(),
                           .login = {.user = user, .password = user + "secret"},
                           .tls = {.ca = test.authority_.file("ca")}},
                          heard)) {}
    link_recorder heard;
    std::unique_ptr<link> to;
  };

  server_config() {
    authority_.sign("server", "IP:127.0.0.1");
    const auto file = authority_.folder() / "server.conf";
    std::filesystem::copy_file(PARWORK_SERVER_CONF, file);
    server_ = std::make_unique<nats_server>(parwork_test::nats_server_options{
        .config_file = file,
        .environment = {"SUBMITTER_PASSWORD=submittersecret", "WORKER_PASSWORD=workersecret"}});
  }

  certificate_authority authority_;
  std::unique_ptr<nats_server> server_;
  const subjects all_{"pw"};
  const session_id session_{1, 2};
  const session_id worker_{3, 4};
};

/// Each side publishes what it may, and the other hears it all.
TEST_F(server_config, permits_what_submitters_and_workers_need) {
  client submitter(*this, "submitter");
  client worker(*this, "worker");
  const std::string inbox = submitter.to->new_inbox();
  for (const auto& each :
       {all_.all_to_submitter(session_), all_.here(), all_.job("hashes"), all_.status(), inbox}) {
    submitter.to->subscribe(each);
  }
  for (const auto& each : {all_.to_worker(worker_), all_.all_calls(), all_.status()}) {
    worker.to->subscribe(each);
  }
  submitter.to->publish(all_.call("md5"), "call");
  submitter.to->publish(all_.to_worker(worker_), all_.to_submitter(session_, worker_), "poll");
  submitter.to->publish(all_.status(), inbox, "status");
  submitter.to->publish(all_.job("hashes"), inbox, "question");
  EXPECT_EQ(worker.heard.wait_for_messages(3)[2].reply, inbox);
  submitter.to->publish(inbox, "answer");
  submitter.heard.wait_for_messages(3);  // its own status, question and answer
  worker.to->publish(all_.here(), "here");
  worker.to->publish(all_.to_submitter(session_, worker_), "state");
  worker.to->publish(inbox, "status");
  submitter.heard.wait_for_messages(6);
  // A refusal would have come before the answer to this.
  EXPECT_TRUE(submitter.to->flush(std::chrono::seconds(10)));
  EXPECT_EQ(submitter.heard.wait_for_refusals(0).size(), 0U);
  EXPECT_EQ(worker.heard.wait_for_refusals(0).size(), 0U);
}

TEST_F(server_config, permits_no_worker_to_give_out_work) {
  client worker(*this, "worker");
  worker.to->publish(all_.to_worker(worker_), "batch");
  EXPECT_NE(worker.heard.wait_for_refusals(1)[0].find("Publish"), std::string::npos);
  worker.to->publish(all_.call("md5"), "call");
  worker.heard.wait_for_refusals(2);
  worker.to->subscribe(all_.all_to_submitter(session_));
  EXPECT_NE(worker.heard.wait_for_refusals(3)[2].find("Subscription"), std::string::npos);
}

TEST_F(server_config, lets_nobody_in_without_a_login) {
  link_recorder heard;
  EXPECT_THROW(
      (void)connect_link({.url = server_->url(), .tls = {.ca = authority_.file("ca")}}, heard),
      parwork::nats::access_denied);
}

}  // namespace
