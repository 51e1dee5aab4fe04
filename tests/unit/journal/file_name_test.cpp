// Names are names: whatever a path looks like to SQLite, it is the file of that name.
#include "journal/file_name.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "parwork/journal.hpp"
#include "parwork/parwork.hpp"
#include "support/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using parwork::journal;

class journal_name : public testing::Test {
 protected:
  journal_name() { fs::current_path(folder_ / ""); }
  ~journal_name() override { fs::current_path(before_); }

  static void record(const fs::path& name, int item) {
    journal j{name};
    (void)parwork::process(j, std::vector<int>{item}, [](int i) { return i; }, [](int) {});
  }
  static void expect_kept(const fs::path& name) {
    record(name, 1);
    EXPECT_TRUE(fs::is_regular_file(name)) << name;
    {
      journal j{name};
      EXPECT_EQ(j.size(), 1U) << name;
      EXPECT_THROW(journal{fs::absolute(name)}, parwork::journal_busy) << name;
    }
    EXPECT_EQ(parwork::journal_reader(name).size(), 1U) << name;
    EXPECT_EQ(parwork::journal_fingerprint(name), "") << name;
  }
  template <class Error = parwork::journal_unwritable>
  static std::string refusal(const fs::path& name) {
    try {
      journal j{name};
      ADD_FAILURE() << name << " was opened";
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  const fs::path before_ = fs::current_path();
  temporary_folder folder_;
};

TEST_F(journal_name, is_nothing_of_sqlites_own) {
  for (const char* name :
       {":memory:", "file:runs.db", "file:runs.db?mode=memory", "file::memory:?cache=shared",
        "file:runs.db?vfs=memdb", "file:///tmp/x?immutable=1", "runs.db?mode=ro", "runs%20.db",
        "runs.db#part", "%", "?", " ", "-", "runs.db-wal", "new\nline", "\xff\xfe", "quo'te\""}) {
    const fs::path path = fs::path(name);
    fs::create_directories(fs::absolute(path).parent_path());
    expect_kept(path);
  }
  EXPECT_FALSE(fs::exists("runs.db")) << "another file than was named";
}

TEST_F(journal_name, without_bytes_or_with_a_zero_byte_is_refused) {
  EXPECT_THROW(journal{""}, std::invalid_argument);
  EXPECT_THROW(parwork::journal_reader{""}, std::invalid_argument);
  EXPECT_THROW((void)parwork::journal_fingerprint(""), std::invalid_argument);
  EXPECT_THROW(journal{std::string("runs\0.db", 8)}, std::invalid_argument);
  EXPECT_TRUE(fs::is_empty("."));
}

TEST_F(journal_name, of_a_folder_is_refused_as_one) {
  fs::create_directory("there");
  for (const char* name : {"there", "there/", "there/.", "nothing/", ".", "..", "/", "there/.."}) {
    EXPECT_NE(refusal(name).find("is a folder"), std::string::npos) << name;
  }
}

TEST_F(journal_name, of_what_is_no_file_is_refused) {
  ASSERT_EQ(::mkfifo("pipe", 0666), 0);
  for (const char* name : {"pipe", "/dev/null"}) {
    EXPECT_NE(refusal(name).find("no regular file"), std::string::npos) << name;
  }
}

TEST_F(journal_name, that_is_relative_stays_that_of_the_file_when_the_folder_changes) {
  fs::create_directory("other");
  {
    journal j{"runs.db"};
    fs::current_path("other");
    (void)parwork::process(j, std::vector<int>{1, 2}, [](int i) { return i; }, [](int) {});
    EXPECT_EQ(j.path(), folder_ / "runs.db");
    EXPECT_THROW(journal{folder_ / "runs.db"}, parwork::journal_busy);
  }
  EXPECT_TRUE(fs::is_empty("."));
  fs::current_path("..");
  EXPECT_FALSE(fs::exists("runs.db-lock"));
  EXPECT_FALSE(fs::exists("runs.db-reserve"));
  EXPECT_EQ(journal{"runs.db"}.size(), 2U);
}

TEST_F(journal_name, that_is_relative_to_a_folder_that_is_gone_says_so) {
  fs::create_directory("gone");
  fs::current_path("gone");
  fs::remove(folder_ / "gone");
  EXPECT_NE(refusal("runs.db").find("absolute"), std::string::npos);
}

TEST_F(journal_name, that_is_too_long_for_sqlite_says_how_long_it_may_be) {
  fs::path deep = ".";
  for (int i = 0; i < 12; ++i) deep /= std::string(50, 'd');
  fs::create_directories(deep);
  EXPECT_NE(refusal(deep / "runs.db").find("504"), std::string::npos);
}

TEST_F(journal_name, of_a_link_is_that_of_the_file_also_where_that_is_still_to_be_made) {
  fs::create_directories("a/b");
  fs::create_symlink("b", "a/link_to_folder");
  fs::create_symlink("a/link_to_folder/runs.db", "link");
  fs::create_symlink("link", "link_to_link");
  journal j{"link_to_link"};
  EXPECT_EQ(j.path(), folder_ / "a/b/runs.db");
  for (const char* other : {"link", "a/b/runs.db", "a/link_to_folder/runs.db", "a/../link"}) {
    EXPECT_THROW(journal{other}, parwork::journal_busy) << other;
  }
  fs::create_symlink("circle", "circle");
  EXPECT_NE(refusal("circle").find("symbolic link"), std::string::npos);
}

}  // namespace
