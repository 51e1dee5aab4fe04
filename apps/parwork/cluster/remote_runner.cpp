#include "cluster/remote_runner.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <limits>
#include <memory>

#include "cluster/connection.hpp"
#include "jobs/give_outcome.hpp"
#include "jobs/start_fault.hpp"
#include "parwork/parwork.hpp"
#include "record/run_log.hpp"
#include "support/checksum.hpp"
#include "support/error.hpp"
#include "support/shell_words.hpp"
#include "support/status.hpp"

namespace cli {
namespace {

using namespace std::chrono_literals;
using parwork::nats::event;

constexpr auto ask_workers_every = 1s;
constexpr std::size_t most_in_flight = 65'536;

parwork::nats::cluster_options cluster_options_of(const engine_settings& from,
                                                  std::function<void(const event&)> on_event) {
  parwork::nats::cluster_options options;
  options.url = from.url;
  options.job = from.job;
  options.login = credentials_of(from.login);
  options.tls = tls_of(from.login);
  options.lost_after = from.lost_after;
  options.heartbeat = std::min(options.heartbeat, from.lost_after);
  options.on_event = std::move(on_event);
  return options;
}

// A job that a later run is to recognise has its name's number, else it would be another job.
std::uint64_t number_of_run(const remote_parts& parts) {
  const std::string& job = parts.settings.engine.job;
  return job.empty() ? parts.run : checksum_of(job);
}

// Where two expansions differ that have two slots of one digit.
std::vector<slot_place> places_between(const std::vector<std::string>& one,
                                       const std::vector<std::string>& other) {
  std::vector<slot_place> places;
  for (std::size_t i = 0; i < one.size(); ++i) {
    for (std::size_t k = 0; k < one[i].size(); ++k) {
      if (one[i][k] == other[i][k]) continue;
      places.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(k)});
    }
  }
  return places;
}

std::string bytes_of(const input_block& block) {
  std::string all = block.head ? *block.head : std::string();
  if (!block.file) return all + block.bytes;
  std::size_t done = all.size();
  all.resize(done + block.length);
  auto at = static_cast<off_t>(block.begin);
  while (done < all.size()) {
    const ssize_t count = pread(block.file->get(), all.data() + done, all.size() - done, at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("the input cannot be read", errno);
    if (count == 0) throw error("the input became shorter while it was read");
    done += static_cast<std::size_t>(count);
    at += count;
  }
  return all;
}

std::string start_command(const engine_settings& engine) {
  std::string text = "parwork worker --join " + shell_quote(engine.url) + " --allow-commands";
  for (const std::string& each : engine.needs) text += " --label " + each;
  return text;
}

}  // namespace

remote_runner::remote_runner(const remote_parts& parts, std::function<void()> stop)
    : job_engine(parts.settings, parts.ledger, std::move(stop)),
      parts_(parts),
      run_id_(number_of_run(parts)),
      host_(name_of_host()),
      lane_(loads.add()),
      wake_(loads.wake_up_of(lane_)),
      cluster_(
          cluster_options_of(parts.settings.engine, [this](const event& what) { hear(what); })),
      most_at_once_(parts.settings.workers) {
  {
    const mutex_lock lock(mutex_);
    threads_ = 2;  // until workers have been asked
    fit_slots();
  }
  thread_ = std::thread([this] { run(); });
  following_ = std::jthread([this](const std::stop_token& over) { follow_workers(over); });
}

remote_runner::~remote_runner() {
  ending.close();
  loads.wake_all();
  thread_.join();
  const mutex_lock lock(mutex_);
  following_.request_stop();
  changed_.notify_all();
}

// What fails here, a full disk for example, ends the run.
void remote_runner::guarded(const auto& action) noexcept {
  try {
    action();
  } catch (...) {
    fail(std::current_exception());
  }
}

void remote_runner::end_jobs(cause why) {
  ending.end_jobs(why);
  stop_.request_stop();
}

// Workers give jobs their grace; this process does not wait for it (see signal_watcher).
void remote_runner::kill_jobs() {
  ending.kill_jobs();
  stop_.request_stop();
}

void remote_runner::fail(std::exception_ptr why) noexcept {
  ending.fail(std::move(why));
  stop_.request_stop();
}

