#include "jobs/command_run.hpp"

#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <stop_token>
#include <utility>

#include "jobs/command_template.hpp"
#include "jobs/end_order.hpp"
#include "jobs/job_input.hpp"
#include "jobs/job_runner.hpp"
#include "jobs/signals.hpp"
#include "output/end_report.hpp"
#include "output/output_sink.hpp"
#include "output/status_line.hpp"
#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "record/job_record.hpp"
#include "record/journalled_run.hpp"
#include "record/run_log.hpp"
#include "support/error.hpp"

namespace cli {
namespace {

std::uint64_t random_number() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number) throw error("no random number");
  return number;
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

command_template template_of(const run_settings& settings) {
  try {
    return settings.shell.empty() ? command_template::of_words(settings.command)
                                  : command_template::of_shell(settings.shell);
  } catch (const error& fault) {
    throw error(std::string("--shell: ") + fault.what());
  }
}

using job_completion = parwork::completion<job, outcome>;

// Everything of one run; made, run and destroyed by one thread.
class command_run {
 public:
  command_run(const run_settings& settings, const std::vector<std::string>& arguments,
              const resumed_input* known)
      : settings_(settings),
        arguments_(arguments),
        known_(known),
        inherited_(prepare_process()),
        command_(template_of(settings)),
        input_(settings.input, known != nullptr ? &known->items : nullptr),
        store_(settings.buffer),
        live_(settings.output, settings.order, writer_),
        halt_(settings.halt ? std::make_unique<halt_rule>(*settings.halt)
                            : std::make_unique<halt_rule>()),
        log_(settings.log.empty() ? std::make_unique<run_log>()
                                  : std::make_unique<run_log>(settings.log)),
        report_(settings) {
    prepare_report();
  }

  int run();

