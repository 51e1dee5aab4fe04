#include "journal/record_copies.hpp"

#include <cstring>
#include <string>
#include <utility>

namespace parwork::detail {

bool record_copies::add(const record& one) {
  const std::size_t size = sizeof(header) + one.key.size() + one.value.size();
  const bool is_next = size > free_in_last_;
  const std::size_t grows = sizeof(const char*) + (is_next ? chunk_size : 0);
  if (size > chunk_size || used_ + grows > most_) {
    whole_ = false;
    std::exchange(chunks_, std::vector<std::unique_ptr<char[]>>()).clear();
    std::exchange(records_, std::vector<const char*>()).clear();
    return false;
  }
  if (is_next) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_size));
    free_in_last_ = chunk_size;
  }
  used_ += grows;
  char* const to = chunks_.back().get() + (chunk_size - free_in_last_);
  const header about{one.rank,
                     one.hash,
                     one.checksum,
                     static_cast<std::uint32_t>(one.key.size()),
                     static_cast<std::uint32_t>(one.value.size()),
                     one.state,
                     one.attempts};
  std::memcpy(to, &about, sizeof about);
  one.key.copy(to + sizeof about, one.key.size());
  one.value.copy(to + sizeof about + one.key.size(), one.value.size());
  records_.push_back(to);
  free_in_last_ -= size;
  return true;
}

record record_copies::at(std::size_t n) const {
  const char* const from = records_[n];
  header about;
  std::memcpy(&about, from, sizeof about);
  const char* const key = from + sizeof about;
  return {about.rank,    about.hash,     std::string(key, about.key),
          about.state,   about.attempts, std::string(key + about.key, about.value),
          about.checksum};
}

}  // namespace parwork::detail
