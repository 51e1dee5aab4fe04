// A journal that is read: how its file is opened, for what may be done with it.
//
// A file that has no log beside it, as an orderly end leaves it, is read as it is: SQLite's own way
// needs files beside it, which a reader may not be able to make. Where a log is there, or has come
// since, SQLite's own way it is, which shows what is committed while a run goes on.
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "journal/database.hpp"
#include "journal/file_name.hpp"
#include "journal/record_scan.hpp"
#include "journal/schema.hpp"
#include "parwork/journal.hpp"
#include "parwork/journal_reader.hpp"

namespace parwork {

namespace detail {

namespace {

bool has_log(const std::filesystem::path& file) {
  struct stat about{};
  return ::stat((file.string() + "-wal").c_str(), &about) == 0 && about.st_size > 0;
}

// Throws where there is no file.
struct stat about(const std::filesystem::path& file) {
  struct stat found{};
  if (::stat(file.c_str(), &found) == 0) return found;
  throw journal_unwritable(
      file, "cannot be opened (" + std::generic_category().message(errno) + "): check its name");
}

// Whether a file was written to between two moments.
bool is_untouched(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_size == other.st_size &&
         one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

class opened_file {
 public:
  explicit opened_file(const std::filesystem::path& file)
      : before_(about(file)),
        as_it_is_(!has_log(file)),
        database_(file, as_it_is_ ? opening::as_it_is : opening::read_only) {}

  [[nodiscard]] database& get() noexcept { return database_; }

  // Whether it is to be opened in the other way by now: what was read may be of two moments.
  [[nodiscard]] bool was_overtaken() const {
    const auto& file = database_.file();
    return as_it_is_ ? has_log(file) || !is_untouched(before_, about(file)) : !has_log(file);
  }

 private:
  struct stat before_;
  bool as_it_is_;
  database database_;
};

// SQLite makes an index of the log beside it where it is missing.
[[noreturn]] void refuse_log(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  throw journal_unwritable(file,
                           "was not closed, and its log cannot be read without writing in "
                           "its folder: copy " +
                               name + " and " + name + "-wal to a folder of your own");
}

// What `read` returns for the file as it is now. It is asked again where a run has begun or ended
// meanwhile.
template <class Read>
auto read_file(std::optional<opened_file>& open, const std::filesystem::path& file, Read&& read) {
  constexpr int most = 100;  // so often no run begins and ends in a row
  for (int tries = 1;; ++tries) {
    try {
      if (!open) open.emplace(file);
      auto found = read(open->get());
      if (tries == most || !open->was_overtaken()) return found;
    } catch (const journal_unwritable&) {
      if (!open) throw;
      if (!open->was_overtaken() && has_log(file)) refuse_log(file);
      if (!open->was_overtaken() || tries == most) throw;
    } catch (const journal_error&) {
      if (!open || !open->was_overtaken() || tries == most) throw;
    }
    open.reset();
  }
}

journal_header header_of(database& in) { return is_new(in) ? journal_header{} : read_header(in); }

journal_header header_of(const std::filesystem::path& file) {
  std::optional<opened_file> open;
  return read_file(open, file, [](database& in) { return header_of(in); });
}

}  // namespace

}  // namespace detail

journal_reader::journal_reader(const std::filesystem::path& file,
                               std::function<void(const journal_damage&)> on_damage)
    : file_(detail::real_path(file)), on_damage_(std::move(on_damage)) {
  (void)detail::header_of(file_);
}

std::uint64_t journal_reader::size() const {
  return static_cast<std::uint64_t>(detail::header_of(file_).records);
}

std::string journal_reader::fingerprint() const { return detail::header_of(file_).fingerprint; }

void journal_reader::show(const std::function<void(const journal_record&)>& fn) const {
  std::optional<detail::opened_file> open;
  detail::record_scan scan;
  for (;;) {
    const auto some = detail::read_file(open, file_, [&](detail::database& in) {
      if (detail::is_new(in)) return std::vector<detail::record>();
      const detail::snapshot one_moment(in);
      return scan.read(in);
    });
    if (some.empty()) return;
    scan.take(some);
    for (const auto& each : some) detail::show_record(each, file_, on_damage_, fn);
  }
}

std::string journal_fingerprint(const std::filesystem::path& file) {
  return journal_reader(file).fingerprint();
}

}  // namespace parwork
