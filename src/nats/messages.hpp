// What submitters and workers say to each other: protocol version 1.
//
// A message is a frame: magic `PW`, version, type, the fields as fields.hpp has them, and behind
// them a CRC-32C of all before it, little-endian. In every version these stay where they are, a
// call has type 1, and its session comes first. Received bytes are untrusted: whoever decodes gets
// a whole message or nothing.
//
// Thread safety: values. What is decoded points into the frame (string_view): it lives no longer.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "nats/session_id.hpp"
#include "parwork/failure.hpp"

namespace parwork::nats::detail {

inline constexpr std::uint8_t protocol_version = 1;
/// The largest item or result.
inline constexpr std::uint64_t largest_payload = std::uint64_t{64} << 20;
/// The most items or outcomes in a message, and the most elements of any other list.
inline constexpr std::size_t most_items = 65'536;

/// pw.call.<work>, submitter to all workers: who can do this? Each heartbeat, and on a `here`.
/// In every version the session comes first: a worker answers it in its own.
struct call {
  session_id session = {};
  /// When it began, in milliseconds since the epoch by its own clock: of a job's sessions the one
  /// that began last has it. More where it took over from one whose clock is ahead.
  std::uint64_t began = 0;
  std::string job = {};  // empty: nothing to come back to
  std::string work = {};
  std::string item_codec = {};
  std::string result_codec = {};
  std::vector<std::string> needs = {};
  std::chrono::nanoseconds heartbeat{0};
  std::chrono::nanoseconds lost_after{0};
  std::chrono::nanoseconds timeout{0};  // of an execution; 0: none

  friend bool operator==(const call&, const call&) = default;
};

/// pw.here, worker to all submitters: a worker has come, or has reconnected.
struct here {
  session_id worker = {};

  friend bool operator==(const here&, const here&) = default;
};

/// What a worker says to a call. Undecided: another session has the job, which says that it began
/// later, and has not been silent for long enough. It says so until one of the two has it.
enum class fitness : std::uint8_t { serves, unknown_work, unmet_needs, other_codecs, undecided };

enum class batch_stage : std::uint8_t { queued, running, kept };

struct held_batch {
  std::uint64_t batch = 0;
  batch_stage at = batch_stage::queued;

  friend bool operator==(const held_batch&, const held_batch&) = default;
};

/// pw.s.<sid>.<wid>: the answer to a poll, or to a call. It follows all that the worker has sent
/// before it.
struct state {
  std::uint64_t poll = 0;  // the number of the poll; 0: of a call
  session_id worker = {};
  std::string host = {};
  std::uint32_t pid = 0;
  std::uint32_t threads = 0;
  std::vector<std::string> labels = {};
  fitness fits = fitness::serves;
  std::string item_codec = {};        // its own, where they are others
  std::string result_codec = {};      // the same
  bool is_leaving = false;            // takes no more batches
  std::uint64_t after = 0;            // when the session began that had the job before; 0: none
  std::uint64_t done = 0;             // items it has worked on, for all submitters
  std::int64_t clock = 0;             // its steady clock, in nanoseconds, when it answered
  std::vector<held_batch> held = {};  // of this session

  friend bool operator==(const state&, const state&) = default;
};

/// How a batch is to be worked on.
enum class care : std::uint8_t {
  none,
  careful,  // "started" is said, and has left the machine, before it begins
  alone,    // the worker finishes all else, runs it, and goes on: "started" is said, too
};

struct batch_item {
  std::uint64_t index = 0;
  std::uint32_t attempt = 1;
  std::string_view bytes = {};

  friend bool operator==(const batch_item&, const batch_item&) = default;
};

/// pw.w.<wid>: items to be worked on. Numbers of batches are of the session, from 1.
struct batch {
  session_id session = {};
  std::uint64_t number = 0;
  care how = care::none;
  std::vector<batch_item> items = {};

  friend bool operator==(const batch&, const batch&) = default;
};

/// pw.s.<sid>.<wid>: a careful batch is about to begin.
struct started {
  std::uint64_t batch = 0;

  friend bool operator==(const started&, const started&) = default;
};

enum class outcome_kind : std::uint8_t { result, failed, not_started };

struct outcome {
  outcome_kind kind = outcome_kind::result;
  std::string_view result = {};  // encoded
  // of failed:
  failure_kind why = failure_kind::error;
  std::string_view message = {};
  std::optional<std::uint32_t> stage = {};

  friend bool operator==(const outcome&, const outcome&) = default;
};

/// pw.s.<sid>.<wid>: a batch is finished, or given back after a cancel: an outcome for each item,
/// in order. Sent again at a poll until it is taken.
struct result {
  std::uint64_t batch = 0;
  std::uint32_t thread = 0;  // from 1; 0: none has begun it
  std::int64_t began = 0;    // by the worker's steady clock, in nanoseconds
  std::int64_t took = 0;     // in nanoseconds
  std::vector<outcome> outcomes = {};

  friend bool operator==(const result&, const result&) = default;
};

struct kept_item {
  std::string_view item = {};  // encoded, as the earlier session sent it
  outcome its = {};

