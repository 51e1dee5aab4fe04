// SQLite as this library uses it: a connection and prepared statements that throw the journal's own
// errors.
//
// Thread safety: one thread at a time for a database and its statements.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "parwork/journal_errors.hpp"

namespace parwork::detail {

/// No room left on the device: the one error that the journal has an answer to.
class journal_full : public journal_unwritable {
 public:
  using journal_unwritable::journal_unwritable;
};

enum class opening {
  read_write,  ///< makes the file where there is none
  read_only,   ///< reads the log, too; makes the files beside it where they are missing
  as_it_is,    ///< reads this file alone, which nobody changes meanwhile; neither locks nor writes
};

class database {
 public:
  /// Throws `journal_unwritable` where the file can be neither opened nor made. REQUIRES: a real
  /// path (file_name.hpp).
  explicit database(std::filesystem::path file, opening how = opening::read_write);

  /// One or several statements without results.
  void execute(const char* sql);
  [[nodiscard]] std::int64_t number(const char* sql);

  /// Ends a transaction that has failed, if SQLite has not done so itself.
  void roll_back() noexcept;

  /// Throws what an SQLite result code means for this file.
  [[noreturn]] void fail(int code) const;

  [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

 private:
  struct closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, closer> handle_;
};

/// A reading transaction: all that is read is of one moment.
class snapshot {
 public:
  explicit snapshot(database& in) : in_(in) { in_.execute("BEGIN"); }
  ~snapshot() { in_.roll_back(); }
  snapshot(const snapshot&) = delete;
  snapshot& operator=(const snapshot&) = delete;

 private:
  database& in_;
};

/// A prepared statement. Columns are valid until the next step or reset.
class statement {
 public:
  statement(database& in, std::string_view sql);

  statement& bind(int position, std::int64_t value);
  /// The bytes stay the caller's and must last until the statement is reset.
  statement& bind(int position, std::string_view blob);

  /// True: a row is there.
  [[nodiscard]] bool step();
  /// Runs a statement without rows and resets it.
  void run();
  void reset() noexcept;

  [[nodiscard]] std::int64_t number(int column) noexcept;
  /// A blob or a text.
  [[nodiscard]] std::string_view bytes(int column) noexcept;

 private:
  struct finalizer {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };

  database& database_;
  std::unique_ptr<sqlite3_stmt, finalizer> handle_;
};

/// Resets a statement at the end of its scope, so that it holds no lock on the file.
class resetting {
 public:
  explicit resetting(statement& s) noexcept : statement_(s) {}
  ~resetting() { statement_.reset(); }
  resetting(const resetting&) = delete;
  resetting& operator=(const resetting&) = delete;

 private:
  statement& statement_;
};

}  // namespace parwork::detail
