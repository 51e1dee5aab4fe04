#include "jobs/command_run.hpp"

#include <sys/random.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <system_error>
#include <utility>

#include "cluster/cluster.hpp"
#include "jobs/child_watch.hpp"
#include "jobs/command_template.hpp"
#include "jobs/derived_settings.hpp"
#include "jobs/end_order.hpp"
#include "jobs/job_input.hpp"
#include "jobs/job_runner.hpp"
#include "jobs/jobs_total.hpp"
#include "jobs/runner_in_use.hpp"
#include "jobs/signals.hpp"
#include "jobs/slots_file.hpp"
#include "jobs/throttle.hpp"
#include "output/end_report.hpp"
#include "output/output_sink.hpp"
#include "output/status_line.hpp"
#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "record/job_record.hpp"
#include "record/journalled_run.hpp"
#include "record/results_folder.hpp"
#include "record/run_log.hpp"
#include "support/awake_clock.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

std::uint64_t random_number() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) throw error("no random number");
  return number;
}

// What a journal is to keep is held beside it: then it need not be copied.
output_store store_for(const run_settings& settings) {
  if (settings.journal.empty()) return output_store(settings.buffer);
  return {settings.buffer, output_file_of(settings.journal), block_file::use::read_write};
}

// Of all children that have been waited for.
std::chrono::nanoseconds cpu_time_of_jobs() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto of = [](const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

using job_completion = parwork::completion<job, outcome>;

// Both null where no report is wanted.
struct wanted_page {
  std::unique_ptr<prepared_report> file;
  std::unique_ptr<job_record> record;
};

// Everything of one run; made, run and destroyed by one thread.
class command_run {
 public:
  command_run(const run_settings& settings, const std::vector<std::string>& arguments)
      : settings_(settings),
        arguments_(arguments),
        inherited_(prepare_process(settings.tty ? terminal_use::lent : terminal_use::none)),
        command_(template_without_header(settings)),
        input_(settings.input, command_, division_for(settings)),
        store_(store_for(settings)),
        live_(mode_of(settings), settings.order, writer_),
        halt_(settings.halt ? std::make_unique<halt_rule>(*settings.halt)
                            : std::make_unique<halt_rule>()),
        log_(settings.log.empty() ? std::make_unique<run_log>()
                                  : std::make_unique<run_log>(settings.log, writer_)),
        report_(settings) {
    prepare_report();
    if (!settings.journal.empty()) input_.name_blocks();
    if (!settings.results.empty()) {
      results_ = std::make_unique<results_folder>(
          settings.results, settings.resume ? earlier_results::allowed : earlier_results::refused);
    }
  }

  int run();

 private:
  int do_jobs();
  [[nodiscard]] std::unique_ptr<job_engine> make_engine();
  void prepare_report();
  [[nodiscard]] std::unique_ptr<slots_file> follow_slots();
  [[nodiscard]] std::unique_ptr<throttle> hold_back();
  [[nodiscard]] run_end end_of_run(int status) const;
  [[nodiscard]] unsigned slots_to_show() const;
  void write_report(const run_end& end);
  int finish();
  [[noreturn]] void break_off(const std::exception_ptr& fault);
  std::optional<job> next_job();
  [[nodiscard]] bool read_header();
  void record_call(journalled_run& kept);
  void find_total();
  void divide_as(job_division earlier);
  void take(job_completion done, output_sink& to);
  void collect(job_completion done, output_sink& to);
  std::optional<outcome> outcome_of(job_completion& done, origin from) const;
  void process_all();
  void process_journalled();
  parwork::options engine_options();
  int status_at_end();
  std::string broken_off() const;

  const run_settings& settings_;
  const std::vector<std::string>& arguments_;
  const process_state inherited_;
  command_template command_;
  job_input input_;
  const std::uint64_t id_ = random_number();
  const awake_clock::time_point begin_ = awake_clock::now();
  const std::chrono::nanoseconds cpu_before_ = cpu_time_of_jobs();
  // The first of all threads: to register the library's memory barriers is cheap in a process of
  // one thread, and takes 10 ms in one of several.
  parwork::pool pool_{1};
  output_store store_;
  output_writer writer_;
  live_output live_;
  std::unique_ptr<results_folder> results_;  // null where none is wanted
  std::unique_ptr<halt_rule> halt_;
  jobs_total total_{settings_, *halt_};
  std::unique_ptr<run_log> log_;
  wanted_page page_;
  end_report report_;
  end_order<job_completion> ended_;
  std::stop_source stop_;
  bool broken_ = false;  // output is lost: nothing is shown any more
  std::exception_ptr thrown_;
  job_engine* runner_ = nullptr;
  runner_in_use watched_;
  signal_watcher* signals_ = nullptr;
};

std::optional<job> command_run::next_job() {
  if (!runner_->wait_for_room()) return std::nullopt;
  std::optional<job> read;
  if (!settings_.input.header || !input_.header().empty() || read_header()) read = input_.next();
  if (!settings_.input.lists.empty() && input_.count() == 1) {
    if (const auto total = input_.total()) total_.is(*total);
  }
  if (input_.has_ended() && !runner_->is_stopping()) total_.is(input_.count());
  if (!read) runner_->skipped();
  return read;
}

// False where there is none, or the run has been told to stop.
bool command_run::read_header() {
  const auto names = input_.read_header();
  if (!names) return false;
  command_ = template_of(settings_, *names);
  report_.header_is(input_.header());
  return true;
}

void command_run::find_total() {
  total_.find(input_, command_, [this] { return runner_->is_stopping(); });
}

// As an earlier run divided them: a journal knows jobs by all of their items.
void command_run::divide_as(job_division earlier) {
  const std::size_t room = room_for_arguments();
  if (settings_.input.items_per_job == 1 || earlier.room == 0) return;
  if (earlier.room > room) {
    throw error("the items of the journal were divided for command lines of " +
                std::to_string(earlier.room) + " bytes, and here " + std::to_string(room) +
                " are left: make the environment smaller, or raise the limit of the stack "
                "(ulimit -s)");
  }
  input_.divide_as(earlier);
}

void command_run::take(job_completion done, output_sink& to) {
  const std::uint64_t end = settings_.order == output_order::completion ? done.item.end : 0;
  if (end == 0) {
    collect(std::move(done), to);
  } else {
    ended_.add(end, std::move(done), [&](job_completion next) { collect(std::move(next), to); });
  }
}

// Nothing where the job was not started.
std::optional<outcome> command_run::outcome_of(job_completion& done, origin from) const {
  if (done.result) return std::move(*done.result);
  if (done.item.failed) return std::move(done.item.failed);
  const parwork::failure& why = done.result.error();
  if (from == origin::run || why.message().empty() ||
      why.kind() == parwork::failure_kind::cancelled) {
    return std::nullopt;
  }
  std::string_view bytes = why.message();
  return parwork::codec<outcome>::decode(bytes);
}

void command_run::collect(job_completion done, output_sink& to) {
  try {
    const origin from = done.item.submitted ? origin::run : origin::journal;
    if (from == origin::journal) runner_->skipped();
    std::optional<outcome> ended = outcome_of(done, from);
    if (ended && from == origin::journal) ended->attach(store_);
    if (!ended) {
      report_.add_not_started();
      return;
    }
    if (from == origin::run && !done.item.is_over) {
      if (page_.record) page_.record->gave_up();
      if (runner_->is_stopping()) {  // before its next attempt
        ended->why = signals_->received() != 0 ? cause::interrupted : cause::halted;
      }
    }
    report_.add(done.item, *ended);
    if (results_ && from == origin::journal) results_->restore(done.item, *ended);
    if (!broken_) to.show(done.item, std::move(*ended), from);
    live_.advance(done.item.sequence);
  } catch (...) {
    broken_ = true;
    runner_->fail(std::current_exception());
  }
}

parwork::options command_run::engine_options() {
  parwork::options options;
  options.workers = 2;  // one may wait for input, the other one hands over what is done
  options.queue = settings_.ahead;
  options.order = settings_.order == output_order::input ? parwork::ordering::input
                                                         : parwork::ordering::completion;
  options.retry.max_attempts = settings_.retries + 1;
  options.retry.backoff = settings_.retry_delay;
  options.retry.max_backoff = settings_.retry_delay;
  options.retry.multiplier = 1;
  options.retry.jitter = 0;
  options.retry.retry_if = [](const parwork::failure& why) {
    return why.kind() == parwork::failure_kind::error;
  };
  options.stop = stop_.get_token();
  options.run_on = &pool_;
  return options;
}

void command_run::process_all() {
  find_total();
  plain_sink to(writer_, settings_.tag);
  parwork::options options = engine_options();
  static_cast<void>(parwork::process([this] { return next_job(); },
                                     [this](job& which, parwork::completer<outcome> done) {
                                       runner_->submit(which, std::move(done));
                                     },
                                     [&](job_completion done) { take(std::move(done), to); },
                                     std::move(options)));
}

// The thread that copies tells the run file of its end, which has to be there until then.
struct copy_in_use {
  explicit copy_in_use(job_input& of) : input(of) {}
  copy_in_use(const copy_in_use&) = delete;
  copy_in_use& operator=(const copy_in_use&) = delete;
  ~copy_in_use() { input.end_copy(); }

  job_input& input;
};

// The copy of an earlier run's stream goes before this run's is announced: no other run takes it
// for this one's.
void command_run::record_call(journalled_run& kept) {
  run_record called = record_of_call(settings_);
  called.division = input_.division();
  const std::string copy = input_copy_of(settings_.journal);
  std::error_code cannot;  // then it cannot be made anew either, and that is said
  if (called.from_stream) std::filesystem::remove(copy, cannot);
  kept.marks().run_begins(called, id_);
  if (!called.from_stream) return;
  input_.keep_in(copy, [this, &marks = kept.marks(), copy](std::uint64_t bytes) {
    marks.input_ended(bytes);
    input_settings from = settings_.input;
    from.file = copy;
    total_.count_beside(from, command_, input_.division());
  });
}

void command_run::process_journalled() {
  journalled_run kept(settings_, writer_,
                      [this](std::exception_ptr why) { runner_->fail(std::move(why)); });
  if (kept.has_earlier()) runner_->allow_unseen(settings_.ahead);
  if (const auto division = kept.division()) divide_as(*division);
  find_total();
  if (!settings_.input.from_copy) record_call(kept);
  const copy_in_use copy{input_};
  hidden_sink hidden;
  output_sink* to = &kept.sink();
  if (settings_.output == output_mode::none) to = &hidden;
  parwork::options options = engine_options();
  static_cast<void>(parwork::process(
      kept.outcomes(), [this] { return next_job(); },
      [this](job& which, parwork::completer<outcome> done) {
        runner_->submit(which, std::move(done));
      },
      [&](job_completion done) { take(std::move(done), *to); }, std::move(options)));
}

std::string command_run::broken_off() const {
  if (signals_->received() != 0) return "interrupted";
  return runner_->is_stopping() && !runner_->fault() ? "halted" : "";
}

int command_run::status_at_end() {
  if (signals_->received() != 0) return status::by_signal + signals_->received();
  if (const auto refused = runner_->refused()) return refused->status;
  if (runner_->is_stopping()) {
    if (const auto decided = halt_->status()) return *decided;
  }
  return status::of_failures(report_.totals().failed);
}

// Refused before anything runs, as the log is.
void command_run::prepare_report() {
  if (settings_.report.empty()) return;
  require_reports();
  page_.file = std::make_unique<prepared_report>(settings_.report);
  if (settings_.log != "-") refuse_same_file(settings_.report, "the log", settings_.log);
  refuse_same_file(settings_.report, "the journal", settings_.journal);
  refuse_same_file(settings_.report, "the input", settings_.input.file);
  page_.record =
      std::make_unique<job_record>(title_of({arguments_.begin() + 1, arguments_.end()}),
                                   settings_.most_workers, std::chrono::system_clock::now());
}

run_end command_run::end_of_run(int status) const {
  const auto cpu = cpu_time_of_jobs() - cpu_before_;
  return {report_.totals(),
          status,
          awake_clock::now() - begin_,
          runner_->waited_for_input(),
          cpu,
          runner_->run_delay_of(cpu)};
}

// Where their number was not fixed, those that were used: the others were idle for no reason.
unsigned command_run::slots_to_show() const {
  return settings_.workers_vary ? std::max(1U, runner_->most_slots_used()) : 0;
}

void command_run::write_report(const run_end& end) {
  page_.record->finish({.wall = end.wall,
                        .slots = slots_to_show(),
                        .not_started = end.totals.not_started,
                        .stopped = runner_->is_stopping(),
                        .waited_for_input = end.waited_for_input,
                        .cpu = settings_.engine.url.empty() ? std::optional(end.cpu) : std::nullopt,
                        .run_delay = end.run_delay});
  page_.file->use();
  page_.record->write(settings_.report);
}

// Null where the number does not change.
std::unique_ptr<slots_file> command_run::follow_slots() {
  if (settings_.workers_file.empty()) return nullptr;
  return std::make_unique<slots_file>(
      settings_.workers_file,
      [this](unsigned slots) {
        runner_->set_slots(slots);
        if (settings_.verbose) {
          writer_.say("parwork: now " + std::to_string(slots) + " at once\n");
        }
      },
      [this](const std::string& wrong) {
        writer_.say("parwork: -j: " + wrong + "; the number before is kept\n");
      });
}

// Null where nothing is asked for.
std::unique_ptr<throttle> command_run::hold_back() {
  if (!settings_.limits.any()) return nullptr;
  return std::make_unique<throttle>(
      settings_.limits,
      throttle_actions{[this](std::uint64_t starts) { runner_->allow_starts(starts); },
                       [this] { runner_->end_youngest(); }, [this] { return runner_->is_idle(); },
                       [this](const std::string& line) {
                         if (!settings_.quiet) writer_.say(line);
                       }});
}

int command_run::run() {
  if (settings_.reach == job_reach::tree) adopt_orphans();
  return watch_children_during([this] { return do_jobs(); },
                               [this] { watched_.look_for_stopped(); });
}

std::unique_ptr<job_engine> command_run::make_engine() {
  const ledger_parts ledger{settings_.retries, *log_, *halt_, page_.record.get(), begin_};
  const auto stop = [this] {
    stop_.request_stop();
    input_.stop();
  };
  if (!settings_.engine.url.empty()) {
    return make_remote_engine(
        {settings_, command_, store_, writer_, id_, ledger, total_.shown(), results_.get()}, stop);
  }
  return std::make_unique<job_runner>(
      runner_parts{settings_, command_, store_, writer_, live_, id_,
                   [this] { return std::make_unique<launcher>(inherited_, settings_.reach); },
                   ledger, results_.get(), [this](int number) { signals_->took(number); }},
      stop);
}

int command_run::do_jobs() {
  log_->run_begins(arguments_, {settings_.most_workers, settings_.workers_vary}, id_);
  const std::unique_ptr<job_engine> runner = make_engine();
  runner_ = runner.get();
  const runner_in_use::use watched(watched_, *runner);
  signal_watcher signals({[&](int) { runner->end_jobs(cause::interrupted); },
                          [&] { runner->kill_jobs(); }, [&] { runner->suspend_jobs(); },
                          [&] { runner->continue_jobs(); }});
  signals_ = &signals;
  const auto slots = follow_slots();
  const auto limits = hold_back();
  try {
    const status_line bar(settings_.progress, runner->counts(), total_.shown(), writer_);
    if (settings_.journal.empty()) {
      process_all();
    } else {
      process_journalled();
    }
  } catch (...) {
    thrown_ = std::current_exception();
  }
  total_.stop_counting();
  return finish();
}

// Says what the run came to, in all places where that is wanted.
int command_run::finish() {
  const std::exception_ptr fault = runner_->fault() ? runner_->fault() : thrown_;
  if (fault) break_off(fault);
  report_.rest(input_.count_rest());
  const run_end end = end_of_run(status_at_end());
  log_->run_ended(end);
  if (const auto refused = runner_->refused()) {
    writer_.say("parwork: " + refused->message + "\n");
  } else if (!settings_.quiet) {
    const std::string text = report_.text(broken_off());
    if (!text.empty()) writer_.say(text);
  }
  if (page_.record) {
    write_report(end);
    if (!settings_.quiet) writer_.say(page_.record->verdict() + '\n');
  }
  return end.status;
}

// The report of what was done so far: where nothing was, an older one is left as it is.
void command_run::break_off(const std::exception_ptr& fault) {
  try {
    if (page_.record && !page_.record->is_empty()) write_report(end_of_run(status::unusable));
  } catch (const error& other) {
    writer_.say(std::string("parwork: ") + other.what() + '\n');
  }
  std::rethrow_exception(fault);
}

int dry_run(const run_settings& settings) {
  command_template command = template_without_header(settings);
  job_input input(settings.input, command, division_for(settings));
  if (settings.input.header) {
    const auto names = input.read_header();
    if (!names) return status::success;
    command = template_of(settings, *names);
  }
  output_writer writer;
  line_tag none;
  while (const auto next = input.next()) {
    const auto slot =
        static_cast<unsigned>((next->sequence - 1) % std::max(settings.workers, 1U) + 1);
    writer.show(
        stream::out,
        shell_join(command.expand({next->items, next->columns, next->sequence, slot})) + "\n",
        none);
  }
  return status::success;
}

}  // namespace

int run(const run_settings& settings, const std::vector<std::string>& arguments) {
  if (settings.dry_run) return dry_run(settings);
  return command_run(settings, arguments).run();
}

}  // namespace cli
