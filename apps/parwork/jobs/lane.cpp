#include "jobs/lane.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "support/shell_words.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

// What was cut short is to be done by the next run: a journal does not record it.
parwork::failure_kind kind_for_run(const outcome& ended) {
  if (ended.why == cause::halted || ended.why == cause::interrupted) {
    return parwork::failure_kind::cancelled;
  }
  return ended.can_be_repeated ? parwork::failure_kind::error : parwork::failure_kind::exception;
}

constexpr std::size_t read_size = std::size_t{64} * 1024;
constexpr auto look_again = 20ms;  // at groups whose leader is gone
constexpr auto look_for_stopped_every = 1000ms;
constexpr auto try_again = 50ms;        // to start something, for lack of resources
constexpr rlim_t files_of_a_start = 5;  // two pipes and the process
constexpr auto patience = 10s;          // with that, while nothing of ours runs

// Of an event: 0, or the number of an attempt and what of it.
constexpr std::uint64_t wake_ticket = 0;
constexpr std::uint64_t sources = 4;

bool is_for_lack_of_resources(int fault) {
  return fault == EAGAIN || fault == ENOMEM || fault == EMFILE || fault == ENFILE ||
         fault == ENOBUFS;
}

// A command that is there, and not another one for each item.
bool is_not_runnable(int fault) {
  return fault == ENOENT || fault == ENOTDIR || fault == EACCES || fault == EPERM ||
         fault == ENOEXEC || fault == EISDIR || fault == ELOOP || fault == ENAMETOOLONG ||
         fault == ETXTBSY || fault == ELIBBAD;
}

std::string why_not_started(const std::string& program, std::size_t items, int fault) {
  if (fault == EINVAL) return "the item has a NUL byte, which no argument can have";
  if (fault == E2BIG && items > 1) {
    return std::to_string(items) + " items are too long for one command line: lower -n";
  }
  if (fault == E2BIG) return "the item is too long for an argument";
  if (fault == ENOENT && !program.contains('/'))
    return "cannot run '" + program + "': command not found";
  if (fault == ENOENT && access(program.c_str(), F_OK) == 0) {
    return "cannot run '" + program + "': the interpreter that its first line names is missing";
  }
  return "cannot run '" + program + "': " + std::strerror(fault);
}

// This process's own limit: nobody else gives files back while nothing of ours runs.
error too_few_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlim_t open = 0;
  for (rlim_t each = 0; each < limit.rlim_cur; ++each) {
    if (fcntl(static_cast<int>(each), F_GETFD) >= 0) ++open;
  }
  return error("only " + std::to_string(limit.rlim_cur) +
               " files may be open at once, and a job needs " +
               std::to_string(open + files_of_a_start) + ": raise the limit (ulimit -n)");
}

bool process_has_terminal() {
  return descriptor(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)).is_open();
}

struct pipe_ends {
  descriptor read, write;
};

// 0 or an errno.
int make_pipe(pipe_ends& made) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  made = {descriptor(ends[0]), descriptor(ends[1])};
  return 0;
}

}  // namespace

lane::attempt::attempt(std::uint64_t its_number, waiting_job waiting, const lane_parts& parts,
                       unsigned slot, attempt_kind of_kind)
    : number(its_number),
      which(*waiting.which),
      done(std::move(waiting.done)),
      kind(of_kind),
      output(parts.live, parts.store, which.sequence,
             parts.settings.tag ? which.name() + '\t' : std::string(), of_kind) {
  which.failed.reset();
  result.attempt = done.attempt();
  result.slot = slot;
  result.run = parts.run;
  result.sequence = which.sequence;
}

lane::lane(const lane_parts& parts, std::unique_ptr<process_starter> starter)
    : parts_(parts),
      number_(parts.loads.add()),
      wake_(parts.loads.wake_up_of(number_)),
      starter_(std::move(starter)),
      environment_(parts_.run),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      buffer_(read_size),
      has_terminal_(process_has_terminal()),
      signal_obeyed_(parts.ending.last_signal().number) {
  if (!epoll_.is_open()) throw system_error("no epoll descriptor can be made", errno);
  epoll_event interest{EPOLLIN, {.u64 = wake_ticket}};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &interest);
  thread_ = std::thread([this] { run(); });
}