void remote_runner::halt() {
  if (ledger.halts_at_once()) {
    end_jobs(cause::halted);
  } else {
    ending.stop_starting();
    loads.wake_all();
  }
}

// --- the inner run -------------------------------------------------------------------------------

void remote_runner::run() {
  try {
    run_inner();
  } catch (...) {
    fail(std::current_exception());
  }
  drop_all_out();
  // Where it ended by an exception, what comes now is not to wait for it.
  if (!ending.is_closed()) ending.stop_starting();
}

void remote_runner::run_inner() {
  parwork::options options;
  options.workers = 2;  // one may wait for a job, the other one hands over what is done
  options.queue = most_in_flight;
  options.stop = stop_.get_token();
  const auto work = cluster_.remote<remote_job, remote_outcome>(
      command_work, {.needs = parts_.settings.engine.needs, .max_batch = 1});
  std::optional<std::uint64_t> told;
  const auto next_one = [&] {
    if (const auto total = parts_.total.get(); total != told) {
      told = total;
      work.expects(*total);
    }
    return next();
  };
  static_cast<void>(parwork::process(
      next_one, work, [this](completion done) { take(std::move(done)); }, std::move(options)));
}

// --- handing over --------------------------------------------------------------------------------

std::optional<remote_job> remote_runner::next() {
  while (true) {
    wake_.clear();
    if (ending.is_closed() || queue.is_stopped()) return std::nullopt;
    if (auto held = queue.take()) {
      if (auto job = hand_over(*held)) return job;
      continue;
    }
    pollfd woken{wake_.get(), POLLIN, 0};
    poll(&woken, 1, -1);
  }
}

// Nothing where it failed at once.
std::optional<remote_job> remote_runner::hand_over(assignment& held) {
  job& which = *held.waiting.which;
  which.failed.reset();
  ledger.started();
  if (!which.whole) {
    outcome ended = lost(
        {parwork::failure_kind::exception, why_not_started({}, which.items.size(), E2BIG)}, held);
    finish(std::move(held), std::move(ended));
    return std::nullopt;
  }
  try {
    remote_job ready = prepare(held);
    if (parts_.settings.verbose) parts_.writer.say(shell_join(ready.arguments_for(1)) + '\n');
    const mutex_lock lock(mutex_);
    if (const auto moved = moves_.find(which.sequence); moved != moves_.end()) {
      ready.move = moved->second;
    }
    out_.emplace(which.sequence, std::move(held));
    return ready;
  } catch (...) {
    fail(std::current_exception());
    not_done(std::move(held));
    return std::nullopt;
  }
}

remote_job remote_runner::prepare(const assignment& held) const {
  const job& which = *held.waiting.which;
  const run_settings& settings = parts_.settings;
  remote_job ready;
  ready.sequence = which.sequence;
  ready.attempt = held.waiting.done.attempt();
  ready.run = run_id_;
  ready.arguments = parts_.command.expand({which.items, which.columns, which.sequence, 1});
  if (parts_.command.uses_slot()) {
    ready.slots = places_between(
        ready.arguments, parts_.command.expand({which.items, which.columns, which.sequence, 2}));
  }
  ready.folder = settings.engine.folder;
  ready.has_input = which.block != nullptr;
  if (which.block) ready.input = bytes_of(*which.block);
  ready.timeout = settings.timeout;
  ready.grace = settings.grace;
  ready.reach = settings.reach;
  ready.items = static_cast<std::uint32_t>(which.items.size());
  ready.starts_one_program = parts_.command.starts_one_program();
  return ready;
}

// --- what comes back -----------------------------------------------------------------------------

std::optional<assignment> remote_runner::take_out(std::uint64_t sequence) {
  const mutex_lock lock(mutex_);
  const auto found = out_.find(sequence);
  if (found == out_.end()) return std::nullopt;
  std::optional<assignment> held(std::move(found->second));
  out_.erase(found);
  return held;
}

