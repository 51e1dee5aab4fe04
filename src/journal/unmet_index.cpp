#include "journal/unmet_index.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <system_error>

#include "journal/database.hpp"

namespace parwork::detail {

namespace {

// So that ten million records are gone on with in less than 256 MiB.
constexpr std::size_t most_in_memory = std::size_t{192} << 20;

// As SQLite chooses it.
std::filesystem::path temporary_folder() {
  for (const char* const name : {"SQLITE_TMPDIR", "TMPDIR"}) {
    const char* const folder = std::getenv(name);
    if (folder != nullptr && ::access(folder, W_OK | X_OK) == 0) return folder;
  }
  return ::access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
}

// A file without a name and with all of its room, so that no write to its memory fails.
int temporary_file(std::size_t bytes, const std::filesystem::path& journal) {
  std::string name = (temporary_folder() / "parwork-XXXXXX").string();
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  const int error = file < 0 ? errno : ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  if (file >= 0) ::unlink(name.c_str());
  if (error == 0) return file;
  if (file >= 0) ::close(file);
  throw journal_full(journal, "needs " + std::to_string(bytes) + " bytes in the temporary folder " +
                                  name + " (" + std::generic_category().message(error) +
                                  "): make room there, or set TMPDIR");
}

void* mapped(std::size_t bytes, const std::filesystem::path& journal) {
  constexpr int rights = PROT_READ | PROT_WRITE;
  void* memory = MAP_FAILED;
  if (bytes <= most_in_memory) {
    memory = ::mmap(nullptr, bytes, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  } else {
    const int file = temporary_file(bytes, journal);
    memory = ::mmap(nullptr, bytes, rights, MAP_SHARED, file, 0);
    ::close(file);
  }
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return memory;
}

}  // namespace

unmet_index::unmet_index(std::uint64_t records, const std::filesystem::path& journal) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max() - 1;
  const auto entries = static_cast<std::size_t>(std::min(records, most)) + 1;
  const std::size_t buckets = std::bit_floor(entries);
  bytes_ = entries * sizeof(entry) + buckets * sizeof(std::uint32_t);
  memory_ = mapped(bytes_, journal);  // of zeros
  entries_ = {static_cast<entry*>(memory_), entries};
  buckets_ = {reinterpret_cast<std::uint32_t*>(entries_.data() + entries), buckets};
}

unmet_index::~unmet_index() { ::munmap(memory_, bytes_); }

bool unmet_index::add(std::uint64_t hash, std::int64_t rank) noexcept {
  if (last_ + std::size_t{1} == entries_.size()) return false;
  std::uint32_t& first = buckets_[hash & (buckets_.size() - 1)];
  entries_[++last_] = {rank, static_cast<std::uint32_t>(hash >> 32), first};
  first = last_;
  return true;
}

unmet_index::link unmet_index::find(std::uint64_t hash) noexcept {
  return find_from(&buckets_[hash & (buckets_.size() - 1)], hash);
}

unmet_index::link unmet_index::find_behind(link other, std::uint64_t hash) noexcept {
  return find_from(&entries_[*other].next, hash);
}

unmet_index::link unmet_index::find_from(link at, std::uint64_t hash) noexcept {
  while (*at != 0 && entries_[*at].tag != static_cast<std::uint32_t>(hash >> 32)) {
    at = &entries_[*at].next;
  }
  return *at == 0 ? nullptr : at;
}

}  // namespace parwork::detail
