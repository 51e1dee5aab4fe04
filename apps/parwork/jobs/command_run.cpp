#include "jobs/command_run.hpp"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <climits>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <utility>

#include "input/item_source.hpp"
#include "jobs/command_template.hpp"
#include "jobs/end_order.hpp"
#include "jobs/job_runner.hpp"
#include "jobs/signals.hpp"
#include "output/end_report.hpp"
#include "output/recorded_output.hpp"
#include "output/status_line.hpp"
#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "record/job_record.hpp"
#include "record/json_text.hpp"
#include "record/run_file.hpp"
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

std::unique_ptr<item_source> open_input(const run_settings& settings, const resumed_input* known) {
  const input_settings& from = settings.input;
  const auto blank = from.skip_blank ? blank_items::skipped : blank_items::kept;
  if (known != nullptr) return items_of(known->items, blank_items::kept);
  if (from.arguments) return items_of(*from.arguments, blank);
  if (from.file.empty()) {
    if (isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0) {
      static_cast<void>(
          write_all(STDERR_FILENO,
                    "parwork: reading items from the terminal, one a line; Ctrl-D ends them\n"));
    }
    return items_of(descriptor(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)), "standard input",
                    from.delimiter, blank);
  }
  descriptor file(open(from.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) throw system_error("the input " + from.file + " cannot be opened", errno);
  if (from.begin > 0 && lseek(file.get(), static_cast<off_t>(from.begin), SEEK_SET) < 0) {
    throw system_error("the input " + from.file + " cannot be read from where the run began",
                       errno);
  }
  return items_of(std::move(file), from.file, from.delimiter, blank);
}

// What a job's result depends on besides its items.
std::string fingerprint_of(const run_settings& settings) {
  nlohmann::ordered_json text;
  if (settings.shell.empty()) {
    put_all(text, "command", settings.command);
  } else {
    put_bytes(text, "shell", settings.shell);
  }
  if (settings.input.items_per_job > 1) text["items_per_job"] = settings.input.items_per_job;
  if (!settings.input.columns.empty()) put_bytes(text, "columns", settings.input.columns);
  return text.dump();
}

// Several items: no argument can have a NUL byte, so this tells them apart.
std::string key_of(const job& which) {
  std::string key;
  for (const std::string& item : which.items) {
    if (&item != &which.items.front()) key += '\0';
    key += item;
  }
  return key;
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
        source_(open_input(settings, known)),
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
  std::optional<job> read_job();
  void take(job_completion done);
  void collect(job_completion done);
  void show(job& which, outcome&& ended, shown_part before, bool fresh);
  void process_all();
  void process_journalled();
  parwork::options engine_options();
  run_record record_of_this() const;
  std::optional<std::uint64_t> jobs_of(std::optional<std::uint64_t> items) const;
  int status_at_end();
  std::string broken_off() const;

  const run_settings& settings_;
  const std::vector<std::string>& arguments_;
  const resumed_input* const known_;
  const process_state inherited_;
  const command_template command_;
  const std::unique_ptr<item_source> source_;
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
  std::uint64_t sequence_ = 0;
  bool input_ended_ = false;
  bool broken_ = false;  // output is lost: nothing is shown any more
  std::exception_ptr thrown_;
  job_runner* runner_ = nullptr;
  signal_watcher* signals_ = nullptr;
  run_file* marks_ = nullptr;  // these three with a journal
  recorded_output* recorded_ = nullptr;
  const earlier_runs* earlier_ = nullptr;
  bool keep_items_ = false;  // they come from a pipe
};

std::optional<std::uint64_t> command_run::jobs_of(std::optional<std::uint64_t> items) const {
  const std::uint64_t each = settings_.input.items_per_job;
  if (!items) return std::nullopt;
  return (*items + each - 1) / each;
}

std::optional<job> command_run::next_job() {
  if (!runner_->wait_for_room()) return std::nullopt;
  auto read = read_job();
  if (!read) runner_->skipped();
  return read;
}