 private:
  void prepare_report();
  [[nodiscard]] run_end end_of_run(int status) const;
  void write_report(const run_end& end);
  int finish();
  [[noreturn]] void break_off(const std::exception_ptr& fault);
  std::optional<job> next_job();
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
  const resumed_input* const known_;
  const process_state inherited_;
  const command_template command_;
  job_input input_;
  const std::uint64_t id_ = random_number();
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const std::chrono::nanoseconds cpu_before_ = cpu_time_of_jobs();
  // The first of all threads: to register the library's memory barriers is cheap in a process of
  // one thread, and takes 10 ms in one of several.
  parwork::pool pool_{1};
  output_store store_;
  output_writer writer_;
  live_output live_;
  std::unique_ptr<halt_rule> halt_;
  std::unique_ptr<run_log> log_;
  std::unique_ptr<prepared_report> report_file_;  // these two: null where no report is wanted
  std::unique_ptr<job_record> record_;
  end_report report_;
  end_order<job_completion> ended_;
  std::stop_source stop_;
  bool broken_ = false;  // output is lost: nothing is shown any more
  std::exception_ptr thrown_;
  job_runner* runner_ = nullptr;
  signal_watcher* signals_ = nullptr;
};

std::optional<job> command_run::next_job() {
  if (!runner_->wait_for_room()) return std::nullopt;
  auto read = input_.next();
  if (input_.has_ended()) halt_->total_is(input_.count());
  if (!read) runner_->skipped();
  return read;
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
    if (!ended) {
      report_.add_not_started();
      return;
    }
    if (from == origin::run && !done.item.is_over) {  // a stop came before its next attempt
      ended->why = signals_->received() != 0 ? cause::interrupted : cause::halted;
      if (record_) record_->gave_up();
    }
    report_.add(done.item, *ended);
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
  plain_sink to(writer_, settings_.tag);
  parwork::options options = engine_options();
  static_cast<void>(parwork::process([this] { return next_job(); },
                                     [this](job& which, parwork::completer<outcome> done) {
                                       runner_->submit(which, std::move(done));
                                     },
                                     [&](job_completion done) { take(std::move(done), to); },
                                     std::move(options)));
}

void command_run::process_journalled() {
  journalled_run kept(settings_, writer_,
                      [this](std::exception_ptr why) { runner_->fail(std::move(why)); });
  if (kept.has_earlier()) runner_->allow_unseen(settings_.ahead);
  if (known_ == nullptr) {
    const run_record called = record_of_call(settings_);
    if (called.from_stream) input_.keep_items_in(kept.marks());
    kept.marks().run_begins(called, id_);
  }
  output_sink& to = kept.sink();
  parwork::options options = engine_options();
  static_cast<void>(parwork::process(
      kept.outcomes(), [this] { return next_job(); },
      [this](job& which, parwork::completer<outcome> done) {
        runner_->submit(which, std::move(done));
      },
      [&](job_completion done) { take(std::move(done), to); }, std::move(options)));
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
  report_file_ = std::make_unique<prepared_report>(settings_.report);
  refuse_same_file(settings_.report, "the log", settings_.log);
  refuse_same_file(settings_.report, "the journal", settings_.journal);
  refuse_same_file(settings_.report, "the input", settings_.input.file);
  record_ = std::make_unique<job_record>(title_of({arguments_.begin() + 1, arguments_.end()}),
                                         settings_.workers, std::chrono::system_clock::now());
}

run_end command_run::end_of_run(int status) const {
  return {report_.totals(), status, std::chrono::steady_clock::now() - begin_,
          runner_->waited_for_input(), cpu_time_of_jobs() - cpu_before_};
}

void command_run::write_report(const run_end& end) {
  record_->finish({.wall = end.wall,
                   .not_started = end.totals.not_started,
                   .stopped = runner_->is_stopping(),
                   .waited_for_input = end.waited_for_input,
                   .cpu = end.cpu});
  report_file_->use();
  record_->write(settings_.report);
}

int command_run::run() {
  log_->run_begins(arguments_, settings_.workers, id_);
  job_runner runner({settings_,
                     command_,
                     store_,
                     writer_,
                     live_,
                     id_,
                     [this] { return std::make_unique<launcher>(inherited_); },
                     {settings_.retries, *log_, *halt_, record_.get(), begin_}},
                    [this] {
                      stop_.request_stop();
                      input_.stop();
                    });
  runner_ = &runner;
  signal_watcher signals({[&](int) { runner.end_jobs(cause::interrupted); },
                          [&] { runner.kill_jobs(); }, [&] { runner.suspend_jobs(); },
                          [&] { runner.continue_jobs(); }});
  signals_ = &signals;
  const auto total = input_.total();
  if (total) halt_->total_is(*total);
  try {
    const status_line bar(settings_.progress, runner.counts(), total, writer_);
    if (settings_.journal.empty()) {
      process_all();
    } else {
      process_journalled();
    }
  } catch (...) {
    thrown_ = std::current_exception();
  }
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
  if (record_) {
    write_report(end);
    if (!settings_.quiet) writer_.say(record_->verdict() + '\n');
  }
  return end.status;
}

// The report of what was done so far: where nothing was, an older one is left as it is.
void command_run::break_off(const std::exception_ptr& fault) {
  try {
    if (record_ && !record_->is_empty()) write_report(end_of_run(status::unusable));
  } catch (const error& other) {
    writer_.say(std::string("parwork: ") + other.what() + '\n');
  }
  std::rethrow_exception(fault);
}

int dry_run(const run_settings& settings, const resumed_input* known) {
  const command_template command = template_of(settings);
  job_input input(settings.input, known != nullptr ? &known->items : nullptr);
  output_writer writer;
  line_tag none;
  while (const auto next = input.next()) {
    const auto slot = static_cast<unsigned>((next->sequence - 1) % settings.workers + 1);
    writer.show(
        stream::out,
        shell_join(command.expand({next->items, next->columns, next->sequence, slot})) + "\n",
        none);
  }
  return status::success;
}

}  // namespace

int run(const run_settings& settings, const std::vector<std::string>& arguments,
        const resumed_input* known) {
  if (settings.dry_run) return dry_run(settings, known);
  return command_run(settings, arguments, known).run();
}

}  // namespace cli
