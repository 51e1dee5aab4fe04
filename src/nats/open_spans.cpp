#include "nats/open_spans.hpp"

#include <cassert>
#include <utility>

namespace parwork::nats::detail {

span_number open_spans::open(std::unique_ptr<outgoing_span> span) {
  assert(span && span->size() > 0);
  if (free_.empty()) {
    // Room for all places, so that clear() needs no memory.
    free_.reserve(slots_.size() + 1);
    slots_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  const std::uint32_t place = free_.back();
  slot& one = slots_[place];
  const span_number number{place, one.generation};
  free_.pop_back();
  one.unfinished = span->size();
  one.is_stopped = false;
  one.span = std::move(span);
  ++spans_;
  items_ += one.unfinished;
  one.on_stop.emplace(one.span->stop_token(), notify{&listener_, number});
  return number;
}

void open_spans::settle(std::uint32_t place, std::size_t items) noexcept {
  slot& one = slots_[place];
  assert(one.span && items <= one.unfinished);
  one.unfinished -= items;
  items_ -= items;
  if (one.unfinished > 0) return;
  one.on_stop.reset();
  one.span->finish();
  clear(one);
  free_.push_back(place);
}

bool open_spans::stop(span_number which) noexcept {
  if (which.place >= slots_.size()) return false;
  slot& one = slots_[which.place];
  if (!one.span || one.generation != which.generation || one.is_stopped) return false;
  one.is_stopped = true;
  return true;
}

void open_spans::end_run(const std::exception_ptr& error) noexcept {
  bool is_told = false;
  for (std::size_t place = 0; place < slots_.size(); ++place) {
    slot& one = slots_[place];
    if (!one.span) continue;
    one.on_stop.reset();
    // One is enough; the others are abandoned by their destruction, behind it, so that no journal
    // records them.
    if (!std::exchange(is_told, true)) one.span->end_run(error);
    clear(one);
    free_.push_back(static_cast<std::uint32_t>(place));
  }
  items_ = 0;
}

void open_spans::clear(slot& one) noexcept {
  one.span.reset();
  one.unfinished = 0;
  ++one.generation;
  --spans_;
}

}  // namespace parwork::nats::detail
