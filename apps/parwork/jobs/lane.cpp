#include "jobs/lane.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>

#include "jobs/give_outcome.hpp"
#include "jobs/job_pipes.hpp"
#include "jobs/job_waits.hpp"
#include "jobs/start_fault.hpp"
#include "support/shell_words.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;

// Of an event: 0, or the number of an attempt and what of it.
constexpr std::uint64_t wake_ticket = 0;
constexpr std::uint64_t sources = 4;  // numbers of attempts begin at 1

bool process_has_terminal() {
  return descriptor(open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)).is_open();
}

bool is_from_keyboard(int number) { return number == SIGINT || number == SIGQUIT; }

error block_unreadable(int fault) {
  const char* const what = "the input cannot be read again by a job";
  return fault != 0 ? system_error(what, fault) : error(std::string(what) + ": it became shorter");
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
      left_behind_(*starter_),
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
    left_behind_.look();
    look_for_stopped();
  }
}

bool lane::has_ended() {
  return parts_.ending.is_closed() && running_.empty() && left_behind_.is_empty();
}

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
  const bool last =
      next.waiting.done.attempt() > parts_.settings.retries && parts_.yields == nullptr;
  auto fresh = std::make_unique<attempt>(++attempts_, std::move(next.waiting), parts_, slot,
                                         last ? attempt_kind::last : attempt_kind::may_be_repeated);
  parts_.ledger.started();
  const int fault = launch(*fresh);
  if (is_for_lack_of_resources(fault) && !starved_for_good()) {
    assignment held{{&fresh->which, std::move(fresh->done)}, slot};
    if (fresh->yielding != 0) parts_.yields->end(fresh->yielding);
    fresh.reset();
    parts_.ledger.put_back();
    const tried_again when = parts_.queue.put_back(held);
    if (when == tried_again::never) held.waiting.done.fail(not_started());
    if (when == tried_again::when_it_may) {
      if (fault == EMFILE) guarded([this] { throw too_few_files(parts_.settings); });
      if (!starved_) starved_ = clock::now();
    }
    return false;
  }
  starved_.reset();
  parts_.queue.started();
  attempt& started = *fresh;
  running_.emplace(started.number, std::move(fresh));
  if (fault != 0) fail_to_start(started, fault);
  return true;
}

// Nothing of this run ran for so long, and still nothing can be started.
bool lane::starved_for_good() const { return starved_ && clock::now() - *starved_ > patience; }

// 0 or an errno.
int lane::begin_results(attempt& fresh) {
  if (parts_.results == nullptr) return 0;
  const int fault = parts_.results->begin(fresh.which, fresh.results);
  if (fault != 0 && !is_for_lack_of_resources(fault)) lose_results(fresh, fault);
  return fault;
}

// Ends the run.
void lane::lose_results(attempt& which, int fault) {
  if (std::exchange(which.lost_results, true)) return;
  guarded([&] { throw parts_.results->cannot_be_written(fault); });
}

// A job whose results are not in their place has not been done.
void lane::keep_results(attempt& ended) {
  const bool cut_off = ended.result.why == cause::halted || ended.result.why == cause::interrupted;
  if (!ended.which.is_over || cut_off) return;
  if (const int fault = ended.results.keep(ended.result.status())) lose_results(ended, fault);
  if (ended.lost_results) ended.result.why = cause::halted;
}

