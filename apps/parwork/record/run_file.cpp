#include "record/run_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "output/output_writer.hpp"
#include "record/json_text.hpp"

namespace cli {
namespace {

using json = nlohmann::ordered_json;

// Where a regular file stands that a stream writes to, or null.
json place_of(int descriptor) {
  struct stat status{};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return nullptr;
  const bool appends = (fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
  json place{{"device", status.st_dev}, {"inode", status.st_ino}};
  place["at"] = appends ? status.st_size : lseek(descriptor, 0, SEEK_CUR);
  std::array<char, PATH_MAX> name{};
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  if (readlink(link.c_str(), name.data(), name.size() - 1) > 0)
    put_bytes(place, "file", name.data());
  return place;
}

std::optional<output_place> place_in(const json& place) {
  if (place.is_null()) return std::nullopt;
  output_place found{place.at("device").get<dev_t>(), place.at("inode").get<ino_t>(),
                     place.at("at").get<std::uint64_t>(), get_bytes(place, "file"), 0};
  struct stat now{};
  if (stat(found.file.c_str(), &now) == 0) found.end = static_cast<std::uint64_t>(now.st_size);
  return found;
}

std::uint64_t from_hex(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return number;
}

announced_output announced_in(const json& line) {
  return {place_in(line.at("out")),
          place_in(line.at("err")),
          {.out = line.at("out_before").get<std::uint64_t>(),
           .err = line.at("err_before").get<std::uint64_t>()}};
}

run_record record_in(const json& line) {
  return {get_all(line, "options"),
          get_all(line, "words"),
          get_bytes(line, "folder"),
          get_bytes(line, "input"),
          line.at("stream").get<bool>(),
          line.value("input_begin", std::uint64_t{0}),
          {line.value("room", std::size_t{0}), line.value("slots", 1U)}};
}

class run_reader {
 public:
  explicit run_reader(earlier_runs& into) : into_(into) {}

  void take(const json& line) {
    const auto event = line.at("event").get<std::string>();
    if (event == "showing" || event == "shown") end_announced();
    if (event == "run") {
      if (!into_.first) into_.first = record_in(line);
      if (record_in(line).from_stream) into_.input_bytes.reset();
      end_announced_as_far_as_known();
    } else if (event == "input_ended") {
      into_.input_bytes = line.at("bytes").get<std::uint64_t>();
    } else if (event == "showing") {
      announced_ = line;
      for (auto& [which, each] : into_.broken_off) {
        each.ends_before(place_in(line.at("out")));
        each.ends_before(place_in(line.at("err")));
      }
    }
  }

  void finish() { end_announced_as_far_as_known(); }

 private:
  void end_announced() {
    if (announced_.is_null()) return;
    into_.shown[from_hex(announced_.at("run"))].add(announced_.at("seq"));
    announced_ = nullptr;
  }

  // A run ended here without saying that it has shown the last one: its file tells.
  void end_announced_as_far_as_known() {
    if (announced_.is_null()) return;
    const auto which =
        std::pair(from_hex(announced_.at("run")), announced_.at("seq").get<std::uint64_t>());
    into_.broken_off[which] = announced_in(announced_);
    announced_ = nullptr;
  }

  earlier_runs& into_;
  json announced_;
};

}  // namespace

void shown_set::add(std::uint64_t number) {
  if (contains(number)) return;
  auto next = ranges_.upper_bound(number);
  std::uint64_t last = number;
  if (next != ranges_.end() && next->first == number + 1) {
    last = next->second;
    next = ranges_.erase(next);
  }
  if (next != ranges_.begin() && std::prev(next)->second + 1 == number) {
    std::prev(next)->second = last;
  } else {
    ranges_.emplace(number, last);
  }
}

bool shown_set::contains(std::uint64_t number) const {
  const auto next = ranges_.upper_bound(number);
  return next != ranges_.begin() && std::prev(next)->second >= number;
}

shown_part earlier_runs::shown_of(const outcome& recorded, const line_tag& tag) const {
  const auto found = shown.find(recorded.run);
  if (found != shown.end() && found->second.contains(recorded.sequence)) return {.all = true};
  const auto begun = broken_off.find({recorded.run, recorded.sequence});
  if (begun == broken_off.end()) return {};
  return begun->second.arrived(recorded, tag);
}

void require_journal(const std::string& file) {
  if (!std::filesystem::exists(file)) throw error("there is no journal " + file);
}

std::string run_file_of(const std::string& journal) { return journal + "-run"; }

std::string output_file_of(const std::string& journal) { return journal + "-output"; }

std::string input_copy_of(const std::string& journal) { return journal + "-input"; }

earlier_runs read_run_file(const std::string& journal) {
  const std::string name = run_file_of(journal);
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    throw error("the file " + name + " is missing, which says what of " + journal +
                " was shown: 'parwork results " + journal + "' prints all that is recorded");
  }
  earlier_runs found;
  run_reader lines(found);
  std::string line;
  for (std::uint64_t number = 1; std::getline(file, line); ++number) {
    if (file.eof()) break;  // not finished
    try {
      lines.take(json::parse(line));
    } catch (const std::exception& fault) {
      std::string message = "line " + std::to_string(number) + " of ";
      message += name;
      message += " is damaged: 'parwork results ";
      message += journal;
      message += "' prints all that is recorded (";
      message += fault.what();
      message += ')';
      throw error(message);
    }
  }
  lines.finish();
  return found;
}

run_file::run_file(const std::string& journal, run_file_mode mode) : name_(run_file_of(journal)) {
  const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (mode == run_file_mode::begin ? O_TRUNC : 0);
  file_ = descriptor(open(name_.c_str(), flags, 0666));
  if (!file_.is_open()) throw system_error("the file " + name_ + " cannot be opened", errno);
  off_t end = lseek(file_.get(), 0, SEEK_END);
  for (char last = 0; end > 0; --end) {  // behind the last line that was finished
    if (pread(file_.get(), &last, 1, end - 1) == 1 && last == '\n') break;
  }
  if (ftruncate(file_.get(), end) != 0 || lseek(file_.get(), end, SEEK_SET) < 0) {
    throw system_error("the file " + name_ + " cannot be written", errno);
  }
}

void run_file::write(const json& line) {
  const std::string text = line.dump() + '\n';
  const std::lock_guard lock(mutex_);
  const int fault = write_all(file_.get(), text);
  if (fault != 0) throw system_error("the file " + name_ + " cannot be written", fault);
}

void run_file::run_begins(const run_record& called, std::uint64_t run) {
  json line{{"event", "run"}, {"run", hex(run)}};
  put_all(line, "options", called.option_words);
  put_all(line, "words", called.other_words);
  put_bytes(line, "folder", called.folder);
  put_bytes(line, "input", called.input_file);
  line["stream"] = called.from_stream;
  if (called.input_begin > 0) line["input_begin"] = called.input_begin;
  line["room"] = called.division.room;
  line["slots"] = called.division.slots;
  write(line);
}

void run_file::input_ended(std::uint64_t bytes) {
  write({{"event", "input_ended"}, {"bytes", bytes}});
}

void run_file::showing(const outcome& announced, const shown_part& before) {
  write({{"event", "showing"},
         {"run", hex(announced.run)},
         {"seq", announced.sequence},
         {"out_bytes", announced.out.size()},
         {"err_bytes", announced.err.size()},
         {"out_before", before.out},
         {"err_before", before.err},
         {"out", place_of(STDOUT_FILENO)},
         {"err", place_of(STDERR_FILENO)}});
}

void run_file::all_shown() { write({{"event", "shown"}}); }

}  // namespace cli
