#include "nats/pending_items.hpp"

#include <algorithm>
#include <utility>

namespace parwork::nats::detail {

namespace {

// How many of the first items of a piece fit into `bytes`.
std::uint32_t fitting_items(const outgoing_span& span, const piece& some, std::size_t bytes) {
  std::size_t used = 0;
  for (std::uint32_t i = 0; i < some.count; ++i) {
    used += span.bytes_of(some.first + i).size() + bytes_beside_item;
    if (used > bytes) return i;
  }
  return some.count;
}

std::size_t bytes_in(const outgoing_span& span, const piece& some) {
  const std::size_t begin = some.first == 0 ? 0 : span.ends[some.first - 1];
  return span.ends[some.first + some.count - 1] - begin + some.count * bytes_beside_item;
}

}  // namespace

void pending_items::append(const piece& some) {
  fresh_.push_back(some);
  fresh_items_ += some.count;
}

void pending_items::put_back(const piece& some) {
  fresh_.push_front(some);
  fresh_items_ += some.count;
}

void pending_items::put_back(suspect_ptr one) { suspects_.push_back(std::move(one)); }

void pending_items::take(open_spans& spans, const batch_bounds& most, std::vector<piece>& into) {
  batch_bounds left = most;
  while (!fresh_.empty() && left.items > 0) {
    piece& next = fresh_.front();
    const outgoing_span& span = spans.at(next.place);
    const bool is_first = into.empty();
    if (!is_first && next.place != into.front().place &&
        (span.deadline || spans.at(into.front().place).deadline)) {
      return;
    }
    piece some{next.place, next.first,
               static_cast<std::uint32_t>(std::min<std::size_t>(next.count, left.items))};
    if (bytes_in(span, some) > left.bytes) {
      some.count = fitting_items(span, some, left.bytes);
      if (some.count == 0 && !is_first) return;
      some.count = std::max<std::uint32_t>(some.count, 1);
      left.items = some.count;  // the last ones
    }
    into.push_back(some);
    left.items -= some.count;
    left.bytes -= std::min(left.bytes, bytes_in(span, some));
    fresh_items_ -= some.count;
    next.first += some.count;
    next.count -= some.count;
    if (next.count == 0) fresh_.pop_front();
  }
}

suspect_ptr pending_items::take_suspect(const session_id& worker) {
  if (suspects_.empty()) return nullptr;
  auto at = std::find_if(suspects_.begin(), suspects_.end(),
                         [&](const suspect_ptr& one) { return one->lost_by != worker; });
  if (at == suspects_.end()) at = suspects_.begin();
  suspect_ptr one = std::move(*at);
  suspects_.erase(at);
  return one;
}

void pending_items::clear() noexcept {
  fresh_.clear();
  fresh_items_ = 0;
  suspects_.clear();
}

}  // namespace parwork::nats::detail
