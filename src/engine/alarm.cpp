#include "engine/alarm.hpp"

namespace parwork::detail {

// An earlier time than the thread sleeps until, or may be about to: `wait` reads the time before it
// parks, and the token that is left here lets it return and read again.
void alarm_clock::set(time_point when) noexcept {
  const time_point before = when_.exchange(when);
  if (when < before) changed_.unpark();
}

void alarm_clock::wait() noexcept {
  const time_point when = when_.load();
  if (when == time_point::max()) return changed_.park();
  changed_.park_until(when);
}

}  // namespace parwork::detail
