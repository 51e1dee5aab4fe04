#include "record/log_reader.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

#include "record/json_text.hpp"
#include "support/error.hpp"
#include "support/units.hpp"

namespace cli {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view begins_a_run = R"({"event":"run")";

cause cause_named(const std::string& name) {
  for (const cause each : {cause::exit, cause::signal, cause::timeout, cause::halted,
                           cause::interrupted, cause::spawn, cause::memory}) {
    if (name_of(each) == name) return each;
  }
  throw error("'" + name + "' is no reason for an end");
}

// A signed number would be taken for a large one.
std::uint64_t count_in(const json& line, const char* field) {
  const json& value = line.at(field);
  if (!value.is_number_unsigned()) throw error(std::string(field) + " is no count");
  return value.get<std::uint64_t>();
}

int integer_in(const json& line, const char* field) {
  const json& value = line.at(field);
  if (!value.is_number_integer()) throw error(std::string(field) + " is no whole number");
  return static_cast<int>(std::clamp<std::int64_t>(
      value.get<std::int64_t>(), std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

double number_in(const json& line, const char* field) {
  const json& value = line.at(field);
  if (!value.is_number()) throw error(std::string(field) + " is no number");
  return value.get<double>();
}

std::chrono::nanoseconds time_in(const json& line, const char* field) {
  return nanoseconds_of(number_in(line, field));
}

class event_reader {
 public:
  event_reader(const log_uses& uses, log_end& into) : uses_(uses), into_(into) {}

  void take(const json& line) {
    const auto event = line.at("event").get<std::string>();
    if (event == "run") {
      begin(line);
    } else if (into_.runs == 0) {
      return;  // of a run whose beginning is missing
    } else if (event == "start") {
      start(line);
    } else if (event == "end") {
      end(line);
    } else if (event == "summary") {
      finish(line);
    }
  }

  void leave() {
    for (auto& [slot, each] : running_) into_.unfinished.push_back(std::move(each));
    into_.given_up = waiting_.size();
  }

 private:
  void begin(const json& line) {
    logged_run run{get_all(line, "argv"), 1, number_in(line, "start")};
    run.workers = static_cast<unsigned>(
        std::clamp<std::uint64_t>(count_in(line, "workers"), 1, std::uint64_t{1} << 31U));
    run.workers_vary = line.value("workers_vary", false);
    running_.clear();
    waiting_.clear();
    const std::uint64_t runs = into_.runs + 1;
    into_ = {.runs = runs, .run = run, .last = run.start};
    uses_.run_begins(run);
  }

  logged_attempt attempt_in(const json& line) {
    logged_attempt found{get_bytes(line, "item"), {}};
    found.what.sequence = count_in(line, "seq");
    found.what.slot = static_cast<unsigned>(std::min<std::uint64_t>(count_in(line, "slot"), ~0U));
    found.what.attempt =
        static_cast<unsigned>(std::min<std::uint64_t>(count_in(line, "attempt"), ~0U));
    found.what.start = number_in(line, "start");
    if (found.what.slot == 0 || found.what.slot > into_.run.workers) {
      throw error("its run has no slot " + std::to_string(found.what.slot) +
                  ": another one has written between its lines");
    }
    into_.slots = std::max(into_.slots, found.what.slot);
    if (found.what.sequence == 0 || found.what.attempt == 0) throw error("they count from 1");
    return found;
  }

  void start(const json& line) {
    logged_attempt begun = attempt_in(line);
    seen(begun.what.start);
    waiting_.erase(begun.what.sequence);
    running_.insert_or_assign(begun.what.slot, std::move(begun));
  }

  void end(const json& line) {
    logged_attempt ended = attempt_in(line);
    outcome& what = ended.what;
    what.duration = std::chrono::duration<double>(time_in(line, "dur")).count();
    what.why = cause_named(line.at("why").get<std::string>());
    what.signal = integer_in(line, "signal");
    if (!line.at("exit").is_null()) what.exit = integer_in(line, "exit");
    if (line.contains("message") || line.contains("message_b64")) {
      what.message = get_bytes(line, "message");
    }
    // What could not be started has no time of its own.
    if (what.why == cause::spawn && what.start == 0) what.start = into_.last;
    seen(what.start + what.duration);
    running_.erase(what.slot);
    waiting_.erase(what.sequence);
    const bool has_output = line.contains("out") || line.contains("out_b64");
    if (has_output && !what.succeeded()) {  // not shown, so it was to be repeated
      ended.fate = attempt_fate::to_be_repeated;
      waiting_.insert(what.sequence);
    }
    uses_.attempt_ended(std::move(ended));
  }

  void finish(const json& line) {
    record_end end;
    end.wall = time_in(line, "dur");
    end.not_started = count_in(line, "not_started");
    end.stopped = end.not_started + count_in(line, "halted") + count_in(line, "interrupted") > 0;
    if (line.contains("input_wait")) end.waited_for_input = time_in(line, "input_wait");
    if (line.contains("cpu")) end.cpu = time_in(line, "cpu");
    if (line.contains("run_delay")) end.run_delay = time_in(line, "run_delay");
    into_.finished = end;
  }

  void seen(double time) { into_.last = std::max(into_.last, time); }

  const log_uses& uses_;
  log_end& into_;
  std::map<unsigned, logged_attempt> running_;  // by slot
  std::set<std::uint64_t> waiting_;             // jobs to be repeated
};

// A run that was killed may have left half a line, and the next one begins behind it.
json parse(const std::string& text) {
  json line = json::parse(text, nullptr, false);
  const std::size_t next = text.rfind(begins_a_run);
  if (line.is_discarded() && next != std::string::npos && next > 0) {
    line =
        json::parse(text.begin() + static_cast<std::ptrdiff_t>(next), text.end(), nullptr, false);
  }
  if (line.is_discarded()) throw error("it is no JSON");
  return line;
}

}  // namespace

log_end read_log(std::istream& log, const std::string& name, const log_uses& uses) {
  log_end found;
  event_reader lines(uses, found);
  std::string text, damage;
  for (std::uint64_t number = 1; std::getline(log, text); ++number) {
    if (log.eof()) break;  // not finished
    std::string wrong;
    const std::uint64_t runs = found.runs;
    try {
      lines.take(parse(text));
    } catch (const json::exception& fault) {
      wrong = fault.what();
    } catch (const error& fault) {
      wrong = fault.what();
    }
    if (found.runs > runs) damage.clear();  // it was in another run
    if (!wrong.empty() && damage.empty()) {
      damage = "line " + std::to_string(number) + " of the log ";
      damage.append(name).append(" is damaged (").append(wrong);
      damage += "): take it out, and what is left is shown";
    }
  }
  if (log.bad()) throw error("the log " + name + " cannot be read");
  if (!damage.empty()) throw error(damage);
  if (found.runs == 0) throw error("the log " + name + " has no run in it");
  lines.leave();
  return found;
}

}  // namespace cli
