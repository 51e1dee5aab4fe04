#include "parwork/summary.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <iomanip>
#include <sstream>
#include <string>

namespace {

using namespace std::chrono_literals;
using parwork::bottleneck;
using parwork::failure;
using parwork::failure_kind;
using parwork::summary;

std::string written(const auto& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

summary thousand_items() {
  summary run;
  run.produced = 1000;
  run.succeeded = 1000;
  run.wall = 1250ms;
  run.workers = 4;
  run.work_share = 0.5;
  run.generator_share = 0.25;
  run.collector_share = 0.05;
  run.idle_share = 0.2;
  return run;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(summary, starts_out_as_an_empty_balanced_run) {
  const summary run;
  EXPECT_EQ(run.produced + run.succeeded + run.failed + run.cancelled + run.retries, 0u);
  EXPECT_EQ(run.wall, 0ns);
  EXPECT_EQ(run.workers, 0u);
  EXPECT_EQ(run.peak_in_flight, 0u);
  EXPECT_FALSE(run.stopped);
  EXPECT_FALSE(run.first_failure.has_value());
  EXPECT_EQ(run.bound, bottleneck::balanced);
}

TEST(summary, writes_counts_rate_wall_workers_and_shares) {
  EXPECT_EQ(written(thousand_items()),
            "1,000 items in 1.25 s (800 per second) on 4 workers: all succeeded. Time: work 50 %, "
            "generator 25 %, collector 5 %, idle 20 %. Held back by the generator, though it was "
            "not occupied all the time.");
}

TEST(summary, calls_a_run_balanced_only_where_the_workers_were_busy) {
  summary run = thousand_items();
  run.work_share = 0.7;
  run.generator_share = 0.1;
  run.idle_share = 0.15;
  EXPECT_TRUE(contains(written(run), "Balanced: no single part")) << written(run);
  run.idle_share = 0.97;
  run.work_share = 0.01;
  run.generator_share = 0.01;
  run.collector_share = 0.01;
  EXPECT_FALSE(contains(written(run), "Balanced")) << written(run);
  EXPECT_TRUE(contains(written(run), "No part was occupied all the time")) << written(run);
  run.collector_share = 0.2;
  EXPECT_TRUE(contains(written(run), "Held back by the collector")) << written(run);
}

TEST(summary, names_a_pause_and_the_memory_in_flight_where_there_were_any) {
  summary run = thousand_items();
  EXPECT_FALSE(contains(written(run), "paused")) << written(run);
  EXPECT_FALSE(contains(written(run), "weighed")) << written(run);
  run.paused = 250ms;
  run.peak_memory = std::size_t{3} << 19;
  const std::string text = written(run);
  EXPECT_TRUE(contains(text, "(1,000 per second)")) << text;
  EXPECT_TRUE(contains(text, " Of that time the run was paused for 250 ms, which is in no rate"))
      << text;
  EXPECT_TRUE(contains(text, " Items in flight weighed at most 1.5 MiB.")) << text;
}

TEST(summary, names_failures_and_the_first_one) {
  summary run = thousand_items();
  run.succeeded = 990;
  run.failed = 7;
  run.cancelled = 3;
  run.retries = 12;
  run.stopped = true;
  run.first_failure = failure(failure_kind::error, "disk full\nwhile writing");
  const std::string text = written(run);
  EXPECT_TRUE(contains(text, ": 990 succeeded, 7 failed, 3 cancelled, 12 retries.")) << text;
  EXPECT_TRUE(contains(text, " The run was stopped before its end.")) << text;
  EXPECT_TRUE(contains(text, " First failure: disk full. Time:")) << text;
  EXPECT_FALSE(contains(text, "\n")) << text;
}

TEST(summary, names_the_kind_of_a_failure_without_a_message) {
  summary run = thousand_items();
  run.first_failure = failure(failure_kind::timeout, "");
  EXPECT_TRUE(contains(written(run), " First failure: timeout. "));
}

TEST(summary, says_what_to_do_about_each_bottleneck) {
  summary run = thousand_items();
  run.bound = bottleneck::generator;
  EXPECT_TRUE(contains(written(run), "Limited by the generator"));
  EXPECT_TRUE(contains(written(run), "parwork::split"));
  run.bound = bottleneck::work;
  EXPECT_TRUE(contains(written(run), "Limited by work"));
  EXPECT_TRUE(contains(written(run), "More workers help"));
  run.bound = bottleneck::collector;
  EXPECT_TRUE(contains(written(run), "Limited by the collector"));
  EXPECT_TRUE(contains(written(run), "parwork::reduce"));
}

TEST(summary, of_a_run_without_items_gives_no_verdict) {
  summary run;
  run.wall = 20us;
  run.workers = 1;
  EXPECT_EQ(written(run), "0 items in 20 us on 1 worker.");
}

TEST(summary, of_a_run_whose_items_were_all_cancelled_gives_no_rate) {
  summary run;
  run.produced = run.cancelled = 1;
  run.wall = 20us;
  run.workers = 2;
  run.stopped = true;
  EXPECT_EQ(written(run),
            "1 item in 20 us on 2 workers: 1 cancelled. The run was stopped before its end.");
}

TEST(summary, ignores_the_format_of_the_stream) {
  std::ostringstream out;
  out << std::hex << std::showpos << std::setprecision(1) << thousand_items();
  EXPECT_EQ(out.str(), written(thousand_items()));
}

TEST(bottleneck, is_written_as_its_name) {
  EXPECT_EQ(written(bottleneck::balanced), "balanced");
  EXPECT_EQ(written(bottleneck::generator), "generator");
  EXPECT_EQ(written(bottleneck::work), "work");
  EXPECT_EQ(written(bottleneck::collector), "collector");
}

}  // namespace
