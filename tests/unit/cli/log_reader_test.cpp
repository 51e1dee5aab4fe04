#include "record/log_reader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "support/error.hpp"

namespace {

const std::string run =
    R"({"event":"run","version":"0.1.0","argv":["parwork","true"],"workers":2,"start":100.5})"
    "\n";
const std::string start =
    R"({"event":"start","seq":1,"item":"a","slot":1,"attempt":1,"host":"h","start":101})"
    "\n";
const std::string summary =
    R"({"event":"summary","not_started":3,"halted":0,"interrupted":0,"dur":2,"input_wait":0.5,"cpu":1})"
    "\n";

std::string end(const std::string& fields, int sequence = 1, int attempt = 1) {
  return R"({"event":"end","seq":)" + std::to_string(sequence) +
         R"(,"item":"a","slot":1,"attempt":)" + std::to_string(attempt) +
         R"(,"start":101,"dur":0.25,)" + fields + "}\n";
}

const std::string good = R"("exit":0,"signal":0,"why":"exit")";
const std::string bad = R"("exit":3,"signal":0,"why":"exit")";
const std::string repeated = bad + R"(,"out":"","err":"")";

struct reading {
  cli::log_end end;
  std::vector<cli::logged_run> runs;
  std::vector<cli::logged_attempt> attempts;
};

reading read(const std::string& text) {
  reading found;
  std::istringstream log(text);
  found.end = cli::read_log(
      log, "LOG",
      {.run_begins = [&](const cli::logged_run& each) { found.runs.push_back(each); },
       .attempt_ended =
           [&](cli::logged_attempt&& each) { found.attempts.push_back(std::move(each)); }});
  return found;
}

std::string refused(const std::string& text) {
  try {
    read(text);
  } catch (const cli::error& fault) {
    return fault.what();
  }
  return "not refused";
}

TEST(log_reader, how_long_jobs_had_no_cpu_where_the_log_says_so) {
  EXPECT_FALSE(read(run + start + end(good) + summary).end.finished->run_delay);
  std::string with = summary;
  with.replace(with.find(R"("cpu")"), 5, R"("run_delay":0.75,"cpu")");
  EXPECT_EQ(read(run + start + end(good) + with).end.finished->run_delay,
            std::chrono::milliseconds(750));
}

TEST(log_reader, slots_that_were_used_where_their_number_varies) {
  const reading fixed = read(run + start + end(good) + summary);
  EXPECT_FALSE(fixed.runs.front().workers_vary);
  EXPECT_EQ(fixed.end.slots, 1U);
  std::string varying = run;
  varying.replace(varying.find(R"("workers":2)"), 11, R"("workers":500,"workers_vary":true)");
  const reading found = read(varying + start + end(good) + summary);
  EXPECT_TRUE(found.runs.front().workers_vary);
  EXPECT_EQ(found.runs.front().workers, 500U);
}

TEST(log_reader, a_run) {
  const reading found = read(run + start + end(good) + summary);
  ASSERT_EQ(found.runs.size(), 1U);
  EXPECT_EQ(found.end.run.arguments, (std::vector<std::string>{"parwork", "true"}));
  EXPECT_EQ(found.end.run.workers, 2U);
  EXPECT_EQ(found.end.run.start, 100.5);
  ASSERT_EQ(found.attempts.size(), 1U);
  EXPECT_EQ(found.attempts[0].name, "a");
  EXPECT_TRUE(found.attempts[0].what.succeeded());
  EXPECT_EQ(found.attempts[0].what.duration, 0.25);
  EXPECT_EQ(found.end.last, 101.25);
  EXPECT_TRUE(found.end.unfinished.empty());
  ASSERT_TRUE(found.end.finished);
  EXPECT_EQ(found.end.finished->wall, std::chrono::seconds(2));
  EXPECT_EQ(found.end.finished->waited_for_input, std::chrono::milliseconds(500));
  EXPECT_EQ(found.end.finished->cpu, std::chrono::seconds(1));
  EXPECT_EQ(found.end.finished->not_started, 3U);
  EXPECT_TRUE(found.end.finished->stopped);
}

TEST(log_reader, reasons) {
  const reading found = read(run + end(R"("exit":null,"signal":9,"why":"timeout")") +
                             end(R"("exit":126,"signal":0,"why":"spawn","message":"too long")") +
                             end(R"("exit":null,"signal":15,"why":"interrupted")"));
  EXPECT_EQ(found.attempts[0].what.reason(), "timed out, killed by signal 9 (KILL)");
  EXPECT_EQ(found.attempts[1].what.reason(), "too long");
  EXPECT_EQ(found.attempts[2].what.why, cli::cause::interrupted);
}

TEST(log_reader, an_attempt_whose_output_is_there_was_to_be_repeated) {
  const reading once = read(run + end(repeated) + end(good, 1, 2));
  EXPECT_EQ(once.attempts[0].fate, cli::attempt_fate::to_be_repeated);
  EXPECT_EQ(once.attempts[1].fate, cli::attempt_fate::for_good);
  EXPECT_EQ(once.end.given_up, 0U);
  EXPECT_EQ(read(run + end(repeated) + end(repeated, 2)).end.given_up, 2U);
}

TEST(log_reader, what_has_no_end_is_unfinished) {
  const reading found = read(run + start);
  ASSERT_EQ(found.end.unfinished.size(), 1U);
  EXPECT_EQ(found.end.unfinished[0].what.slot, 1U);
  EXPECT_FALSE(found.end.finished);
}

TEST(log_reader, the_last_run_counts) {
  const reading found = read("damage\n" + run + start + "damage\n" + run + end(good));
  EXPECT_EQ(found.runs.size(), 2U);
  EXPECT_EQ(found.end.runs, 2U);
  EXPECT_TRUE(found.end.unfinished.empty());
}

TEST(log_reader, a_line_that_was_not_finished_counts_as_not_written) {
  const std::string half = start.substr(0, 30);
  EXPECT_TRUE(read(run + half).end.unfinished.empty());
  EXPECT_EQ(read(run + start + half + run).end.runs, 2U);
}

TEST(log_reader, lines_of_other_kinds_are_left_out) {
  EXPECT_EQ(read(run + "{\"event\":\"news\"}\n" + end(good)).attempts.size(), 1U);
}

TEST(log_reader, damage_is_named) {
  for (const std::string& line :
       {std::string("nonsense\n"), std::string("{}\n"), std::string("\n"), end(good, -1),
        end(good, 0), end(R"("exit":0,"signal":0,"why":"whim")"), end(R"("exit":"0","signal":0)"),
        std::string(R"({"event":"end"})") + "\n"}) {
    EXPECT_NE(refused(run + start + line).find("line 3 of the log LOG is damaged"),
              std::string::npos)
        << line << refused(run + start + line);
  }
  EXPECT_EQ(refused(""), "the log LOG has no run in it");
  EXPECT_EQ(refused(start), "the log LOG has no run in it");
  EXPECT_NE(refused(run + "{\"event\":\"start\",\"seq\":1,\"item\":\"a\",\"slot\":3,"
                          "\"attempt\":1,\"start\":1}\n")
                .find("no slot 3"),
            std::string::npos);
}

}  // namespace
