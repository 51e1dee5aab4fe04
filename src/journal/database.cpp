#include "journal/database.hpp"

#include <new>
#include <utility>

#include "journal/file_name.hpp"

namespace parwork::detail {

namespace {

// How long another process may hold the file's write lock, as a shell with an open transaction
// does, before that is an error. Milliseconds.
constexpr int busy_timeout_ms = 10'000;

std::string said(sqlite3* handle, int code) {
  std::string text = std::string(" (SQLite: ") + sqlite3_errstr(code);
  if (handle != nullptr && sqlite3_errcode(handle) == (code & 0xff)) {
    text = std::string(" (SQLite: ") + sqlite3_errmsg(handle);
  }
  return text + ", code " + std::to_string(code) + ")";
}

// What the file holds is not what was written. A rule of the tables that is broken (CONSTRAINT,
// MISMATCH) is one: the statements are always the same, and keep them.
bool is_damage(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return true;
    default:
      return code == SQLITE_IOERR_SHORT_READ || code == SQLITE_IOERR_CORRUPTFS ||
             code == SQLITE_IOERR_DATA;
  }
}

// What is wrong where it is no damage, and what to do.
std::string trouble(int code, const std::string& why) {
  if (code == SQLITE_READONLY_DBMOVED) {
    return "was moved, removed or replaced while it was open" + why + ": put it back, run again";
  }
  switch (code & 0xff) {
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "may not be written" + why + ": check the permissions of the file and its folder";
    case SQLITE_CANTOPEN:
      return "cannot be opened or made" + why +
             ": check that its folder exists and may be written, and that this process may open "
             "more files";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return "is locked by another program" + why + ": end that program's transaction";
    case SQLITE_SCHEMA:
      return "is being changed by another program" + why + ": end that program";
    case SQLITE_TOOBIG:
      return "cannot take what is larger than SQLite's limit of 1,000,000,000 bytes" + why;
    case SQLITE_NOLFS:
      return "has become larger than this system's files may be" + why;
    default:
      return "cannot be read or written" + why;
  }
}

}  // namespace

database::database(std::filesystem::path file, opening how) : file_(std::move(file)) {
  sqlite3* handle = nullptr;
  const int flags = how == opening::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                               : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  const std::string name = how == opening::read_write ? file_.string()
                           : how == opening::as_it_is ? uri_of(file_, "immutable=1")
                                                      : uri_of(file_, "");
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(handle == nullptr ? code : sqlite3_extended_errcode(handle));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
}

void database::fail(int code) const {
  const std::string why = said(handle_.get(), code);
  if ((code & 0xff) == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) throw std::bad_alloc();
  if (is_damage(code)) {
    throw journal_corrupt(file_, "is damaged, or is no journal" + why +
                                     ": restore it from a copy, or move it away and start anew");
  }
  if ((code & 0xff) == SQLITE_FULL) {
    throw journal_full(file_, "cannot grow: the disk, or the temporary folder, is full" + why +
                                  ": make room and run again, what is recorded stays");
  }
  throw journal_unwritable(file_, trouble(code, why));
}

void database::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t database::number(const char* sql) {
  statement query(*this, sql);
  return query.step() ? query.number(0) : 0;
}

void database::roll_back() noexcept {
  if (sqlite3_get_autocommit(handle_.get()) == 0) {
    sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

statement::statement(database& in, std::string_view sql) : database_(in) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(in.handle(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  handle_.reset(handle);
  // The statements are always the same: where one of them is wrong, the tables are not what they
  // were.
  if (code == SQLITE_ERROR) in.fail(SQLITE_CORRUPT);
  if (code != SQLITE_OK) in.fail(code);
}

statement& statement::bind(int position, std::int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), position, value);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

statement& statement::bind(int position, std::string_view blob) {
  // Never a null pointer: that would be NULL, not a blob of no bytes.
  const int code = sqlite3_bind_blob64(handle_.get(), position, blob.empty() ? "" : blob.data(),
                                       blob.size(), SQLITE_STATIC);
  if (code != SQLITE_OK) database_.fail(code);
  return *this;
}

bool statement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  reset();
  database_.fail(code);
}

void statement::run() {
  const resetting afterwards(*this);
  while (step()) {
  }
}

void statement::reset() noexcept {
  sqlite3_reset(handle_.get());  // its code is that of the step before, which has been thrown
}

std::int64_t statement::number(int column) noexcept {
  return sqlite3_column_int64(handle_.get(), column);
}

std::string_view statement::bytes(int column) noexcept {
  const void* const data = sqlite3_column_blob(handle_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), size);
}

}  // namespace parwork::detail
