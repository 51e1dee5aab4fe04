// Certificates for tests, made by the command openssl: an authority, and what it has signed.
//
// Thread safety: one thread at a time.
#pragma once

#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

extern char** environ;

namespace parwork_test {

class certificate_authority {
 public:
  certificate_authority() {
    request({"-subj", "/CN=tests", "-keyout", key_file("ca"), "-out", file("ca")});
  }

  /// Makes NAME.pem and NAME-key.pem. `names`: as subjectAltName has them.
  void sign(const std::string& name, const std::string& names) {
    request({"-subj", "/CN=" + name, "-addext", "subjectAltName=" + names, "-CA", file("ca"),
             "-CAkey", key_file("ca"), "-addext", "basicConstraints=critical,CA:FALSE", "-keyout",
             key_file(name), "-out", file(name)});
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    return folder_ / (name + ".pem");
  }
  [[nodiscard]] std::string key_file(const std::string& name) const {
    return folder_ / (name + "-key.pem");
  }
  [[nodiscard]] std::filesystem::path folder() const { return folder_ / ""; }

 private:
  static void request(const std::vector<std::string>& more) {
    std::vector<std::string> command = {
        "openssl", "req",   "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-days", "2"};
    command.insert(command.end(), more.begin(), more.end());
    std::vector<char*> words;
    for (auto& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1 /* O_WRONLY */, 0);
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = -1;
    if (error != 0 || ::waitpid(pid, &status, 0) != pid || status != 0) {
      throw std::runtime_error("openssl req makes no certificate: is openssl installed?");
    }
  }

  temporary_folder folder_;
};

}  // namespace parwork_test
