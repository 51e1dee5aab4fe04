#include "record/run_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "output/output_writer.hpp"
#include "record/json_text.hpp"
#include "support/error.hpp"
#include "version.hpp"

namespace cli {
namespace {

using json = nlohmann::ordered_json;

const std::string& host_name() {
  static const std::string name = [] {
    std::array<char, 256> text{};
    gethostname(text.data(), text.size() - 1);
    return std::string(text.data());
  }();
  return name;
}

json attempt_fields(const char* event, const job& which, const outcome& attempt) {
  json line{{"event", event}, {"seq", which.sequence}};
  put_bytes(line, "item", which.name());
  line["slot"] = attempt.slot;
  line["attempt"] = attempt.attempt;
  put_bytes(line, "host", attempt.host.empty() ? host_name() : attempt.host);
  line["start"] = attempt.start;
  return line;
}

}  // namespace

double unix_time() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

run_log::run_log(const std::string& file, output_writer& writer) : file_(file) {
  if (file == "-") {
    writer_ = &writer;
    return;
  }
  descriptor_ = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw system_error("the log " + file + " cannot be opened", errno);
}

run_log::~run_log() {
  if (descriptor_ >= 0) close(descriptor_);
}

void run_log::write(std::string line) {
  line += '\n';
  if (writer_ != nullptr) {
    line_tag none;
    writer_->show(stream::out, line, none);
    return;
  }
  const std::lock_guard lock(mutex_);
  const int fault = write_all(descriptor_, line);
  if (fault != 0) throw system_error("the log " + file_ + " cannot be written", fault);
}

void run_log::run_begins(const std::vector<std::string>& arguments, slots_of_run slots,
                         std::uint64_t run) {
  if (!is_on()) return;
  json line{{"event", "run"}, {"version", version}};
  put_all(line, "argv", arguments);
  line["workers"] = slots.most;
  if (slots.vary) line["workers_vary"] = true;
  line["start"] = unix_time();
  line["run"] = hex(run);
  put_bytes(line, "host", host_name());
  write(line.dump());
}

void run_log::attempt_begins(const job& which, const outcome& begun) {
  if (is_on()) write(attempt_fields("start", which, begun).dump());
}

void run_log::attempt_ended(const job& which, const outcome& ended, output_in_log output) {
  if (!is_on()) return;
  json line = attempt_fields("end", which, ended);
  line["dur"] = ended.duration;
  line["exit"] = ended.signal != 0 ? json() : json(ended.exit);
  line["signal"] = ended.signal;
  line["why"] = name_of(ended.why);
  line["out_bytes"] = ended.out_bytes;
  line["err_bytes"] = ended.err_bytes;
  if (!ended.message.empty()) put_bytes(line, "message", ended.message);
  if (output == output_in_log::included) {
    put_bytes(line, "out", ended.out.bytes());
    put_bytes(line, "err", ended.err.bytes());
  }
  write(line.dump());
}

void run_log::run_ended(const run_end& end) {
  if (!is_on()) return;
  const auto seconds = [](std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
  };
  json line{{"event", "summary"},
            {"succeeded", end.totals.succeeded},
            {"failed", end.totals.failed},
            {"interrupted", end.totals.interrupted},
            {"halted", end.totals.halted},
            {"not_started", end.totals.not_started},
            {"status", end.status},
            {"start", unix_time()},
            {"dur", seconds(end.wall)},
            {"cpu", seconds(end.cpu)},
            {"input_wait", seconds(end.waited_for_input)}};
  if (end.run_delay) line["run_delay"] = seconds(*end.run_delay);
  write(line.dump());
}

}  // namespace cli
