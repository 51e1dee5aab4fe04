// A child process of a test: started, read from, killed by its pid.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

class child {
 public:
  explicit child(std::vector<std::string> command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::vector<char*> words;
    for (auto& word : command) words.push_back(word.data());
    words.push_back(nullptr);
    const int error = ::posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
    if (error != 0) throw std::runtime_error("cannot start " + command[0]);
  }
  ~child() {
    if (!reaped_) kill();
    ::close(output_);
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Its standard output up to the end, or up to the first line's.
  std::string read_all() { return read('\0'); }
  std::string read_line() { return read('\n'); }

  /// Whether it has ended by itself; then wait() does not block.
  [[nodiscard]] bool has_ended() {
    siginfo_t info{};
    return reaped_ ||
           (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == pid_);
  }
  /// Its exit status, or minus the signal that ended it.
  int wait() {
    if (!reaped_) {
      while (::waitpid(pid_, &status_, 0) < 0) {
      }
      reaped_ = true;
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  }
  int kill() {
    ::kill(pid_, SIGKILL);
    return wait();
  }

 private:
  std::string read(char until) {
    std::string text;
    char c;
    while (::read(output_, &c, 1) == 1 && (until == '\0' || c != until)) text += c;
    return text;
  }

  pid_t pid_ = -1;
  int output_ = -1;
  int status_ = 0;
  bool reaped_ = false;
};
