#include "record/journalled_run.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "record/json_text.hpp"
#include "support/error.hpp"

namespace cli {

namespace {

// One that was left beside a journal that is gone is nobody's.
void remove_output_of_another(const std::string& journal) {
  const std::string file = output_file_of(journal);
  if (unlink(file.c_str()) != 0 && errno != ENOENT) {
    throw system_error("the file " + file + " is of another journal, and cannot be removed", errno);
  }
}

// What a job's result depends on besides its items.
std::string fingerprint_of(const run_settings& settings) {
  nlohmann::ordered_json text;
  if (settings.shell.empty()) {
    put_all(text, "command", settings.command);
  } else {
    put_bytes(text, "shell", settings.shell);
    if (!settings.shell_program.empty()) put_bytes(text, "program", settings.shell_program);
  }
  if (settings.input.fit) {
    text["items_per_job"] = "fit";
  } else if (settings.input.items_per_job > 1) {
    text["items_per_job"] = settings.input.items_per_job;
  }
  if (const auto& blocks = settings.input.blocks) {
    if (blocks->size > 0) text["block"] = blocks->size;
    if (blocks->records > 0) text["records"] = blocks->records;
    text["block_header"] = blocks->header;
    put_bytes(text, "delimiter", settings.input.delimiter);
  }
  if (settings.input.csv) text["csv"] = true;
  if (settings.input.header) text["header"] = true;
  if (!settings.input.columns.empty()) put_bytes(text, "columns", settings.input.columns);
  return text.dump();
}

bool is_regular(const std::string& file) {
  struct stat status{};
  const int asked = file.empty() ? fstat(STDIN_FILENO, &status) : stat(file.c_str(), &status);
  return asked != 0 || S_ISREG(status.st_mode);
}

// One input may be a pipe, which is kept; lists are read again.
void refuse_lists_of_pipes(const input_settings& input) {
  for (const list_settings& each : input.lists) {
    if (each.words || (!each.file.empty() && is_regular(each.file))) continue;
    throw error("--journal: a resumed run reads several lists again, and " +
                (each.file.empty() ? std::string("standard input") : each.file) +
                " cannot be read twice: put it into a file");
  }
}

// Whether the journal is there. An existing one has to be meant.
bool find_journal(const run_settings& settings) {
  refuse_lists_of_pipes(settings.input);
  const bool exists = std::filesystem::exists(settings.journal);
  if (exists && !settings.resume) {
    throw error("the journal " + settings.journal +
                " exists: go on with its run by --resume, or remove it (or "
                "give another file) to begin anew");
  }
  return exists;
}

parwork::journal_options<job_key> options_of(const run_settings& settings, output_writer& writer) {
  return {.retry_failed = settings.retry_failed,
          .key = job_key(),
          .fingerprint = fingerprint_of(settings),
          .on_damage = [&writer](const parwork::journal_damage& damage) {
            writer.say("parwork: a record of " + damage.file.string() + " is damaged (" +
                       damage.reason + "), and its job is done again\n");
          }};
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

}  // namespace

// Several items: no argument can have a NUL byte, so this tells them apart.
std::string job_key::operator()(const job& which) const {
  if (!which.block_key.empty()) return which.block_key;
  std::string key;
  for (const std::string& item : which.items) {
    if (&item != &which.items.front()) key += '\0';
    key += item;
  }
  return key;
}

journalled_run::journalled_run(const run_settings& settings, output_writer& writer,
                               std::function<void(std::exception_ptr)> fail)
    : exists_(find_journal(settings)),
      outcomes_(std::filesystem::path(settings.journal), options_of(settings, writer)),
      has_earlier_(exists_ && outcomes_.size() > 0),
      earlier_(has_earlier_ ? read_run_file(settings.journal) : earlier_runs()),
      marks_(settings.journal, exists_ ? run_file_mode::go_on : run_file_mode::begin),
      shown_([this] { outcomes_.commit(); }, std::move(fail), marks_, writer),
      sink_(shown_, earlier_, settings.tag) {
  if (!exists_) remove_output_of_another(settings.journal);
}

run_record record_of_call(const run_settings& settings) {
  run_record called{settings.called.options,
                    settings.called.others,
                    current_folder(),
                    settings.input.file,
                    false,
                    settings.input.begin,
                    {}};
  if (settings.input.arguments || !settings.input.lists.empty()) return called;
  if (!called.input_file.empty()) {
    called.input_file = std::filesystem::absolute(called.input_file).string();
    struct stat status{};
    called.from_stream = stat(called.input_file.c_str(), &status) != 0 || !S_ISREG(status.st_mode);
    return called;
  }
  const auto name = name_of_standard_input();
  called.from_stream = !name;
  called.input_file = name.value_or("");
  const off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);
  if (name && begin > 0) called.input_begin = static_cast<std::uint64_t>(begin);
  return called;
}

}  // namespace cli
