// The least that a tool can do for each job: posix_spawn, a process group, two pipes, wait. Two
// threads, each with one job: the limit that bench/tool.py compares tools with.
//
// usage: bench_spawn_loop JOBS PROGRAM
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

void read_to_end(int descriptor) {
  std::array<char, 4096> bytes{};
  while (read(descriptor, bytes.data(), bytes.size()) > 0) {
  }
  close(descriptor);
}

void spawn_and_wait(char* program, std::string item) {
  std::array<int, 2> out{}, err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) std::exit(1);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::array<char*, 3> arguments{program, item.data(), nullptr};
  pid_t pid = 0;
  if (posix_spawn(&pid, program, &actions, &attributes, arguments.data(), environ) != 0) {
    std::exit(1);
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(out[1]);
  close(err[1]);
  read_to_end(out[0]);
  read_to_end(err[0]);
  waitpid(pid, nullptr, 0);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: bench_spawn_loop JOBS PROGRAM\n", stderr);
    return 2;
  }
  const int jobs = std::atoi(arguments[1]);
  std::atomic<int> next = 0;
  const auto loop = [&] {
    for (int job = next++; job < jobs; job = next++) {
      spawn_and_wait(arguments[2], std::to_string(job));
    }
  };
  std::thread other(loop);
  loop();
  other.join();
}
