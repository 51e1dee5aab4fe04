#include "remote/served_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "jobs/job_feed.hpp"
#include "jobs/job_pipes.hpp"
#include "jobs/job_waits.hpp"
#include "jobs/left_behind.hpp"
#include "jobs/start_fault.hpp"
#include "record/run_log.hpp"
#include "support/awake_clock.hpp"
#include "support/error.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;
using clock = awake_clock;

}  // namespace

// One job, from its start to its end. A local one's is lane::attempt.
class served_command::execution {
 public:
  execution(process_starter& starter, const served_command& by, const remote_job& what,
            unsigned slot, std::stop_token stop)
      : starter_(starter),
        by_(by),
        what_(what),
        left_(starter),
        environment_(what.run, by.who_.host),
        is_stopped_(stop, [this] { wake_.set(); }),
        stop_(std::move(stop)) {
    result_.slot = slot;
    result_.host = by.who_.host;
    result_.worker = by.who_.worker;
  }

  remote_outcome run() {
    if (start()) {
      by_.begun_(what_, result_);
      while (now_ != phase::over) wait_once();
      while (!left_.is_empty()) wait_for_left();
    }
    if (is_too_much_) refuse_output();
    return std::move(result_);
  }

 private:
  // Draining: its process has ended, and another one still holds its output.
  enum class phase : std::uint8_t { running, ending, killed, draining, over };

  // --- its start ---