// 0 or an errno.
int lane::launch(attempt& fresh) {
  fresh.begin = clock::now();
  fresh.result.start = unix_time();
  if (const int fault = begin_results(fresh); fault != 0) return fault;
  if (!fresh.which.whole) return E2BIG;
  const std::vector<std::string> arguments = parts_.command.expand(
      {fresh.which.items, fresh.which.columns, fresh.which.sequence, fresh.result.slot});
  fresh.program = arguments.front();
  descriptor in;
  if (const int fault = begin_feed(fresh, in); fault != 0) return fault;
  output_pipe out(parts_.terminal, STDOUT_FILENO);
  output_pipe err(parts_.terminal, STDERR_FILENO);
  for (const int fault : {out.fault(), err.fault()}) {
    if (fault != 0) return fault;
  }
  process_streams streams{.in = in.get(), .out = out.write_end(), .err = err.write_end()};
  if (parts_.terminal != nullptr) {
    parts_.terminal->wait_for_it([this] { return parts_.ending.ends_for().has_value(); });
    streams.in = streams.terminal = parts_.terminal->get();
  }
  if (parts_.settings.verbose) parts_.writer.say(shell_join(arguments) + '\n');
  guarded([&] { parts_.ledger.attempt_begins(fresh.which, fresh.result); });
  if (parts_.yields != nullptr) fresh.yielding = parts_.yields->begin();
  const launched process = starter_->start(
      arguments, environment_.of(fresh.which.sequence, fresh.result.slot, fresh.result.attempt),
      streams);
  if (process.fault != 0) {
    if (parts_.terminal != nullptr) parts_.terminal->take_back(terminal_modes::kept);
    return process.fault;
  }
  fresh.pid = process.pid;
  fresh.processes.group = process.pid;
  fresh.processes.origin = environment_.origin_of(fresh.which.sequence, fresh.result.attempt);
  fresh.process = descriptor(process.pidfd);
  fresh.out = out.take_read_end();
  fresh.err = err.take_read_end();
  watch_for(fresh, source::process, fresh.process.get());
  if (fresh.out.is_open()) watch_for(fresh, source::out, fresh.out.get());
  if (fresh.err.is_open()) watch_for(fresh, source::err, fresh.err.get());
  if (fresh.feed.is_open()) watch_for(fresh, source::in, fresh.feed.pipe());
  const auto timeout = parts_.settings.timeout;
  if (timeout > 0ns) timers_.set(fresh.number, fresh.begin + timeout);
  return 0;
}

// 0 or an errno. `in`: what the job reads from; not open where it has no block.
int lane::begin_feed(attempt& fresh, descriptor& in) {
  if (!fresh.which.block) return 0;
  pipe_ends made;
  if (const int fault = make_pipe(made); fault != 0) return fault;
  if (fcntl(made.write.get(), F_SETFL, O_NONBLOCK) != 0) return errno;
  in = std::move(made.read);
  fresh.feed = job_feed(fresh.which.block, std::move(made.write));
  return 0;
}

void lane::feed(attempt& which) {
  if (which.feed.is_open() && which.feed.pump() == feed_state::unreadable) {
    guarded([&] { throw block_unreadable(which.feed.fault()); });
  }
}

std::uint64_t lane::ticket_of(const attempt& which, source from) {
  return which.number * sources + static_cast<std::uint64_t>(from);
}

void lane::watch_for(attempt& which, source from, int descriptor) {
  const std::uint32_t events = from == source::in ? EPOLLOUT : EPOLLIN;
  epoll_event interest{events, {.u64 = ticket_of(which, from)}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &interest) != 0) {
    const int code = errno;
    guarded([&] { throw system_error("a job cannot be watched", code); });
  }
}