// What fails here, a full disk for example, ends the run and not the lane: it has jobs to end.
void lane::guarded(const auto& action) noexcept {
  try {
    action();
  } catch (...) {
    parts_.ending.fail(std::current_exception());
  }
}

void lane::run() {
  while (true) {
    start_jobs();
    obey();
    deliver_ended();
    parts_.loads.set(number_, running_.size());
    if (has_ended()) return;
    wait();
    run_timers();
    run_orphan_timers();
    end_those_that_want_the_terminal();
  }
}

bool lane::has_ended() { return parts_.ending.is_closed() && running_.empty() && orphans_.empty(); }

run_state lane::state() const noexcept {
  return parts_.queue.is_stopped() ? run_state::stopping : run_state::going_on;
}

void lane::start_jobs() {
  while (auto next = next_job()) {
    if (!start(std::move(*next))) return;
  }
}

std::optional<assignment> lane::next_job() {
  const std::size_t has = running_.size() - over_.size();
  if (!parts_.queue.has_next() || !parts_.loads.may_take(number_, has)) return std::nullopt;
  return parts_.queue.take();
}

// False where nothing can be started for now, for lack of resources.
bool lane::start(assignment next) {
  const unsigned slot = next.slot;
  const bool last = next.waiting.done.attempt() > parts_.settings.retries;
  auto fresh = std::make_unique<attempt>(++attempts_, std::move(next.waiting), parts_, slot,
                                         last ? attempt_kind::last : attempt_kind::may_be_repeated);
  parts_.ledger.started();
  const int fault = launch(*fresh);
  if (is_for_lack_of_resources(fault) && !starved_for_good()) {
    assignment held{{&fresh->which, std::move(fresh->done)}, slot};
    fresh.reset();
    parts_.ledger.put_back();
    if (!parts_.queue.put_back(held)) {
      if (fault == EMFILE) guarded([] { throw too_few_files(); });
      if (!starved_) starved_ = clock::now();
    }
    return false;
  }
  starved_.reset();
  attempt& started = *fresh;
  running_.emplace(started.number, std::move(fresh));
  if (fault != 0) fail_to_start(started, fault);
  return true;
}

// Nothing of this run ran for so long, and still nothing can be started.
bool lane::starved_for_good() const { return starved_ && clock::now() - *starved_ > patience; }

// 0 or an errno.
int lane::launch(attempt& fresh) {
  fresh.begin = clock::now();
  fresh.result.start = unix_time();
  if (!fresh.which.whole) return E2BIG;
  const std::vector<std::string> arguments = parts_.command.expand(
      {fresh.which.items, fresh.which.columns, fresh.which.sequence, fresh.result.slot});
  fresh.program = arguments.front();
  pipe_ends out, err;
  if (const int fault = make_pipe(out); fault != 0) return fault;
  if (const int fault = make_pipe(err); fault != 0) return fault;
  if (parts_.settings.verbose) parts_.writer.say(shell_join(arguments) + '\n');
  guarded([&] { parts_.ledger.attempt_begins(fresh.which, fresh.result); });
  const launched process = starter_->start(
      arguments, environment_.of(fresh.which.sequence, fresh.result.slot, fresh.result.attempt),
      out.write.get(), err.write.get());
  if (process.fault != 0) return process.fault;
  fresh.pid = process.pid;
  fresh.process = descriptor(process.pidfd);
  fresh.out = std::move(out.read);
  fresh.err = std::move(err.read);
  watch_for(fresh, source::process, fresh.process.get());
  watch_for(fresh, source::out, fresh.out.get());
  watch_for(fresh, source::err, fresh.err.get());
  const auto timeout = parts_.settings.timeout;
  if (timeout > 0ns) set_timer(fresh, fresh.begin + timeout);
  return 0;
}

std::uint64_t lane::ticket_of(const attempt& which, source from) {
  return which.number * sources + static_cast<std::uint64_t>(from);
}

