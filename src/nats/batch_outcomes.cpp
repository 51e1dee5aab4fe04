#include "nats/batch_outcomes.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {
namespace {

// So many bytes of results, and no further item of the batch is begun: it bounds the memory of a
// batch whose results are large. The last one may be as large again.
constexpr std::size_t enough_results = largest_payload;

std::string too_large(std::size_t bytes) {
  return payload_too_large(
             "a result of " + std::to_string(bytes) + " bytes is more than the " +
             std::to_string(largest_payload) +
             " (64 MiB) that can be sent: write it to a shared file system and return "
             "its path, or make the item smaller")
      .what();
}

}  // namespace

void batch_outcomes::succeeded(std::string_view result) {
  if (is_full()) return;
  if (result.size() > largest_payload) {
    return failed(failure(failure_kind::error, too_large(result.size())));
  }
  bytes_ += result;
  ends_.push_back({outcome_kind::result, {}, {}, bytes_.size()});
}

void batch_outcomes::failed(const failure& why) {
  if (is_full()) return;
  bytes_ += std::string_view(why.message()).substr(0, largest_payload);
  ends_.push_back({outcome_kind::failed, why.kind(), why.stage(), bytes_.size()});
}

bool batch_outcomes::is_cut_short() const noexcept {
  // Relaxed: see owned_batch.
  return bytes_.size() >= enough_results || of_.is_cut_short.load(std::memory_order_relaxed);
}

void batch_outcomes::fail_rest(const failure& why) {
  while (!is_full()) failed(why);
}

std::string batch_outcomes::answer(const times& when) const {
  result whole{.batch = of_.what.number,
               .thread = when.thread,
               .began = when.began,
               .took = when.took,
               .outcomes = std::vector<outcome>(of_.what.items.size())};
  std::size_t begin = 0;
  for (std::size_t i = 0; i < whole.outcomes.size(); ++i) {
    outcome& its = whole.outcomes[i];
    its.kind = outcome_kind::not_started;
    if (i >= ends_.size()) continue;
    const std::string_view bytes = std::string_view(bytes_).substr(begin, ends_[i].at - begin);
    begin = ends_[i].at;
    its.kind = ends_[i].kind;
    if (its.kind == outcome_kind::result) {
      its.result = bytes;
    } else {
      its.why = ends_[i].why;
      its.stage = ends_[i].stage;
      its.message = bytes;
    }
  }
  std::string frame;
  encode(whole, frame);
  return frame;
}

std::string not_started_answer(const owned_batch& of) { return batch_outcomes(of).answer({}); }

std::string kept_answer(const owned_batch& of) {
  decoded answer = decode(*of.answer);
  kept whole{.earlier = of.what.session, .batch = of.what.number, .items = {}};
  if (answer.what.has_value()) {
    const auto& outcomes = std::get<result>(*answer.what).outcomes;
    const std::size_t count = std::min(outcomes.size(), of.what.items.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (outcomes[i].kind == outcome_kind::not_started) continue;
      whole.items.push_back({of.what.items[i].bytes, outcomes[i]});
    }
  }
  std::string frame;
  encode(message(std::move(whole)), frame);
  return frame;
}

}  // namespace parwork::nats::detail