void remote_runner::take(completion done) {
  auto held = take_out(done.item.sequence);
  if (!held) return;
  if (!done.result) {
    const parwork::failure& why = done.result.error();
    if (why.kind() == parwork::failure_kind::cancelled) return not_done(std::move(*held));
    outcome ended = lost(why, *held);
    return finish(std::move(*held), std::move(ended));
  }
  remote_outcome& from = *done.result;
  if (from.not_here && !all_refuse(from.worker)) return move_on(std::move(*held));
  const bool is_refused = from.not_here;
  outcome ended = outcome_of(std::move(from), *held);
  if (ended.why == cause::halted) {
    const auto why = ending.ends_for();
    if (!why) return move_on(std::move(*held));  // its worker was told to leave at once
    ended.why = *why;
  } else if (is_refused) {
    ended.why = cause::halted;
    ending.refuse({ended.exit, ended.message});
    stop_.request_stop();
  }
  finish(std::move(*held), std::move(ended));
}

// The run has been told to stop.
void remote_runner::not_done(assignment held) {
  ledger.put_back();
  queue.release(held.slot);
  held.waiting.done.fail(not_started());
}

// To another worker, if there is one. It waits as it did before, and this counts for nothing.
void remote_runner::move_on(assignment held) {
  {
    const mutex_lock lock(mutex_);
    ++moves_[held.waiting.which->sequence];
  }
  ledger.put_back();
  if (queue.give_back(held) == tried_again::never) {
    held.waiting.done.fail(not_started());
  } else {
    wake();
  }
}

void remote_runner::drop_all_out() noexcept {
  std::map<std::uint64_t, assignment> all;
  {
    const mutex_lock lock(mutex_);
    all.swap(out_);
  }
  for (auto& [sequence, held] : all) not_done(std::move(held));
}

// Whether no worker is there that might have the program. Those that come later have not been
// asked.
bool remote_runner::all_refuse(const std::string& worker) {
  const auto known = suitable_workers();
  const mutex_lock lock(mutex_);
  refusing_.insert(worker);
  for (const auto& each : known) {
    if (!refusing_.contains(each.host + '/' + std::to_string(each.pid))) return false;
  }
  return true;
}

outcome remote_runner::outcome_of(remote_outcome&& from, const assignment& held) {
  const unsigned slot_there = from.slot;
  outcome ended{static_cast<job_end&&>(from)};
  ended.attempt = held.waiting.done.attempt();
  ended.run = parts_.run;
  ended.sequence = held.waiting.which->sequence;
  ended.out_bytes = from.out.size();
  ended.err_bytes = from.err.size();
  ended.out = held_output(parts_.store);
  ended.err = held_output(parts_.store);
  ended.out.append(from.out);
  ended.err.append(from.err);
  const mutex_lock lock(mutex_);
  const auto number = static_cast<unsigned>(lanes_.size() % job_record::most_slots) + 1;
  ended.slot = lanes_.try_emplace({from.worker, slot_there}, number).first->second;
  return ended;
}

// Of a job that has no outcome: its workers were lost, or its bytes are too many.
outcome remote_runner::lost(const parwork::failure& why, const assignment& held) const {
  std::string message = why.message();
  if (why.kind() == parwork::failure_kind::abandoned) {
    message = "each worker that ran it was lost: " + message;
  }
  if (message.starts_with("parwork: ")) message.erase(0, 9);
  outcome ended;
  ended.refuse(status::not_runnable, std::move(message));
  ended.start = unix_time();
  ended.attempt = held.waiting.done.attempt();
  ended.slot = 1;
  ended.run = parts_.run;
  ended.sequence = held.waiting.which->sequence;
  return ended;
}

// As lane::finish.
void remote_runner::finish(assignment held, outcome ended) {
  job& which = *held.waiting.which;
  guarded([&] { note_end(which, ended); });
  ledger.left();
  if (parts_.settings.output == output_mode::none && parts_.settings.journal.empty()) {
    ended.out.clear();
    ended.err.clear();
  }
  const run_state run = queue.is_stopped() ? run_state::stopping : run_state::going_on;
  const bool is_kept = ledger.is_for_good(ended, run) && !parts_.settings.journal.empty();
  queue.release(held.slot);
  guarded([&] {
    give_outcome(which, std::move(held.waiting.done), std::move(ended),
                 is_kept ? outcome_use::recorded : outcome_use::shown);
  });
  wake();
}

