// Real nats-servers on free loopback ports, for tests: started, frozen, killed and started again on
// the same port. None is left behind: a server dies with the thread that has started it.
//
// Thread safety: one thread at a time, and that thread outlives the server's use.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace parwork_test {

/// How a server is started. `config` is text in its own language; `config_file` is a file that is
/// used as it stands, in place of it: in its folder the server runs. `environment`: NAME=value.
struct nats_server_options {
  std::string config = {};
  std::filesystem::path config_file = {};
  std::vector<std::string> environment = {};
};

class nats_server {
 public:
  /// Returns when it accepts connections. Throws std::runtime_error with the server's log
  /// otherwise.
  explicit nats_server(nats_server_options options = {});
  ~nats_server();
  nats_server(const nats_server&) = delete;
  nats_server& operator=(const nats_server&) = delete;

  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] int cluster_port() const noexcept { return cluster_port_; }  // 0: none
  [[nodiscard]] std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }  // -1: not running

  void kill();     // by SIGKILL; returns when it is gone
  void stop();     // by SIGTERM, the same
  void restart();  // killed before where it runs; on the same ports
  void freeze();   // returns when it stands still
  void thaw();

  [[nodiscard]] std::string log() const;
  /// Blocks until the log has the text so many times.
  void wait_for_log(const std::string& text, std::size_t times = 1) const;

 private:
  void start();
  void end(int signal);
  [[nodiscard]] std::vector<std::string> command() const;
  [[nodiscard]] std::filesystem::path ports_file() const;
  bool read_ports();

  const nats_server_options options_;
  const temporary_folder folder_;
  pid_t pid_ = -1;
  int port_ = -1;
  int cluster_port_ = 0;
};

/// Three nodes, each connected to each.
class nats_cluster {
 public:
  nats_cluster();

  [[nodiscard]] nats_server& node(std::size_t index) { return *nodes_.at(index); }
  [[nodiscard]] std::string urls() const;

 private:
  std::vector<std::unique_ptr<nats_server>> nodes_;
};

}  // namespace parwork_test