std::optional<job> command_run::read_job() {
  job next;
  while (next.items.size() < settings_.input.items_per_job) {
    auto item = source_->next();
    if (!item) break;
    next.whole = next.whole && item->whole;
    if (keep_items_) marks_->item_read(item->bytes);
    next.items.push_back(std::move(item->bytes));
  }
  if (next.items.size() < settings_.input.items_per_job && !runner_->is_stopping()) {
    input_ended_ = true;
    if (keep_items_) marks_->input_ended();
    halt_->total_is(sequence_ + (next.items.empty() ? 0 : 1));
  }
  if (next.items.empty()) return std::nullopt;
  next.sequence = ++sequence_;
  next.columns = settings_.input.columns.empty() ? next.items
                                                 : cut(next.items.front(), settings_.input.columns);
  return next;
}

void command_run::take(job_completion done) {
  const std::uint64_t end = settings_.order == output_order::completion ? done.item.end : 0;
  if (end == 0) {
    collect(std::move(done));
  } else {
    ended_.add(end, std::move(done), [this](job_completion next) { collect(std::move(next)); });
  }
}

void command_run::collect(job_completion done) {
  try {
    const bool fresh = done.item.submitted;
    if (!fresh) runner_->skipped();
    std::optional<outcome> ended;
    if (done.result) {
      ended = std::move(*done.result);
    } else if (done.item.failed) {
      ended = std::move(*done.item.failed);
    } else if (!done.result.error().message().empty() && !fresh &&
               done.result.error().kind() != parwork::failure_kind::cancelled) {
      std::string_view bytes = done.result.error().message();
      ended = parwork::codec<outcome>::decode(bytes);
    }
    if (!ended) {
      report_.add_not_started();
      return;
    }
    report_.add(done.item, *ended);
    if (fresh && !done.item.is_over && record_) record_->gave_up();
    const std::uint64_t sequence = done.item.sequence;
    const shown_part before =
        earlier_ != nullptr && !fresh ? earlier_->shown_of(*ended) : shown_part{};
    if (!before.all && !broken_) show(done.item, std::move(*ended), before, fresh);
    live_.advance(sequence);
  } catch (...) {
    broken_ = true;
    runner_->fail(std::current_exception());
  }
}

void command_run::show(job& which, outcome&& ended, shown_part before, bool fresh) {
  line_tag tag{.text = settings_.tag ? which.name() + '\t' : std::string()};
  if (recorded_ == nullptr) {
    writer_.show(ended.out, ended.err, tag);
    return;
  }
  const bool recorded = ended.why != cause::interrupted && ended.why != cause::halted;
  recorded_->push({std::move(ended), std::move(tag), before, !fresh, recorded});
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
  parwork::options options = engine_options();
  static_cast<void>(parwork::process([this] { return next_job(); },
                                     [this](job& which, parwork::completer<outcome> done) {
                                       runner_->submit(which, std::move(done));
                                     },
                                     [this](job_completion done) { take(std::move(done)); },
                                     std::move(options)));
}

std::string current_folder() {
  std::error_code fault;
  const auto folder = std::filesystem::current_path(fault);
  if (fault) {
    throw error("the current folder is gone, and a journal has to name it: change to another one");
  }
  return folder.string();
}

// The file that standard input is, where it has a name by which a resumed run finds it again: it
// has none where it was deleted, as a here-document is, or where there is no /proc.
std::optional<std::string> name_of_standard_input() {
  struct stat opened{}, named{};
  if (fstat(STDIN_FILENO, &opened) != 0 || !S_ISREG(opened.st_mode)) return std::nullopt;
  std::error_code fault;
  auto name = std::filesystem::read_symlink("/proc/self/fd/0", fault).string();
  if (fault || stat(name.c_str(), &named) != 0) return std::nullopt;
  if (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino) return std::nullopt;
  return name;
}

