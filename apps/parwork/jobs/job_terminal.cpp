#include "jobs/job_terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include "support/error.hpp"

namespace cli {
namespace {

descriptor open_terminal() {
  descriptor file(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!file.is_open()) throw system_error("--tty: there is no terminal for jobs", errno);
  return file;
}

// Whether nothing but the terminal is to have what jobs write.
bool is_for_terminal_alone(const run_settings& settings) {
  return settings.output == output_mode::group && !settings.tag && settings.journal.empty() &&
         settings.results.empty();
}

}  // namespace

job_terminal::job_terminal(const run_settings& settings)
    : file_(open_terminal()), our_group_(getpgrp()), passes_on_(is_for_terminal_alone(settings)) {
  tcgetattr(file_.get(), &modes_);
}

int job_terminal::stream_of(int stream) noexcept { return isatty(stream) != 0 ? stream : -1; }

bool job_terminal::is_ours() const noexcept { return tcgetpgrp(file_.get()) == our_group_; }

// An orphaned group is not stopped, and one that ignores the signal is not either.
void job_terminal::wait_for_it(const std::function<bool()>& given_up) const {
  while (!is_ours() && tcgetpgrp(file_.get()) > 0 && !given_up()) {
    kill(0, SIGTTIN);
    if (!is_ours()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void job_terminal::take_back(terminal_modes modes) noexcept {
  tcsetpgrp(file_.get(), our_group_);
  of_job_.reset();
  if (modes == terminal_modes::restored) {
    tcsetattr(file_.get(), TCSADRAIN, &modes_);
  } else {
    tcgetattr(file_.get(), &modes_);
  }
}

void job_terminal::take_from_stopped() noexcept {
  termios now{};
  if (tcgetattr(file_.get(), &now) == 0) of_job_ = now;
  tcsetpgrp(file_.get(), our_group_);
  tcsetattr(file_.get(), TCSADRAIN, &modes_);
}

void job_terminal::lend_again(pid_t group) noexcept {
  if (!is_ours()) return;
  if (of_job_) tcsetattr(file_.get(), TCSADRAIN, &*of_job_);
  of_job_.reset();
  tcsetpgrp(file_.get(), group);
}

}  // namespace cli
