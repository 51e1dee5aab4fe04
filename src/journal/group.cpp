#include "journal/group.hpp"

namespace parwork::detail {

void group::add(const change& c) {
  if (entries_.empty()) begun_ = std::chrono::steady_clock::now();
  entries_.push_back({c, bytes_.size()});
  bytes_ += c.key;
  bytes_ += c.value;
  adds_ += c.adds();
}

void group::clear() noexcept {
  entries_.clear();
  bytes_.clear();
  adds_ = 0;
}

change group::at(std::size_t i) const noexcept {
  change c = entries_[i].what;
  const std::string_view bytes(bytes_);
  // What the views were of may be gone; their sizes are what counts.
  c.value = bytes.substr(entries_[i].key + c.key.size(), c.value.size());
  c.key = bytes.substr(entries_[i].key, c.key.size());
  return c;
}

}  // namespace parwork::detail
