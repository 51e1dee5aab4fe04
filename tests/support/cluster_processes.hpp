// Workers and submitters in processes of their own, for tests that kill and freeze them. Each dies
// with the thread that has started it.
//
// Thread safety: one thread at a time.
#pragma once

#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/child.hpp"

namespace parwork_test {

class cluster_process {
 public:
  /// The words behind the program's name: see cluster_program.cpp.
  explicit cluster_process(std::vector<std::string> words) : child_(command(std::move(words))) {}

  void kill() { child_.kill(); }
  /// Returns when it stands still.
  void freeze() {
    ::kill(child_.pid(), SIGSTOP);
    int status = 0;
    ::waitpid(child_.pid(), &status, WUNTRACED);
  }
  void thaw() { ::kill(child_.pid(), SIGCONT); }
  /// By TERM. Returns its status.
  int stop() {
    ::kill(child_.pid(), SIGTERM);
    return child_.wait();
  }
  int wait() { return child_.wait(); }
  /// Empty at its end.
  std::string read_line() { return child_.read_line(); }

 private:
  static std::vector<std::string> command(std::vector<std::string> words) {
    words.insert(words.begin(), CLUSTER_PROGRAM);
    return words;
  }

  child child_;
};

class worker_process : public cluster_process {
 public:
  explicit worker_process(const std::string& url, int threads = 2, const std::string& label = {})
      : cluster_process(words(url, threads, label)) {
    if (read_line() != "up") throw std::runtime_error("the worker did not start");
  }

 private:
  static std::vector<std::string> words(const std::string& url, int threads,
                                        const std::string& label) {
    std::vector<std::string> all{"worker", url, std::to_string(threads)};
    if (!label.empty()) all.push_back(label);
    return all;
  }
};

/// Squares numbers from 0 with a journal, and prints a line for each that it collects.
class submitter_process : public cluster_process {
 public:
  submitter_process(const std::string& url, const std::string& job, const std::string& journal,
                    int items, const std::string& work = "square")
      : cluster_process({"submit", url, job, journal, std::to_string(items), work}) {}
};

}  // namespace parwork_test