void lane::watch_for(attempt& which, source from, int descriptor) {
  epoll_event interest{EPOLLIN, {.u64 = ticket_of(which, from)}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &interest) != 0) {
    const int code = errno;
    guarded([&] { throw system_error("a job cannot be watched", code); });
  }
}

void lane::fail_to_start(attempt& fresh, int fault) {
  fresh.result.why = cause::spawn;
  fresh.result.exit = fault == ENOENT ? status::not_found : status::not_runnable;
  fresh.result.message = why_not_started(fresh.program, fresh.which.items.size(), fault);
  fresh.result.can_be_repeated = is_for_lack_of_resources(fault);
  if (is_not_runnable(fault) && parts_.command.starts_one_program()) {
    fresh.result.why = cause::halted;
    parts_.ending.refuse({fresh.result.exit, fresh.result.message});
  }
  finish(fresh);
}

void lane::wait() {
  std::array<epoll_event, 64> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               milliseconds_to_wait());
  for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)]);
}

void lane::handle(const epoll_event& event) {
  const std::uint64_t ticket = event.data.u64;
  if (ticket == wake_ticket) {
    wake_.clear();
    return;
  }
  const auto found = running_.find(ticket / sources);
  if (found == running_.end() || found->second->over) return;  // what is left of a closed file
  const auto from = static_cast<source>(ticket % sources);
  if (from == source::process) {
    reap(*found->second);
  } else {
    read_some(*found->second, from, read_size);
  }
}

// REQUIRES: there is something to read, or the end: it does not wait.
void lane::read_some(attempt& which, source from, std::size_t most) {
  descriptor& pipe = from == source::out ? which.out : which.err;
  const ssize_t count = read(pipe.get(), buffer_.data(), std::min(most, buffer_.size()));
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    pipe.reset();
    return;
  }
  guarded([&] {
    which.output.add(from == source::out ? stream::out : stream::err,
                     {buffer_.data(), static_cast<std::size_t>(count)});
  });
}

// What the process itself has written is in the pipe when it ends. Who else writes there, a process
// that it left behind, is not waited for.
void lane::drain(attempt& which, source from) {
  const descriptor& pipe = from == source::out ? which.out : which.err;
  int there = 0;
  if (!pipe.is_open() || ioctl(pipe.get(), FIONREAD, &there) != 0) return;
  while (there > 0 && pipe.is_open()) {
    const auto part = std::min(static_cast<std::size_t>(there), buffer_.size());
    read_some(which, from, part);
    there -= static_cast<int>(part);
  }
}

void lane::reap(attempt& which) {
  process_end end;
  if (!starter_->take_end(which.process.get(), end)) return;
  which.result.exit = end.exit;
  which.result.signal = end.signal;
  if (which.result.why == cause::exit && which.result.signal != 0) {
    which.result.why = cause::signal;
  }
  if (which.now == phase::ending && starter_->group_is_alive(which.pid)) {
    orphans_.push_back({which.pid, which.kill_at});
  }
  drain(which, source::out);
  drain(which, source::err);
  finish(which);
}

void lane::finish(attempt& which) {
  which.over = true;
  clear_timer(which);
  if (which.pid > 0) {
    which.result.duration = std::chrono::duration<double>(clock::now() - which.begin).count();
  }
  which.process.reset();
  which.out.reset();
  which.err.reset();
  which.output.finish(which.result);
  over_.push_back(which.number);
  guarded([&] { note_end(which); });
  parts_.ledger.left();
  parts_.queue.release(which.result.slot);
}

// Before its slot is free: no job starts after one whose end halts the run.
void lane::note_end(attempt& which) {
  if (parts_.ledger.ended(which.which, which.result, state())) {
    if (parts_.ledger.halts_at_once()) {
      parts_.ending.end_jobs(cause::halted);
    } else {
      parts_.ending.stop_starting();
    }
  }
  parts_.ledger.log_end(which.which, which.result);
}

// After the next job has been started: others take the outcome meanwhile.
void lane::deliver_ended() {
  for (const std::uint64_t each : over_) {
    const auto found = running_.find(each);
    attempt& which = *found->second;
    guarded([&] { deliver(which); });
    running_.erase(found);
  }
  over_.clear();
}

