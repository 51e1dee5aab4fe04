#include "engine/lingering.hpp"

#include <exception>
#include <utility>

#include "base/saturating_add.hpp"

namespace parwork::detail {

// Twice at most: what was scheduled is taken out, and a call of `fire` that has scheduled it again
// is waited for.
lingering::~lingering() {
  if (!is_used()) return;
  {
    const lock_guard guard(lock_);
    is_over_ = true;
  }
  while (timers_.cancel(*this)) {
  }
}

// --- The holder of the pull gate ---

batch* lingering::resume() noexcept {
  const lock_guard guard(lock_);
  takeable_.store(0);
  if (put_down_ == nullptr) {
    waits_ = false;
    counted_ = 0;
  }
  return std::exchange(put_down_, nullptr);
}

// By the lock: a wait that ends from now on is told to threads that see `pulling`.
bool lingering::has_waited() noexcept {
  const lock_guard guard(lock_);
  return takeable_.load() > 0;
}

bool lingering::came(batch& b, std::uint32_t filled) noexcept {
  const lock_guard guard(lock_);
  admission_.count_next(b, filled);
  counted_ = filled;
  if (takeable_.load() > 0) return false;  // what becomes of this item is for end_turn to say
  if (!waits_ && !begin_wait()) end_wait();
  return takeable_.load() == 0;
}

// Where thieves have taken all that had waited long enough, what came afterwards begins a span of
// its own, which has its time and the whole of a batch before it.
batch* lingering::end_turn(worker& w, batch& b, pull_end how) noexcept {
  const std::uint32_t start = b.start.load();
  const std::uint32_t items = b.filled.load() - start;
  batch& rest = items > 0 && start > 0 && may_more_come(how) ? without_gap(w, b) : b;
  const lock_guard guard(lock_);
  const std::uint32_t ripe = takeable_.load();
  const bool is_new = ripe > 0 && start >= ripe;
  takeable_.store(0);
  if (is_new || items == 0) waits_ = false;
  counted_ = rest.filled.load();
  if (items == 0) {
    stock_.put(w, rest);
    return nullptr;
  }
  const bool has_waited = ripe > 0 && !is_new;
  if (has_waited || items >= longest_ || !may_more_come(how) || (!waits_ && !begin_wait())) {
    waits_ = false;
    admission_.admit_counted(rest, rest.start.load(), rest.filled.load());
    return &rest;
  }
  put_down_ = &rest;
  return nullptr;
}

// Moves what is left behind the slots that thieves have emptied to a new batch. Without memory for
// one it stays where it is, and its span is shorter.
batch& lingering::without_gap(worker& w, batch& b) noexcept {
  batch* const fresh = stock_.try_get(w, b.capacity);
  if (fresh == nullptr) return b;
  const std::uint32_t start = b.start.load();
  const std::uint32_t filled = b.filled.load();
  hooks_.move_items(b, start, filled, *fresh);
  fresh->filled.store(filled - start);
  fresh->first_index = b.first_index + start;
  stock_.put(w, b);
  return *fresh;
}

// --- The wait ---

// False: there is no memory to wait in.
bool lingering::begin_wait() noexcept {
  deadline_ = saturating_add(clock::now(), linger_);
  waits_ = is_scheduled_ || schedule();
  return waits_;
}

bool lingering::schedule() noexcept {
  try {
    timers_.schedule(*this, deadline_);
    is_scheduled_ = true;
  } catch (const std::exception&) {
    is_scheduled_ = false;
  }
  return is_scheduled_;
}

void lingering::end_wait() noexcept {
  if (batch* const b = std::exchange(put_down_, nullptr)) {
    waits_ = false;
    // Nobody pulls into this batch, and who has the gate by now waits for the lock: so this thread
    // alone admits.
    admission_.admit_counted(*b, b->start.load(), b->filled.load());
    offered_.put(*b);
  } else {
    takeable_.store(counted_);
  }
}

void lingering::fire() noexcept {
  {
    const lock_guard guard(lock_);
    is_scheduled_ = false;
    if (!waits_ || is_over_ || takeable_.load() > 0) return;
    if (clock::now() < deadline_ && schedule()) return;
    end_wait();
  }
  wakeups_.notify();
}

void lingering::release() noexcept {
  if (!is_used()) return;
  const lock_guard guard(lock_);
  end_wait();
}

// --- Thieves ---

void lingering::admit_taken(const batch& b, std::uint32_t start, batch& mine,
                            std::uint32_t count) noexcept {
  mine.first_index = b.first_index + start;
  admission_.admit_counted(mine, 0, count);
}

}  // namespace parwork::detail
