// What SQLite's result codes are called.
#include "journal/database.hpp"

#include <gtest/gtest.h>

#include <new>
#include <string>

#include "support/temporary_folder.hpp"

namespace {

using parwork::detail::database;

enum class called { damaged, unwritable, full, out_of_memory, other };

class journal_database : public testing::Test {
 protected:
  called name_of(int code) {
    try {
      file_.fail(code);
    } catch (const parwork::journal_corrupt&) {
      return called::damaged;
    } catch (const parwork::detail::journal_full&) {
      return called::full;
    } catch (const parwork::journal_unwritable& error) {
      EXPECT_EQ(std::string(error.what()).find("damaged"), std::string::npos);
      return called::unwritable;
    } catch (const std::bad_alloc&) {
      return called::out_of_memory;
    } catch (...) {
      return called::other;
    }
  }

  temporary_folder folder_;
  database file_{folder_ / "runs.db"};
};

TEST_F(journal_database, calls_damage_what_is_damage) {
  for (const int code : {SQLITE_CORRUPT, SQLITE_CORRUPT_INDEX, SQLITE_NOTADB, SQLITE_CONSTRAINT,
                         SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_MISMATCH, SQLITE_IOERR_SHORT_READ,
                         SQLITE_IOERR_CORRUPTFS, SQLITE_IOERR_DATA}) {
    EXPECT_EQ(name_of(code), called::damaged) << sqlite3_errstr(code) << ", " << code;
  }
}

TEST_F(journal_database, calls_nothing_else_damage) {
  for (const int code : {SQLITE_TOOBIG,         SQLITE_IOERR,         SQLITE_IOERR_READ,
                         SQLITE_IOERR_WRITE,    SQLITE_IOERR_FSYNC,   SQLITE_IOERR_LOCK,
                         SQLITE_IOERR_SHMOPEN,  SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_SHMMAP,
                         SQLITE_IOERR_MMAP,     SQLITE_IOERR_ACCESS,  SQLITE_IOERR_DELETE,
                         SQLITE_BUSY,           SQLITE_BUSY_RECOVERY, SQLITE_BUSY_SNAPSHOT,
                         SQLITE_LOCKED,         SQLITE_PERM,          SQLITE_CANTOPEN,
                         SQLITE_CANTOPEN_ISDIR, SQLITE_READONLY,      SQLITE_READONLY_DBMOVED,
                         SQLITE_INTERRUPT,      SQLITE_PROTOCOL,      SQLITE_AUTH,
                         SQLITE_ERROR,          SQLITE_SCHEMA,        SQLITE_MISUSE,
                         SQLITE_NOLFS,          SQLITE_RANGE,         SQLITE_ABORT,
                         SQLITE_INTERNAL}) {
    EXPECT_EQ(name_of(code), called::unwritable) << sqlite3_errstr(code) << ", " << code;
  }
  EXPECT_EQ(name_of(SQLITE_FULL), called::full);
  EXPECT_EQ(name_of(SQLITE_NOMEM), called::out_of_memory);
  EXPECT_EQ(name_of(SQLITE_IOERR_NOMEM), called::out_of_memory);
}

TEST_F(journal_database, calls_tables_that_are_not_there_damage) {
  EXPECT_THROW(parwork::detail::statement(file_, "SELECT rank FROM records"),
               parwork::journal_corrupt);
}

}  // namespace