run_record command_run::record_of_this() const {
  run_record called{settings_.called.options,
                    settings_.called.others,
                    current_folder(),
                    settings_.input.file,
                    false,
                    settings_.input.begin};
  if (settings_.input.arguments || known_ != nullptr) return called;
  if (!called.input_file.empty()) {
    called.input_file = std::filesystem::absolute(called.input_file).string();
  }
  struct stat status{};
  if (called.input_file.empty()) {
    const auto name = name_of_standard_input();
    called.from_stream = !name;
    called.input_file = name.value_or("");
    const off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);  // before anything is read
    if (name && begin > 0) called.input_begin = static_cast<std::uint64_t>(begin);
  } else {
    called.from_stream = stat(called.input_file.c_str(), &status) != 0 || !S_ISREG(status.st_mode);
  }
  return called;
}

void command_run::process_journalled() {
  const std::string& file = settings_.journal;
  const bool exists = std::filesystem::exists(file);
  if (exists && !settings_.resume) {
    throw error("the journal " + file +
                " exists: go on with its run by --resume, or remove it (or "
                "give another file) to begin anew");
  }
  earlier_runs earlier;
  parwork::journal journal{std::filesystem::path(file),
                           {.retry_failed = settings_.retry_failed,
                            .key = [](const job& which) { return key_of(which); },
                            .fingerprint = fingerprint_of(settings_),
                            .on_damage =
                                [this](const parwork::journal_damage& damage) {
                                  writer_.say("parwork: a record of " + damage.file.string() +
                                              " is damaged (" + damage.reason +
                                              "), and its job is done again\n");
                                }}};
  if (exists && journal.size() > 0) {
    earlier = read_run_file(file);
    runner_->allow_unseen(settings_.ahead);
  }
  earlier_ = &earlier;
  run_file marks(file, exists ? run_file_mode::go_on : run_file_mode::begin);
  marks_ = &marks;
  if (known_ == nullptr) {
    const run_record called = record_of_this();
    keep_items_ = called.from_stream;
    marks.run_begins(called, id_);
  }
  recorded_output recorded([&] { journal.commit(); },
                           [this](std::exception_ptr why) { runner_->fail(std::move(why)); }, marks,
                           writer_);
  recorded_ = &recorded;
  parwork::options options = engine_options();
  static_cast<void>(parwork::process(
      journal, [this] { return next_job(); },
      [this](job& which, parwork::completer<outcome> done) {
        runner_->submit(which, std::move(done));
      },
      [this](job_completion done) { take(std::move(done)); }, std::move(options)));
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
                      source_->stop();
                    });
  runner_ = &runner;
  signal_watcher signals({[&](int) { runner.end_jobs(cause::interrupted); },
                          [&] { runner.kill_jobs(); }, [&] { runner.suspend_jobs(); },
                          [&] { runner.continue_jobs(); }});
  signals_ = &signals;
  const auto total = jobs_of(source_->total());
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
  const bool all_read = input_ended_ && !runner_->is_stopping();
  report_.rest(all_read || input_ended_ ? 0 : jobs_of(source_->count_rest()));
  const run_end end = end_of_run(status_at_end());
  log_->run_ended(end);
  if (const auto refused = runner_->refused()) {
    writer_.say("parwork: " + refused->message + "\n");
  } else if (!settings_.quiet) {
    const std::string text = report_.text(broken_off());
    if (!text.empty()) writer_.say(text);
  }
  if (record_) write_report(end);
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
  const auto source = open_input(settings, known);
  output_writer writer;
  line_tag none;
  for (std::uint64_t sequence = 1;; ++sequence) {
    std::vector<std::string> items;
    while (items.size() < settings.input.items_per_job) {
      auto item = source->next();
      if (!item) break;
      items.push_back(std::move(item->bytes));
    }
    if (items.empty()) return status::success;
    const auto columns =
        settings.input.columns.empty() ? items : cut(items.front(), settings.input.columns);
    const auto slot = static_cast<unsigned>((sequence - 1) % settings.workers + 1);
    writer.show(stream::out, shell_join(command.expand({items, columns, sequence, slot})) + "\n",
                none);
  }
}

}  // namespace

int run(const run_settings& settings, const std::vector<std::string>& arguments,
        const resumed_input* known) {
  if (settings.dry_run) return dry_run(settings, known);
  return command_run(settings, arguments, known).run();
}

}  // namespace cli
