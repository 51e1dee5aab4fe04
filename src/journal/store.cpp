#include "journal/store.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/type_name.hpp"
#include "parwork/journal.hpp"

namespace parwork {

namespace detail {

namespace {

// Beyond that it makes no difference, and sums of times stay in range.
constexpr std::chrono::hours longest_group(24);

void refuse(const char* option, const std::string& value, const char* range) {
  throw std::invalid_argument(std::string("parwork: journal_options.") + option + " is " + value +
                              ", it must be " + range);
}

journal_settings validated(const journal_settings& given) {
  constexpr std::size_t most = 1'000'000;
  if (given.commit_every.count() < 0) {
    refuse("commit_every", std::to_string(given.commit_every.count()) + " ns", "0 or more");
  }
  if (given.commit_records == 0 || given.commit_records > most) {
    refuse("commit_records", std::to_string(given.commit_records), "1 to 1000000");
  }
  return given;
}

// Of a path that may be a symbolic link: the lock is beside the file itself.
std::filesystem::path real_path(const std::filesystem::path& file) {
  if (file.empty()) throw std::invalid_argument("parwork: the journal's path is empty");
  std::error_code error;
  auto real = std::filesystem::weakly_canonical(file, error);
  return error ? file : real;
}

std::string printable(std::string_view bytes) {
  constexpr std::size_t most = 80;
  std::string text;
  for (const char c : bytes.substr(0, most)) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    text += plain ? c : '?';
  }
  return bytes.size() > most ? text + "..." : text;
}

journal_mismatch mismatch(const std::filesystem::path& file, const char* what,
                          const std::string& recorded, const std::string& given) {
  return {file,
          std::string("was made with the ") + what + " \"" + recorded +
              "\", and is to be used with \"" + given +
              "\": use another file, or what it was made with",
          recorded, given};
}

journal_header open_header(database& in, const journal_settings& settings) {
  journal_header header{settings.fingerprint, {}, 0};
  const bool fresh = is_new(in);
  if (!fresh) header = read_header(in);
  if (header.fingerprint != settings.fingerprint) {
    throw mismatch(in.file(), "fingerprint", header.fingerprint, settings.fingerprint);
  }
  configure(in, settings.durability);  // from here on the file may change
  if (fresh) create_schema(in, settings.fingerprint);
  return header;
}

}  // namespace

// --- The file ---

journal_store::implementation::implementation(const std::filesystem::path& file,
                                              const journal_settings& settings)
    : file_(real_path(file)),
      settings_(validated(settings)),
      only_one_(file_),
      database_(file_),
      header_(open_header(database_, settings_)) {}

journal_store::implementation::~implementation() = default;

std::uint64_t journal_store::implementation::size() {
  const lock_guard guard(lock_);
  return static_cast<std::uint64_t>(in_run_ ? size_before_ + committer_->growth()
                                            : header_.records);
}

// In pieces, so that the file is not locked while `fn` runs, nor its records all in memory.
void journal_store::implementation::for_each(const std::function<void(const journal_record&)>& fn) {
  constexpr int piece = 256;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (std::vector<record> some; some.empty() || some.size() == piece;) {
    some.clear();
    {
      const lock_guard guard(lock_);
      statement query(database_, std::string("SELECT ") + record_columns +
                                     " FROM records WHERE rank > ? ORDER BY rank LIMIT ?");
      query.bind(1, last).bind(2, piece);
      while (query.step()) some.push_back(read_record(query));
    }
    if (some.empty()) return;
    last = some.back().rank;
    for (const record& each : some) {
      if (each.is_sound()) {
        fn(journal_record(each.key, each.failed(), each.attempts, each.value));
      } else {
        report(each);
      }
    }
  }
}

std::uint64_t journal_store::implementation::forget(std::string_view key) {
  const lock_guard guard(lock_);
  refuse_during_run("forget");
  try {
    database_.execute("BEGIN IMMEDIATE");
    statement gone(database_, "DELETE FROM records WHERE hash = ? AND key = ?");
    gone.bind(1, static_cast<std::int64_t>(hash_bytes(key))).bind(2, key).run();
    const auto count = database_.number("SELECT changes()");
    journal_header changed = header_;
    changed.records -= count;
    write_header(database_, changed);
    database_.execute("COMMIT");
    header_ = changed;
    return static_cast<std::uint64_t>(count);
  } catch (...) {
    database_.roll_back();
    throw;
  }
}

void journal_store::implementation::compact() {
  const lock_guard guard(lock_);
  refuse_during_run("compact");
  database_.execute("VACUUM");
  (void)database_.number("PRAGMA wal_checkpoint(TRUNCATE)");
}

void journal_store::implementation::commit() {
  std::shared_ptr<committer> running;
  {
    const lock_guard guard(lock_);
    if (in_run_) running = committer_;
  }
  if (running != nullptr) running->flush();
}

void journal_store::implementation::refuse_during_run(const char* what) {
  if (in_run_) {
    throw std::logic_error(std::string("parwork: journal::") + what +
                           " was called while a run uses the journal");
  }
}

void journal_store::implementation::report(const record& damaged) const {
  const journal_damage what{file_, damaged.key,
                            "its bytes are not those that were written (checksum)"};
  if (settings_.on_damage) return settings_.on_damage(what);
  std::fprintf(stderr, "parwork: the journal %s has a damaged record, which is not used: \"%s\"\n",
               file_.c_str(), printable(what.key).c_str());
}

// --- A run ---

void journal_store::implementation::begin_run() {
  const lock_guard guard(lock_);
  if (in_run_) throw journal_busy(file_, ::getpid());
  // Ranks are given out once: a new record in another's place would be a fault, and says so.
  const std::string put =
      std::string("INTO records(") + record_columns + ") VALUES (?, ?, ?, ?, ?, ?, ?)";
  put_.emplace(database_, "INSERT " + put);
  replace_.emplace(database_, "INSERT OR REPLACE " + put);
  move_.emplace(database_, "UPDATE records SET rank = ?, checksum = ? WHERE rank = ?");
  erase_.emplace(database_, "DELETE FROM records WHERE rank = ?");
  reserve_ = std::make_unique<reserve>(file_);
  committer_ = std::make_shared<committer>(
      committer::limits{std::min<std::chrono::nanoseconds>(settings_.commit_every, longest_group),
                        settings_.commit_records, reserve_->group_bytes()},
      [this](const group& all) { return write(all); });
  cursor_ = std::make_unique<cursor>(
      database_, lock_,
      cursor::callbacks{[this](const change& c) { add(c); },
                        [this](const record& damaged) { report(damaged); }});
  size_before_ = header_.records;
  in_run_ = true;
}

void journal_store::implementation::end_run() noexcept {
  cursor_.reset();
  // Still to be seen by size() and commit() while it writes what is left. Whoever asked for the
  // records to be durable has been told of errors: see journal_run::finish.
  committer_->drain();
  const lock_guard guard(lock_);
  in_run_ = false;
  committer_.reset();
  put_.reset();
  replace_.reset();
  move_.reset();
  erase_.reset();
  reserve_.reset();
}

void journal_store::implementation::expect_results(const std::string& type) {
  const lock_guard guard(lock_);
  if (header_.result == type) return;
  if (!header_.result.empty()) {
    throw mismatch(file_, "result type", header_.result, type);
  }
  journal_header changed = header_;
  changed.result = type;
  write_header(database_, changed);
  header_ = changed;
}

// On the committer's thread. When the disk is full, what has been collected is recorded all the
// same, in the room that was set aside for it; the error ends the run.
committer::written journal_store::implementation::write(const group& all) {
  const lock_guard guard(lock_);
  try {
    try_write(all);
    return {};
  } catch (const journal_full&) {
    if (!reserve_->release()) throw;
    try_write(all);
    return {std::current_exception()};
  }
}

void journal_store::implementation::try_write(const group& all) {
  try {
    database_.execute("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < all.size(); ++i) {
      const change c = all.at(i);
      if (c.what == change::kind::put) {
        statement& put = c.replaces ? *replace_ : *put_;
        put.bind(1, c.rank)
            .bind(2, static_cast<std::int64_t>(c.hash))
            .bind(3, c.key)
            .bind(4, c.state)
            .bind(5, c.attempts)
            .bind(6, c.value)
            .bind(7, static_cast<std::int64_t>(c.checksum))
            .run();
      } else if (c.what == change::kind::move) {
        move_->bind(1, c.to).bind(2, static_cast<std::int64_t>(c.checksum)).bind(3, c.rank).run();
      } else {
        erase_->bind(1, c.rank).run();
      }
    }
    journal_header changed = header_;
    changed.records += all.adds();
    write_header(database_, changed);
    database_.execute("COMMIT");
    header_ = changed;
  } catch (...) {
    database_.roll_back();
    throw;
  }
}

// --- What the templates call ---

void refuse_key(const std::type_info& takes, const std::type_info& items) {
  throw std::invalid_argument("parwork: journal_options.key takes " + type_name(takes) +
                              ", and the run's items are " + type_name(items));
}

journal_store::journal_store(const std::filesystem::path& file, const journal_settings& settings)
    : implementation_(std::make_unique<implementation>(file, settings)) {}
journal_store::~journal_store() = default;
std::uint64_t journal_store::size() const { return implementation_->size(); }
void journal_store::for_each(const std::function<void(const journal_record&)>& fn) {
  implementation_->for_each(fn);
}
std::uint64_t journal_store::forget(std::string_view key) { return implementation_->forget(key); }
void journal_store::compact() { implementation_->compact(); }
void journal_store::commit() { implementation_->commit(); }
const std::filesystem::path& journal_store::path() const noexcept {
  return implementation_->path();
}

journal_run::journal_run(journal_store& store, replay_policy policy)
    : store_(*store.implementation_), policy_(policy) {
  store_.begin_run();
}
journal_run::~journal_run() { store_.end_run(); }

void journal_run::expect_results(const std::type_info& type) {
  store_.expect_results(type_name(type));
}

std::optional<recorded_outcome> journal_run::recall(std::string_view key, journal_place& place) {
  auto found = store_.records().find(key, place.rank);
  if (!found) return std::nullopt;
  if (found->failed() && policy_.retry_failed) {
    place.replaces = true;
    return std::nullopt;
  }
  return recorded_outcome{found->failed(), found->attempts, std::move(found->value)};
}

void journal_run::record_bytes(std::string_view key, const journal_place& place,
                               recorded_outcome&& outcome) {
  const auto state =
      static_cast<int>(outcome.failed ? record_state::failure : record_state::success);
  store_.add({.what = change::kind::put,
              .rank = place.rank,
              .replaces = place.replaces,
              .hash = hash_bytes(key),
              .state = state,
              .attempts = outcome.attempts,
              .checksum = record_checksum(place.rank, key, state, outcome.attempts, outcome.bytes),
              .key = key,
              .value = outcome.bytes});
}

void journal_run::finish() { store_.flush(); }

void journal_run::refuse_result(std::string_view key, const std::string& why) const {
  throw journal_mismatch(store_.path(),
                         "has a result for \"" + printable(key) +
                             "\" that the codec does not read (" + why +
                             "): use the code that it was made with, or another file",
                         "", "");
}

}  // namespace detail

std::string journal_fingerprint(const std::filesystem::path& file) {
  detail::database in(file, detail::opening::read_only);
  if (detail::is_new(in)) throw journal_corrupt(file, "is empty: no run has begun in it");
  return detail::read_header(in).fingerprint;
}

}  // namespace parwork
