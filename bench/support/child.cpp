#include "support/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace bench {

namespace {

struct pipe_ends {
  int read;
  int write;
};

pipe_ends make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe");
  }
  return {ends[0], ends[1]};
}

pid_t fork_or_throw() {
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw std::system_error(errno, std::generic_category(), "fork");
  }
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  return pid;
}

std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0 || errno != EINTR) {
      break;
    }
  }
  ::close(descriptor);
  return text;
}

void wait_for_success(pid_t pid, const std::string& name) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(name + " failed");
  }
}

// One measurement's figures, written as they are in memory: reader and writer are the same program.
int send(int descriptor, const std::vector<double>& figures) {
  const auto* bytes = reinterpret_cast<const char*>(figures.data());
  std::size_t left = figures.size() * sizeof(double);
  while (left != 0) {
    const ssize_t put = ::write(descriptor, bytes, left);
    if (put < 0) {
      return 1;
    }
    bytes += put;
    left -= static_cast<std::size_t>(put);
  }
  return 0;
}

int measure_and_send(const std::function<std::vector<double>()>& measure, int descriptor) {
  try {
    return send(descriptor, measure());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}

}  // namespace

std::string output_of(const std::vector<std::string>& command, errors told) {
  std::vector<char*> argv;
  for (const std::string& word : command) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  const pipe_ends ends = make_pipe();
  const pid_t pid = fork_or_throw();
  if (pid == 0) {
    ::dup2(ends.write, STDOUT_FILENO);
    if (told == errors::dropped) {
      ::dup2(::open("/dev/null", O_WRONLY), STDERR_FILENO);
    }
    ::close(ends.read);
    ::close(ends.write);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends.write);
  std::string text = read_all(ends.read);
  wait_for_success(pid, command.front());
  return text;
}

std::string value_of(const std::string& line, const std::string& key, const std::string& who) {
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word.starts_with(key + '=')) {
      return word.substr(key.size() + 1);
    }
  }
  throw std::runtime_error(who + " printed no " + key);
}

std::vector<double> in_child(const std::function<std::vector<double>()>& measure) {
  const pipe_ends ends = make_pipe();
  const pid_t pid = fork_or_throw();
  if (pid == 0) {
    ::close(ends.read);
    ::_exit(measure_and_send(measure, ends.write));
  }
  ::close(ends.write);
  const std::string bytes = read_all(ends.read);
  wait_for_success(pid, "a measurement");
  std::vector<double> figures(bytes.size() / sizeof(double));
  std::memcpy(figures.data(), bytes.data(), figures.size() * sizeof(double));
  return figures;
}

neighbours::neighbours(unsigned count) {
  for (; count != 0; --count) {
    const pid_t pid = fork_or_throw();
    if (pid == 0) {
      for (;;) {
        asm volatile("");
      }
    }
    pids_.push_back(pid);
  }
}

neighbours::~neighbours() {
  for (const pid_t pid : pids_) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
}

}  // namespace bench
