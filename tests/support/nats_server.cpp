#include "support/nats_server.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace parwork_test {
namespace {

constexpr auto patience = std::chrono::seconds(30);

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

/// Another process changes the condition, and cannot tell: so it is asked again and again.
bool poll_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// The port of the first URL of a list in the ports file: "nats": ["nats://127.0.0.1:4222"].
int port_in(const std::string& ports, const std::string& list) {
  const auto name = ports.find('"' + list + '"');
  if (name == std::string::npos) return 0;
  const auto mark = ports.find("://", name);
  const auto end = ports.find(']', name);
  if (mark == std::string::npos || mark > end) return 0;
  return std::stoi(ports.substr(ports.find(':', mark + 3) + 1));
}

struct program {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // besides the test's own
  std::filesystem::path folder;
  std::filesystem::path errors;  // what it says before it has its log
};

std::vector<char*> as_words(std::vector<std::string>& texts) {
  std::vector<char*> words;
  for (auto& text : texts) words.push_back(text.data());
  return words;
}

/// Between fork and exec: nothing here allocates.
[[noreturn]] void become(char* const* words, char* const* variables, const char* folder,
                         pid_t parent, int errors) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);  // it died before
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  if (::chdir(folder) == 0) ::execve(words[0], words, variables);
  ::_exit(127);
}

pid_t spawn(program what) {
  auto words = as_words(what.command);
  words.push_back(nullptr);
  auto variables = as_words(what.environment);
  for (char** each = environ; *each != nullptr; ++each) variables.push_back(*each);
  variables.push_back(nullptr);
  const int file = ::open(what.errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(words.data(), variables.data(), what.folder.c_str(), parent, file);
  ::close(file);
  if (pid < 0) throw std::runtime_error("cannot fork");
  return pid;
}

}  // namespace

nats_server::nats_server(nats_server_options options) : options_(std::move(options)) {
  if (options_.config_file.empty()) std::ofstream(folder_ / "server.conf") << options_.config;
  start();
}

nats_server::~nats_server() { kill(); }

std::vector<std::string> nats_server::command() const {
  const auto file = options_.config_file.empty() ? folder_ / "server.conf" : options_.config_file;
  std::vector<std::string> words = {PARWORK_NATS_SERVER,
                                    "-c",
                                    file.string(),
                                    "-a",
                                    "127.0.0.1",
                                    "-p",
                                    std::to_string(port_),
                                    "--ports_file_dir",
                                    (folder_ / "").string(),
                                    "-l",
                                    (folder_ / "log").string()};
  if (cluster_port_ > 0) {
    words.emplace_back("--cluster_listen");
    words.push_back("nats://127.0.0.1:" + std::to_string(cluster_port_));
  }
  return words;
}

void nats_server::start() {
  const auto folder =
      options_.config_file.empty() ? folder_ / "" : options_.config_file.parent_path();
  pid_ = spawn({.command = command(),
                .environment = options_.environment,
                .folder = folder,
                .errors = folder_ / "errors"});
  bool has_ended = false;
  const bool is_ready = poll_until([&] {
    has_ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    return has_ended || read_ports();
  });
  if (has_ended) pid_ = -1;
  if (!is_ready || has_ended) {
    kill();
    throw std::runtime_error(std::string(PARWORK_NATS_SERVER) + " does not start:\n" + log());
  }
}

std::filesystem::path nats_server::ports_file() const {
  return folder_ / ("nats-server_" + std::to_string(pid_) + ".ports");
}

/// The file is there once all ports listen.
bool nats_server::read_ports() {
  const auto ports = text_of(ports_file());
  if (ports.find('}') == std::string::npos) return false;
  port_ = port_in(ports, "nats");
  if (port_ == 0) port_ = port_in(ports, "tls");
  cluster_port_ = port_in(ports, "cluster");
  return port_ > 0;
}

void nats_server::end(int signal) {
  if (pid_ < 0) return;
  ::kill(pid_, signal);
  if (signal != SIGKILL) ::kill(pid_, SIGCONT);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  std::error_code ignored;
  std::filesystem::remove(ports_file(), ignored);
  pid_ = -1;
}

void nats_server::kill() { end(SIGKILL); }
void nats_server::stop() { end(SIGTERM); }

void nats_server::restart() {
  kill();
  start();
}

void nats_server::freeze() {
  ::kill(pid_, SIGSTOP);
  int status = 0;
  ::waitpid(pid_, &status, WUNTRACED);
}

void nats_server::thaw() { ::kill(pid_, SIGCONT); }

std::string nats_server::log() const {
  return text_of(folder_ / "log") + text_of(folder_ / "errors");
}

void nats_server::wait_for_log(const std::string& text, std::size_t times) const {
  if (!poll_until([&] { return count_of(log(), text) >= times; })) {
    throw std::runtime_error("the server's log lacks '" + text + "':\n" + log());
  }
}

nats_cluster::nats_cluster() {
  std::string routes;
  for (int i = 0; i < 3; ++i) {
    nodes_.push_back(std::make_unique<nats_server>(nats_server_options{
        .config = "server_name: node" + std::to_string(i) +
                  "\ncluster { name: tests, listen: \"127.0.0.1:-1\", routes: [" + routes +
                  "] }\n"}));
    routes += "\"nats://127.0.0.1:" + std::to_string(nodes_.back()->cluster_port()) + "\",";
  }
  const bool is_whole = poll_until([&] {
    for (const auto& each : nodes_) {
      const std::string log = each->log();
      if (count_of(log, "Route connection created") < count_of(log, "connection closed") + 2) {
        return false;
      }
    }
    return true;
  });
  if (!is_whole) throw std::runtime_error("no cluster:\n" + nodes_.front()->log());
}

std::string nats_cluster::urls() const {
  std::string urls;
  for (const auto& each : nodes_) urls += (urls.empty() ? "" : ",") + each->url();
  return urls;
}

}  // namespace parwork_test