  friend bool operator==(const kept_item&, const kept_item&) = default;
};

/// pw.s.<sid>.<wid>: a finished batch of an earlier session of this job. Sent before the state that
/// answers the first call, and again until it is taken (under the earlier session).
struct kept {
  session_id earlier = {};
  std::uint64_t batch = 0;
  std::vector<kept_item> items = {};

  friend bool operator==(const kept&, const kept&) = default;
};

/// pw.w.<wid>: these results have been taken, or are not wanted: the worker forgets them.
struct taken {
  session_id session = {};  // which gave out the batches
  std::vector<std::uint64_t> batches = {};

  friend bool operator==(const taken&, const taken&) = default;
};

/// pw.w.<wid>, with a reply to pw.s.<sid>.<wid>: what do you hold?
struct poll {
  session_id session = {};
  std::uint64_t number = 0;  // from 1, of this submitter and worker

  friend bool operator==(const poll&, const poll&) = default;
};

/// pw.w.<wid>: what is not started comes back as `not_started`, what runs is asked to stop.
struct cancel {
  session_id session = {};
  std::vector<std::uint64_t> batches = {};  // none: all of the session

  friend bool operator==(const cancel&, const cancel&) = default;
};

/// pw.w.<wid>: the run is over, and nothing of this session is wanted any more.
struct farewell {
  session_id session = {};

  friend bool operator==(const farewell&, const farewell&) = default;
};

/// pw.s.<sid>.<wid>: the worker leaves. These come back, none of them begun; the first goodbye is
/// the last message but for results of what runs. `is_gone`: all results have been taken.
struct goodbye {
  std::vector<std::uint64_t> given_back = {};
  bool is_gone = false;

  friend bool operator==(const goodbye&, const goodbye&) = default;
};

/// pw.s.<sid>.<wid>: a later session has taken the job over.
struct superseded {
  session_id by = {};

  friend bool operator==(const superseded&, const superseded&) = default;
};

/// On the subject of the message that it is a part of. `of`: the number of that message, of its
/// sender; `index` from 0 to `count - 1`.
struct part {
  session_id session = {};  // the submitter's of the two: on pw.w.<wid> it says who sends
  std::uint64_t of = 0;
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::string_view bytes = {};

  friend bool operator==(const part&, const part&) = default;
};

/// The other way: that part is here. On pw.w.<wid> it says which session's it is the answer to.
struct part_got {
  session_id session = {};
  std::uint64_t of = 0;
  std::uint32_t index = 0;

  friend bool operator==(const part_got&, const part_got&) = default;
};

/// pw.job.<job>, a request: who holds it?
struct job_question {
  session_id asker = {};

  friend bool operator==(const job_question&, const job_question&) = default;
};
struct job_answer {
  session_id holder = {};
  bool holds = true;  // not: it asks for it as well, and the lower session gets it

  friend bool operator==(const job_answer&, const job_answer&) = default;
};

/// pw.status, a request to all submitters and workers.
struct status_question {
  friend bool operator==(const status_question&, const status_question&) = default;
};

struct job_status {
  session_id session = {};
  std::string job = {};
  std::string work = {};
  std::string host = {};
  std::uint32_t pid = 0;
  std::uint64_t pending = 0;  // items, as all here
  std::uint64_t held = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  double items_per_second = 0;
  std::uint64_t total = 0;  // 0: not known

  friend bool operator==(const job_status&, const job_status&) = default;
};

struct worker_status {
  session_id worker = {};
  std::string host = {};
  std::vector<std::string> labels = {};
  std::vector<std::string> works = {};
  std::uint32_t pid = 0;
  std::uint32_t threads = 0;
  std::uint64_t held = 0;  // items
  std::uint64_t done = 0;
  double items_per_second = 0;

  friend bool operator==(const worker_status&, const worker_status&) = default;
};

/// A frame's type is a message's place here, from 1: new ones go to the end.
using message = std::variant<call, here, state, batch, started, result, kept, taken, poll, cancel,
                             farewell, goodbye, superseded, part, part_got, job_question,
                             job_answer, status_question, job_status, worker_status>;

/// Why bytes are no message of this version.
enum class decode_fault : std::uint8_t {
  damaged,        // too short, no magic, wrong CRC, fields out of bounds, bytes left over
  other_version,  // whole, by its header, and of another version
};

/// Appends the frame to `into`. May throw std::bad_alloc: then `into` has some bytes more. These
/// are damage to whoever decodes them: a list of more than `most_items`, an item or a result beyond
/// `largest_payload`, a negative duration, a rate that is no finite number from 0.
/// (See messages.cpp for the order of the fields.)
void encode(const message& what, std::string& into);
/// Without a copy of the strings in a batch, a result, a part: the hot ones.
void encode(const batch& what, std::string& into);
void encode(const result& what, std::string& into);
void encode(const part& what, std::string& into);

struct decoded {
  std::optional<message> what;  // nothing: see `fault`
  decode_fault fault = decode_fault::damaged;
  std::uint8_t version = 0;          // of other_version
  std::optional<session_id> caller;  // of a call of another version
};

/// May throw std::bad_alloc, never for more memory than a small multiple of the frame.
[[nodiscard]] decoded decode(std::string_view frame);

}  // namespace parwork::nats::detail