// Before its slot is free: no job is handed over after one whose end halts the run.
void remote_runner::note_end(job& which, outcome& ended) {
  const auto begin = awake_clock::now() - std::chrono::duration_cast<std::chrono::nanoseconds>(
                                              std::chrono::duration<double>(ended.duration));
  const run_state run = queue.is_stopped() ? run_state::stopping : run_state::going_on;
  ledger.attempt_begins(which, ended);
  if (ledger.ended(which, ended, begin, run)) halt();
  keep_results(which, ended);
  ledger.log_end(which, ended);
  if (which.is_over) which.block.reset();  // it is needed no more
}

// A job whose results are not in their place has not been done.
void remote_runner::keep_results(const job& which, outcome& ended) const {
  const bool cut_off = ended.why == cause::halted || ended.why == cause::interrupted;
  if (parts_.results == nullptr || !which.is_over || cut_off) return;
  job_results files;
  int fault = parts_.results->begin(which, files);
  const auto write = [&](stream to, const held_output& from) {
    from.visit([&](std::string_view bytes) {
      if (fault == 0) fault = files.write(to, bytes);
    });
  };
  write(stream::out, ended.out);
  write(stream::err, ended.err);
  if (fault == 0) fault = files.keep(ended.status());
  if (fault == 0) return;
  ended.why = cause::halted;
  throw parts_.results->cannot_be_written(fault);
}

// --- workers -------------------------------------------------------------------------------------

void remote_runner::hear(const event& what) {
  const bool is_quiet = parts_.settings.quiet;
  switch (what.what) {
    case event::kind::no_workers:
      parts_.writer.say("parwork: no worker is there; this starts one: " +
                        start_command(parts_.settings.engine) + '\n');
      break;
    case event::kind::worker_lost:
    case event::kind::disconnected:
    case event::kind::reconnected:
      if (!is_quiet) parts_.writer.say("parwork: " + what.text + '\n');
      break;
    case event::kind::worker_joined:
    case event::kind::worker_left:
      if (parts_.settings.verbose) parts_.writer.say("parwork: " + what.text + '\n');
      break;
  }
  const mutex_lock lock(mutex_);
  workers_changed_ = true;
  changed_.notify_all();
}

std::vector<parwork::nats::worker_info> remote_runner::suitable_workers() const {
  auto all = cluster_.workers();
  std::erase_if(all, [this](const parwork::nats::worker_info& each) {
    return !std::ranges::all_of(parts_.settings.engine.needs, [&](const std::string& label) {
      return std::ranges::find(each.labels, label) != each.labels.end();
    });
  });
  return all;
}

void remote_runner::follow_workers(const std::stop_token& over) {
  while (!over.stop_requested()) {
    {
      const mutex_lock lock(mutex_);
      workers_changed_ = false;
    }
    unsigned threads = 0;
    try {
      for (const auto& each : suitable_workers()) threads += each.threads;
    } catch (...) {  // the inner run says what is wrong with the connection
      threads = 0;
    }
    {
      const mutex_lock lock(mutex_);
      if (threads > 0) threads_ = threads;
      fit_slots();
    }
    wake();
    const mutex_lock lock(mutex_);
    if (!workers_changed_ && !over.stop_requested()) changed_.wait_for(mutex_, ask_workers_every);
  }
}

// So many that no thread waits for its next job; where a job that is handed over is started as far
// as the user is concerned, no more than there are threads.
void remote_runner::fit_slots() {
  const auto& halt = parts_.settings.halt;
  const bool exact = halt && halt->when == halt_when::soon;
  const unsigned wanted = std::max(1U, exact ? threads_ : 2 * threads_);
  const unsigned most = most_at_once_ == 0 ? std::numeric_limits<unsigned>::max() : most_at_once_;
  queue.set_slots(std::min(wanted, most));
}

void remote_runner::set_slots(unsigned slots) {
  {
    const mutex_lock lock(mutex_);
    most_at_once_ = slots;
    fit_slots();
  }
  wake();
}

unsigned remote_runner::most_slots_used() const {
  const mutex_lock lock(mutex_);
  return static_cast<unsigned>(std::clamp<std::size_t>(lanes_.size(), 1, job_record::most_slots));
}

std::unique_ptr<job_engine> make_remote_engine(const remote_parts& parts,
                                               std::function<void()> stop) {
  return std::make_unique<remote_runner>(parts, std::move(stop));
}

void require_cluster() {}

}  // namespace cli