void lane::deliver(attempt& ended) {
  if (ended.result.succeeded()) {
    ended.done.succeed(std::move(ended.result));
    return;
  }
  std::string record;
  if (parts_.ledger.is_for_good(ended.result, state()) && !parts_.settings.journal.empty()) {
    parwork::codec<outcome>::encode(ended.result, record);
  }
  const auto kind = kind_for_run(ended.result);
  ended.which.failed = std::move(ended.result);
  ended.done.fail({kind, std::move(record)});
}

// --- ending jobs -------------------------------------------------------------------------------

void lane::end(attempt& which, cause why) {
  if (which.now != phase::running) return;
  which.now = phase::ending;
  which.result.why = why;
  which.kill_at = clock::now() + parts_.settings.grace;
  starter_->signal_group(which.pid, SIGTERM);
  starter_->signal_group(which.pid, SIGCONT);  // one that is stopped sees it, too
  set_timer(which, which.kill_at);
}

void lane::kill(attempt& which) {
  which.now = phase::killed;
  clear_timer(which);
  starter_->signal_group(which.pid, SIGKILL);
}

void lane::obey() {
  if (const auto why = parts_.ending.ends_for()) {
    for (const auto& [number, each] : running_) {
      if (!each->over) end(*each, *why);
    }
  }
  if (parts_.ending.kills() && !killed_all_) {
    for (const auto& [number, each] : running_) {
      if (!each->over) kill(*each);
    }
    for (orphaned_group& each : orphans_) each.kill_at = clock::now();
    killed_all_ = true;
  }
  obey_signal();
}

void lane::obey_signal() {
  const signal_order order = parts_.ending.last_signal();
  if (order.number == signal_obeyed_) return;
  signal_obeyed_ = order.number;
  for (const auto& [number, each] : running_) {
    if (!each->over) starter_->signal_group(each->pid, order.signal);
  }
  parts_.ending.obeyed(signal_obeyed_);
}

void lane::set_timer(attempt& which, clock::time_point when) {
  clear_timer(which);
  which.timer = timers_.emplace(when, &which).first;
  which.timed = true;
}

void lane::clear_timer(attempt& which) {
  if (which.timed) timers_.erase(which.timer);
  which.timed = false;
}

void lane::run_timers() {
  while (!timers_.empty() && timers_.begin()->first <= clock::now()) {
    attempt& due = *timers_.begin()->second;
    clear_timer(due);
    if (due.now == phase::running) {
      end(due, cause::timeout);
    } else {
      kill(due);
    }
  }
}

void lane::run_orphan_timers() {
  std::erase_if(orphans_, [this](const orphaned_group& each) {
    if (!starter_->group_is_alive(each.group)) return true;
    if (clock::now() < each.kill_at) return false;
    starter_->signal_group(each.group, SIGKILL);
    return true;
  });
}

// A job is in no foreground group: the kernel stops one that asks the terminal for something, and
// nobody would let it go on.
void lane::end_those_that_want_the_terminal() {
  if (!has_terminal_ || clock::now() < look_for_stopped_) return;
  look_for_stopped_ = clock::now() + look_for_stopped_every;
  for (const auto& [number, each] : running_) {
    if (each->over || each->now != phase::running) continue;
    const int stopped = starter_->stopped_by(each->process.get());
    if (stopped != SIGTTIN && stopped != SIGTTOU) continue;
    each->result.message = "it wanted the terminal, which jobs do not have";
    parts_.writer.say("parwork: " + each->which.name() + " (job " +
                      std::to_string(each->which.sequence) +
                      ") wants the terminal, which jobs do not have: it is ended\n");
    end(*each, cause::signal);
  }
}

int lane::milliseconds_to_wait() const {
  auto until = clock::time_point::max();
  if (!timers_.empty()) until = timers_.begin()->first;
  if (!orphans_.empty()) until = std::min(until, clock::now() + look_again);
  if (starved_) until = std::min(until, clock::now() + try_again);
  if (has_terminal_ && !running_.empty()) until = std::min(until, look_for_stopped_);
  if (until == clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

}  // namespace cli