void lane::fail_to_start(attempt& fresh, int fault) {
  note_not_started(fresh.result, fresh.program, fresh.which.items.size(), fault);
  if (fresh.lost_results) {
    fresh.result.why = cause::halted;
    fresh.result.message = "its results cannot be written";
  } else if (is_not_runnable(fault) && parts_.command.starts_one_program()) {
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
  attempt& which = *found->second;
  if (from == source::process) {
    if (which.process.is_open()) reap(which);
  } else if (from == source::in) {
    feed(which);
  } else {
    // When the process ended, its pipes were read to their end: this event may be older.
    if (which.now == phase::draining && !has_news(from == source::out ? which.out : which.err)) {
      return;
    }
    read_some(which, from, read_size);
    if (which.now == phase::draining && !which.out.is_open() && !which.err.is_open()) finish(which);
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
  const stream to = from == source::out ? stream::out : stream::err;
  const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
  if (const int fault = which.results.write(to, bytes)) lose_results(which, fault);
  guarded([&] { which.output.add(to, bytes); });
}

// What the process itself has written is in the pipe when it ends.
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
  if (parts_.ledger.wants_cpu_shares()) {  // the kernel forgets it when the end is taken
    if (const auto share = cpu_share_of(which.pid)) parts_.ledger.add_cpu_share(*share);
  }
  process_end end;
  if (!starter_->take_end(which.process.get(), end)) return;
  which.result.exit = end.exit;
  which.result.signal = end.signal;
  if (which.result.why == cause::exit && which.result.signal != 0) {
    which.result.why = cause::signal;
  }
  if (parts_.terminal != nullptr) {
    parts_.terminal->take_back(end.signal != 0 ? terminal_modes::restored : terminal_modes::kept);
    // Ctrl-C was typed for the run: a job that minds it in its own way ends by itself.
    if (which.now == phase::running && is_from_keyboard(end.signal)) {
      which.result.why = cause::interrupted;
      parts_.interrupted(end.signal);  // no other one is started
    }
  }
  if (which.now == phase::ending) {
    left_behind_.add(std::move(which.processes), which.kill_at);
  }
  which.result.duration = std::chrono::duration<double>(clock::now() - which.begin).count();
  drain(which, source::out);
  drain(which, source::err);
  const bool is_held = can_be_written(which.out, which.err);
  if (!is_held || which.now != phase::running || killed_all_) return finish(which);
  // A process that the job has started holds it: one that passes on what the job wrote has a
  // moment, one that goes on is not waited for.
  which.now = phase::draining;
  which.process.reset();
  which.feed.close();
  timers_.set(which.number, clock::now() + moment);
}

void lane::finish(attempt& which) {
  which.over = true;
  timers_.clear(which.number);
  which.process.reset();
  which.out.reset();
  which.err.reset();
  which.feed.close();
  which.output.finish(which.result);
  over_.push_back(which.number);
  if (which.yielding != 0) parts_.yields->end(which.yielding);
  if (which.result.why == cause::memory) {
    if (state() == run_state::going_on) return give_back(which);
    which.result.why = parts_.ending.ends_for().value_or(cause::halted);
  }
  guarded([&] { note_end(which); });
  parts_.ledger.left();
  parts_.queue.release(which.result.slot);
}

// It waits as it did before, and this attempt counts for nothing.
void lane::give_back(attempt& which) {
  which.given_back = true;
  guarded([&] { parts_.ledger.gave_back(which.which, which.result, which.begin); });
  parts_.ledger.left();
  assignment held{{&which.which, std::move(which.done)}, which.result.slot};
  if (parts_.queue.give_back(held) == tried_again::never) held.waiting.done.fail(not_started());
}

// Before its slot is free: no job starts after one whose end halts the run.
void lane::note_end(attempt& which) {
  if (which.lost_results) which.result.why = cause::halted;
  if (parts_.ledger.ended(which.which, which.result, which.begin, state())) {
    if (parts_.ledger.halts_at_once()) {
      parts_.ending.end_jobs(cause::halted);
    } else {
      parts_.ending.stop_starting();
    }
  }
  keep_results(which);
  parts_.ledger.log_end(which.which, which.result);
  if (which.which.is_over) which.which.block.reset();  // it is needed no more
}

// After the next job has been started: others take the outcome meanwhile.
void lane::deliver_ended() {
  for (const std::uint64_t each : over_) {
    const auto found = running_.find(each);
    attempt& which = *found->second;
    if (!which.given_back) guarded([&] { deliver(which); });
    running_.erase(found);
  }
  over_.clear();
}

void lane::deliver(attempt& ended) {
  const bool is_kept =
      parts_.ledger.is_for_good(ended.result, state()) && !parts_.settings.journal.empty();
  give_outcome(ended.which, std::move(ended.done), std::move(ended.result),
               is_kept ? outcome_use::recorded : outcome_use::shown);
}

int lane::milliseconds_to_wait() const {
  auto until = clock::time_point::max();
  if (const auto timer = timers_.next()) until = *timer;
  if (const auto look = left_behind_.next_look()) until = std::min(until, *look);
  if (starved_) {
    until = std::min(until, clock::now() + try_again);
  } else if (const auto start = parts_.queue.next_timed_start()) {
    until = std::min(until, std::max(*start, clock::now()));  // it may be the clock's least value
  }
  if (until == clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

}  // namespace cli
