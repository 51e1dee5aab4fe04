#include "jobs/item_groups.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace cli {
namespace {

constexpr std::size_t kibibyte = 1024;
// As the kernel has it (execve(2), fs/exec.c): a quarter of the stack, within these bounds.
constexpr std::size_t least_line = 128 * kibibyte;
constexpr std::size_t most_line = 6 * kibibyte * kibibyte;
constexpr std::size_t longest_argument = 128 * kibibyte;  // with its end
// For the program's path, an interpreter that its first line names, and PARWORK_* of the job.
constexpr std::size_t headroom = 10 * kibibyte;

// So much is read ahead to see whether the input ends: that many bytes are spread over all slots.
constexpr std::size_t window = 4 * kibibyte * kibibyte;
constexpr std::size_t bytes_of_item = sizeof(input_item);  // besides its text

bool stands_alone(const input_item& item) {
  return !item.whole || item.bytes.contains('\0') || item.bytes.size() >= longest_argument;
}

}  // namespace

std::size_t room_for_arguments() noexcept {
  rlimit stack{};
  getrlimit(RLIMIT_STACK, &stack);
  const std::size_t line = std::clamp<std::size_t>(stack.rlim_cur / 4, least_line, most_line);
  std::size_t taken = headroom;
  for (char** each = environ; *each != nullptr; ++each) {
    taken += std::strlen(*each) + 1 + sizeof(char*);
  }
  return line - std::min(line, taken);
}

bool item_groups::fits(const line_length& line) const noexcept {
  return line.total <= division_.room && line.longest <= longest_argument;
}

std::optional<item_group> item_groups::next(item_source& source, waiting how) {
  if (from_.fit) return next_that_fits(source, how);
  if (from_.items_per_job > 1) return next_of(from_.items_per_job, source, how);
  auto item = source.take(how);
  if (!item) return std::nullopt;
  item_group alone{.items = {}, .columns = std::move(item->columns), .whole = item->whole};
  if (from_.lists.empty()) {
    alone.items.push_back(std::move(item->bytes));
  } else {
    alone.items = alone.columns;
  }
  return alone;
}

// False where nothing more is there.
bool item_groups::read_ahead(item_source& source, waiting how) {
  auto item = source.take(how);
  if (!item) return false;
  bytes_waiting_ += item->bytes.size() + bytes_of_item;
  waiting_.push_back(std::move(*item));
  return true;
}

item_group item_groups::group_of(std::size_t count) {
  item_group made;
  made.items.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    input_item& next = waiting_.front();
    bytes_waiting_ -= next.bytes.size() + bytes_of_item;
    made.whole = made.whole && next.whole;
    made.items.push_back(std::move(next.bytes));
    waiting_.pop_front();
  }
  return made;
}

std::optional<item_group> item_groups::next_of(std::uint64_t most, item_source& source,
                                               waiting how) {
  line_length line = command_.length_without_items();
  std::size_t count = 0;
  while (count < most) {
    if (count == waiting_.size() && !read_ahead(source, how)) break;
    const input_item& next = waiting_[count];
    const bool alone = stands_alone(next);
    if (count > 0 && alone) break;
    command_.lengthen(line, next.bytes);
    if (count > 0 && !fits(line)) break;
    ++count;
    if (alone) break;
  }
  if (count == 0) return std::nullopt;
  return group_of(count);
}

// Of what waits, and as much more as is there.
std::size_t item_groups::count_that_fit(item_source& source, waiting how) {
  line_length line = command_.length_without_items();
  std::size_t count = 0;
  while (count < waiting_.size() || read_ahead(source, how)) {
    const input_item& next = waiting_[count];
    const bool alone = stands_alone(next);
    if (count > 0 && alone) return count;
    command_.lengthen(line, next.bytes);
    if (count > 0 && !fits(line)) return count;
    ++count;
    if (alone) return count;
  }
  return count;
}

std::optional<item_group> item_groups::next_that_fits(item_source& source, waiting how) {
  while (bytes_waiting_ < window && read_ahead(source, how)) {
  }
  const std::size_t most = count_that_fit(source, how);
  if (most == 0) return std::nullopt;
  if (!source.has_ended()) return group_of(most);
  const unsigned left = division_.slots - std::min(slots_used_, division_.slots - 1);
  ++slots_used_;
  return group_of(std::min(most, (waiting_.size() + left - 1) / left));
}

}  // namespace cli
