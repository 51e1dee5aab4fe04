#include "engine/spawning.hpp"

#include <stdexcept>

#include "base/type_name.hpp"
#include "parwork/detail/owned_mutex.hpp"

namespace parwork::detail {

void spawning::check(const std::type_info& type) const {
  if (order_ == ordering::input) {
    throw std::logic_error(
        "parwork: spawn needs ordering::completion: a spawned item has no place in the input's "
        "order");
  }
  if (!traits_.may_spawn) {
    throw std::logic_error(
        "parwork: spawn is not possible where the generator yields prefinished items, as it does "
        "behind a journal: what a finished item had spawned would be missing");
  }
  if (!hooks_.accepts(type)) {
    throw std::logic_error("parwork: spawn was given a " + type_name(type) +
                           ", which is not the run's item type");
  }
}

void spawning::add(worker& w, const std::type_info& type, void* child) {
  check(type);
  // Counted first: a thief may have delivered it before this returns.
  const std::uint64_t before = w.spawned_ever.load(std::memory_order_relaxed);
  w.spawned_ever.store(before + 1, std::memory_order_release);  // partner: roster::spawned
  try {
    if (traits_.stacks_spawned) {
      hooks_.stack(w, child, admission_);
    } else {
      list_child(w, child);
    }
  } catch (...) {
    w.spawned_ever.store(before, std::memory_order_release);
    throw;
  }
  if (w.record != nullptr) w.record->pulled(1);
  wakeups_.note_spawned_items();
  if (wakeups_.is_anybody_free()) wakeups_.notify_in_time(w, w.turned_at);
}

// No worker will find it among its own when it comes back from user code: it is worth a wake-up.
void spawning::add_from_outside(worker& nobody, const std::type_info& type, void* child) {
  add(nobody, type, child);
  wakeups_.notify();
}

// In a batch of its own, so that it arrives when it is done.
void spawning::list_child(worker& w, void* child) {
  batch& lone = *stock_.get(w, 1);
  try {
    hooks_.adopt(lone, child);
  } catch (...) {
    stock_.put(w, lone);
    throw;
  }
  lone.from = origin::spawned;
  lone.limit.store(1, std::memory_order_relaxed);  // nobody else can reach it yet
  lone.first_index = admission_.next();
  const owner_guard guard(w.lock);
  lone.next = w.newest;
  lone.previous = nullptr;
  (w.newest == nullptr ? w.oldest : w.newest->previous) = &lone;
  w.newest = &lone;
  w.spawned.store(w.spawned.load() + 1, std::memory_order_release);
}

spawning::found spawning::next_own(worker& w) noexcept {
  if (w.spawned.load() == 0) return {};
  if (traits_.stacks_spawned) return {.on_stack = true};
  return {.lone = take_newest(w)};
}

batch* spawning::take_newest(worker& w) noexcept {
  const owner_guard guard(w.lock);
  batch* const lone = w.newest;
  if (lone == nullptr) return nullptr;
  w.newest = lone->next;
  (w.newest == nullptr ? w.oldest : w.newest->previous) = nullptr;
  w.spawned.store(w.spawned.load() - 1, std::memory_order_release);
  return lone;
}

spawning::found spawning::next_of_others(worker& w) noexcept {
  if (!wakeups_.has_spawned_items()) return {};
  found got;
  workers_.any_other(w.number, [&](worker& victim) {
    if (victim.spawned.load() == 0) return false;
    if (traits_.stacks_spawned) {
      hooks_.rob_stack(w, victim);
      got.on_stack = w.spawned.load() > 0;
    } else {
      got.lone = take_oldest(victim);
    }
    return got.on_stack || got.lone != nullptr;
  });
  return got;
}

batch* spawning::take_oldest(worker& victim) noexcept {
  const visitor_guard guard(victim.lock);
  batch* const lone = victim.oldest;
  if (lone == nullptr) return nullptr;
  victim.oldest = lone->previous;
  (victim.oldest == nullptr ? victim.newest : victim.oldest->next) = nullptr;
  victim.spawned.store(victim.spawned.load() - 1, std::memory_order_release);
  return lone;
}

}  // namespace parwork::detail
