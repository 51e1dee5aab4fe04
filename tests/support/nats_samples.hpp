// One or more of each message, with a value of its own in every field: for the tests of the codec,
// and for the corpus of its fuzz target.
//
// Thread safety: values. The views in them are of literals.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "nats/messages.hpp"

namespace parwork_test::nats_samples {

namespace wire = parwork::nats::detail;

inline wire::session_id session(std::uint64_t number) {
  return {.high = 0x0123456789abcdef + number, .low = 0xfedcba9876543210 - number};
}

inline wire::call a_call() {
  return {.session = session(1),
          .began = 1'790'000'000'123,
          .job = "hashes",
          .work = "md5",
          .item_codec = "little; string",
          .result_codec = "little; 16 bytes, digest",
          .needs = {"gpu", "big-disk"},
          .heartbeat = std::chrono::seconds(1),
          .lost_after = std::chrono::seconds(10),
          .timeout = std::chrono::nanoseconds(std::numeric_limits<std::int64_t>::max())};
}

inline wire::state a_state() {
  return {.poll = 300,
          .worker = session(2),
          .host = "node-17",
          .pid = 4711,
          .threads = 64,
          .labels = {"gpu"},
          .fits = wire::fitness::other_codecs,
          .item_codec = "little; int",
          .result_codec = "big; int",
          .is_leaving = true,
          .after = 1'790'000'000'122,
          .done = std::numeric_limits<std::uint64_t>::max(),
          .clock = -5,
          .held = {{.batch = 1, .at = wire::batch_stage::kept},
                   {.batch = 1'000'000, .at = wire::batch_stage::running},
                   {.batch = 1'000'001, .at = wire::batch_stage::queued}}};
}

inline wire::batch a_batch() {
  return {.session = session(3),
          .number = 77,
          .how = wire::care::alone,
          .items = {{.index = 12, .attempt = 1, .bytes = "one"},
                    {.index = 13, .attempt = 1, .bytes = ""},
                    {.index = 7, .attempt = 3, .bytes = "an earlier one, longer than 31 bytes"},
                    {.index = 8, .attempt = 3, .bytes = "next"},
                    {.index = std::numeric_limits<std::uint64_t>::max(),
                     .attempt = std::numeric_limits<std::uint32_t>::max(),
                     .bytes = "last"},
                    {.index = 0, .attempt = 1, .bytes = std::string_view("\0\xff", 2)}}};
}

inline std::vector<wire::outcome> outcomes() {
  using parwork::failure_kind;
  const auto failed = wire::outcome_kind::failed;
  return {{.kind = wire::outcome_kind::result, .result = "a digest"},
          {.kind = wire::outcome_kind::result, .result = ""},
          {.kind = failed, .why = failure_kind::exception, .message = "it has no end"},
          {.kind = failed, .why = failure_kind::timeout, .message = "", .stage = 0},
          {.kind = failed,
           .why = failure_kind::abandoned,
           .message = "gone",
           .stage = std::numeric_limits<std::uint32_t>::max()},
          {.kind = wire::outcome_kind::not_started}};
}

inline wire::result a_result() {
  return {.batch = 78,
          .thread = 3,
          .began = 1'234'567'890'123,
          .took = 20'000'000,
          .outcomes = outcomes()};
}

inline wire::kept a_kept() {
  wire::kept made{.earlier = session(4), .batch = 79, .items = {}};
  for (const wire::outcome& each : outcomes()) made.items.push_back({.item = "item", .its = each});
  made.items.front().item = "";
  return made;
}

inline wire::job_status a_job_status() {
  return {.session = session(5),
          .job = "hashes",
          .work = "md5",
          .host = "node-1",
          .pid = 99,
          .pending = 1,
          .held = 2,
          .done = 3,
          .failed = 4,
          .items_per_second = 1.5e6,
          .total = 5};
}

inline wire::worker_status a_worker_status() {
  return {.worker = session(6),
          .host = "node-2",
          .labels = {"gpu", "big-disk"},
          .works = {"md5", "sha1"},
          .pid = 100,
          .threads = 2,
          .held = 6,
          .done = 7,
          .items_per_second = 0.25};
}

struct named_message {
  std::string name;
  wire::message what;
};

/// At least one of each type, and some of extremes.
inline std::vector<named_message> all() {
  return {
      {"call", a_call()},
      {"call_empty", wire::call{}},
      {"here", wire::here{.worker = session(7)}},
      {"state", a_state()},
      {"state_empty", wire::state{}},
      {"batch", a_batch()},
      {"batch_empty", wire::batch{}},
      {"started", wire::started{.batch = 80}},
      {"result", a_result()},
      {"result_empty", wire::result{}},
      {"kept", a_kept()},
      {"kept_empty", wire::kept{}},
      {"taken", wire::taken{.session = session(8), .batches = {1, 2, 300, 1'000'000'000'000}}},
      {"taken_empty", wire::taken{}},
      {"poll", wire::poll{.session = session(9), .number = 127}},
      {"cancel", wire::cancel{.session = session(10), .batches = {128}}},
      {"cancel_empty", wire::cancel{}},
      {"farewell", wire::farewell{.session = session(11)}},
      {"goodbye", wire::goodbye{.given_back = {4, 5}, .is_gone = false}},
      {"goodbye_gone", wire::goodbye{.given_back = {}, .is_gone = true}},
      {"superseded", wire::superseded{.by = session(12)}},
      {"part",
       wire::part{.session = session(16), .of = 81, .index = 2, .count = 3, .bytes = "a piece"}},
      {"part_got", wire::part_got{.session = session(13), .of = 81, .index = 2}},
      {"job_question", wire::job_question{.asker = session(14)}},
      {"job_answer", wire::job_answer{.holder = session(15), .holds = true}},
      {"job_answer_asks", wire::job_answer{.holder = session(15), .holds = false}},
      {"status_question", wire::status_question{}},
      {"job_status", a_job_status()},
      {"job_status_empty", wire::job_status{}},
      {"worker_status", a_worker_status()},
      {"worker_status_empty", wire::worker_status{}}};
}

inline std::string encoded(const wire::message& what) {
  std::string frame;
  wire::encode(what, frame);
  return frame;
}

}  // namespace parwork_test::nats_samples