  // False where it cannot be started: the result says why.
  bool start() {
    std::vector<std::string> arguments = what_.arguments_for(result_.slot);
    descriptor folder;
    if (!what_.folder.empty()) {
      folder = descriptor(open(what_.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!folder.is_open()) return lack_folder(errno);
      // The program is searched for from where this process is.
      if (!arguments.front().starts_with('/') && arguments.front().contains('/')) {
        arguments.front().insert(0, what_.folder + '/');
      }
    }
    const auto give_up = clock::now() + patience;
    while (true) {
      const int fault = launch(arguments, folder);
      if (fault == 0) return true;
      if (!is_for_lack_of_resources(fault) || clock::now() >= give_up || stop_.stop_requested()) {
        return fail(arguments.front(), fault);
      }
      pollfd woken{wake_.get(), POLLIN, 0};
      poll(&woken, 1, static_cast<int>(try_again / 1ms));
    }
  }

  // 0 or an errno.
  int launch(const std::vector<std::string>& arguments, const descriptor& folder) {
    begin_ = clock::now();
    result_.start = unix_time();
    pipe_ends in, out, err;
    for (pipe_ends* const each : {&in, &out, &err}) {
      if (each == &in && !what_.has_input) continue;
      if (const int fault = make_pipe(*each); fault != 0) return fault;
    }
    if (what_.has_input && fcntl(in.write.get(), F_SETFL, O_NONBLOCK) != 0) return errno;
    const launched process =
        starter_.start(arguments, environment_.of(what_.sequence, result_.slot, what_.attempt),
                       {.in = in.read.get(),
                        .out = out.write.get(),
                        .err = err.write.get(),
                        .folder = folder.get()});
    if (process.fault != 0) return process.fault;
    processes_.group = process.pid;
    processes_.origin = environment_.origin_of(what_.sequence, what_.attempt);
    process_ = descriptor(process.pidfd);
    out_ = std::move(out.read);
    err_ = std::move(err.read);
    if (what_.has_input) {
      auto block = std::make_shared<input_block>();
      block->bytes = what_.input;
      block->length = what_.input.size();
      feed_ = job_feed(std::move(block), std::move(in.write));
    }
    if (what_.timeout > 0ns) due_ = begin_ + what_.timeout;
    return 0;
  }

  bool lack_folder(int fault) {
    result_.refuse(
        status::not_runnable,
        system_error("the folder " + what_.folder + " cannot be used on " + result_.host, fault)
            .what());
    result_.not_here = true;
    return false;
  }

  bool fail(const std::string& program, int fault) {
    note_not_started(result_, program, what_.items, fault);
    result_.not_here = is_not_runnable(fault) && what_.starts_one_program;
    return false;
  }

  // --- while it runs ---

  void wait_once() {
    std::array<pollfd, 5> watched{{{wake_.get(), POLLIN, 0},
                                   {process_.get(), POLLIN, 0},
                                   {out_.get(), POLLIN, 0},
                                   {err_.get(), POLLIN, 0},
                                   {feed_.is_open() ? feed_.pipe() : -1, POLLOUT, 0}}};
    if (is_stop_obeyed_) watched[0].fd = -1;
    const int count = poll(watched.data(), watched.size(), milliseconds_to_wait());
    if (count > 0) {
      if (watched[2].revents != 0) read_some(out_, result_.out, read_size);
      if (watched[3].revents != 0) read_some(err_, result_.err, read_size);
      if (watched[4].revents != 0) feed();
      if (watched[1].revents != 0) reap();
    }
    if (now_ == phase::draining && !out_.is_open() && !err_.is_open()) finish();
    if (stop_.stop_requested() && !std::exchange(is_stop_obeyed_, true)) end(cause::halted);
    if (due_ && now_ != phase::over && clock::now() >= *due_) pass_time();
  }

  [[nodiscard]] int milliseconds_to_wait() const {
    if (!due_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due_ - clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void feed() {
    if (feed_.pump() == feed_state::unreadable) feed_.close();
  }

  // REQUIRES: there is something to read, or the end.
  void read_some(descriptor& pipe, std::string& into, std::size_t most) {
    std::array<char, read_size> buffer;
    const ssize_t count = read(pipe.get(), buffer.data(), std::min(most, buffer.size()));
    if (count < 0 && errno == EINTR) return;
    if (count <= 0) return pipe.reset();
    if (result_.out.size() + result_.err.size() + static_cast<std::size_t>(count) >
        most_remote_output) {
      is_too_much_ = true;  // and is read on, so that the job ends
    }
    if (!is_too_much_) into.append(buffer.data(), static_cast<std::size_t>(count));
  }

  // What the process itself has written is in the pipe when it ends.
  void drain(descriptor& pipe, std::string& into) {
    int there = 0;
    if (!pipe.is_open() || ioctl(pipe.get(), FIONREAD, &there) != 0) return;
    while (there > 0 && pipe.is_open()) {
      const auto part = std::min(static_cast<std::size_t>(there), read_size);
      read_some(pipe, into, part);
      there -= static_cast<int>(part);
    }
  }

  void reap() {
    process_end ended;
    if (!starter_.take_end(process_.get(), ended)) return;
    process_.reset();
    feed_.close();
    result_.exit = ended.exit;
    result_.signal = ended.signal;
    if (result_.why == cause::exit && result_.signal != 0) result_.why = cause::signal;
    if (now_ == phase::ending) left_.add(std::move(processes_), *due_);
    result_.duration = std::chrono::duration<double>(clock::now() - begin_).count();
    drain(out_, result_.out);
    drain(err_, result_.err);
    if (now_ != phase::running || !can_be_written(out_, err_)) return finish();
    now_ = phase::draining;
    due_ = clock::now() + moment;
  }

  void finish() {
    now_ = phase::over;
    process_.reset();
    out_.reset();
    err_.reset();
    feed_.close();
  }

  // --- its end by force ---

  void end(cause why) {
    if (now_ == phase::draining) return finish();
    if (now_ != phase::running) return;
    now_ = phase::ending;
    result_.why = why;
    std::array<job_processes*, 1> all{&processes_};
    starter_.end(all);
    due_ = clock::now() + what_.grace;
  }

  void pass_time() {
    if (now_ == phase::running) return end(cause::timeout);
    if (now_ == phase::draining) return finish();
    now_ = phase::killed;
    due_.reset();
    std::array<job_processes*, 1> all{&processes_};
    starter_.kill(all);
  }

  void wait_for_left() {
    const auto until = left_.next_look().value_or(clock::now());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
    poll(nullptr, 0, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000)));
    left_.look();
  }

  void refuse_output() {
    result_.out.clear();
    result_.err.clear();
    result_.refuse(status::not_runnable,
                   "it wrote more than 64 MiB, which is all that comes back from a worker: let it "
                   "write to a file");
  }

  process_starter& starter_;
  const served_command& by_;
  const remote_job& what_;
  remote_outcome result_;
  left_behind left_;
  job_environment environment_;
  wake_up wake_;
  const std::stop_callback<std::function<void()>> is_stopped_;
  const std::stop_token stop_;
  clock::time_point begin_;
  std::optional<clock::time_point> due_;  // the timeout, then the end of the grace
  phase now_ = phase::running;
  bool is_stop_obeyed_ = false;
  bool is_too_much_ = false;
  job_processes processes_;
  descriptor process_, out_, err_;
  job_feed feed_;
};

served_command::served_command(const process_state& inherited, const served_by& who,
                               std::function<void(const remote_job&, const remote_outcome&)> begun)
    : inherited_(inherited), who_(who), begun_(std::move(begun)) {}

served_command::~served_command() = default;

process_starter& served_command::starter_of(job_reach reach) {
  auto& kept = reach == job_reach::tree ? of_trees_ : of_groups_;
  if (!kept) kept = std::make_unique<launcher>(inherited_, reach);
  return *kept;
}

remote_outcome served_command::run(const remote_job& what, unsigned slot, std::stop_token stop) {
  return execution(starter_of(what.reach), *this, what, slot, std::move(stop)).run();
}

}  // namespace cli
