#include "parwork/files.hpp"

#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "parwork/concepts.hpp"

namespace {

namespace fs = std::filesystem;

static_assert(parwork::callable_generator<parwork::file_generator>);

using errors = std::vector<std::pair<fs::path, std::error_code>>;

class files : public testing::Test {
 protected:
  files() {
    std::string pattern = (fs::temp_directory_path() / "parwork_files_XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) top_ = pattern;
    ::chmod(top_.c_str(), 0755);
  }
  ~files() override {
    std::error_code ignored;
    fs::remove_all(top_, ignored);
  }
  void SetUp() override { ASSERT_FALSE(top_.empty()); }

  void make_file(const fs::path& name) const {
    fs::create_directories((top_ / name).parent_path());
    std::ofstream(top_ / name) << name.string();
  }

  // Relative to top_, in the order in which they came.
  std::vector<std::string> walk(const fs::path& root, errors* failed = nullptr) const {
    auto next = failed == nullptr
                    ? parwork::files(root)
                    : parwork::files(root, [=](const fs::path& path, std::error_code code) {
                        failed->emplace_back(path, code);
                      });
    std::vector<std::string> found;
    while (auto path = next()) found.push_back(path->lexically_relative(top_).string());
    return found;
  }

  fs::path top_;
};

using names = std::vector<std::string>;

TEST_F(files, come_depth_first_in_the_order_of_names) {
  for (const char* name : {"b", "a/z", "a/c/x", "a/b", "c/y"}) make_file(name);
  EXPECT_EQ(walk(top_), (names{"a/b", "a/c/x", "a/z", "b", "c/y"}));
}

TEST_F(files, begin_with_the_root_as_it_was_given) {
  make_file("a/b");
  auto next = parwork::files(top_ / "a" / ".." / "a");
  EXPECT_EQ(next(), top_ / "a" / ".." / "a" / "b");
}

TEST_F(files, of_an_empty_directory_there_are_none) { EXPECT_EQ(walk(top_), names{}); }

TEST_F(files, the_end_stays_the_end) {
  make_file("a");
  auto next = parwork::files(top_);
  EXPECT_TRUE(next());
  EXPECT_FALSE(next());
  EXPECT_FALSE(next());
}

TEST_F(files, a_root_that_is_a_file_yields_itself) {
  make_file("single");
  EXPECT_EQ(walk(top_ / "single"), (names{"single"}));
}

TEST_F(files, any_name_is_kept) {
  for (const char* name : {"with space", "with\nnewline", "back\\slash", "\xFF", "*"}) {
    make_file(name);
  }
  EXPECT_EQ(walk(top_), (names{"*", "back\\slash", "with\nnewline", "with space", "\xFF"}));
}

TEST_F(files, symbolic_links_are_neither_followed_nor_yielded) {
  make_file("real/file");
  fs::create_symlink("file", top_ / "real/link_to_file");
  fs::create_directory_symlink(top_, top_ / "real/link_to_top");
  fs::create_symlink("nowhere", top_ / "real/dangling");
  errors failed;
  EXPECT_EQ(walk(top_, &failed), (names{"real/file"}));
  EXPECT_TRUE(failed.empty());
}

TEST_F(files, a_root_that_is_a_symbolic_link_is_followed) {
  make_file("real/file");
  fs::create_directory_symlink("real", top_ / "link");
  EXPECT_EQ(walk(top_ / "link"), (names{"link/file"}));
}

TEST_F(files, what_is_no_regular_file_is_left_out) {
  make_file("file");
  ASSERT_EQ(::mkfifo((top_ / "pipe").c_str(), 0600), 0);
  errors failed;
  EXPECT_EQ(walk(top_, &failed), (names{"file"}));
  EXPECT_TRUE(failed.empty());
}

TEST_F(files, a_missing_root_goes_to_on_error) {
  errors failed;
  EXPECT_EQ(walk(top_ / "missing", &failed), names{});
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].first, top_ / "missing");
  EXPECT_EQ(failed[0].second, std::errc::no_such_file_or_directory);
}

TEST_F(files, a_missing_root_throws_without_on_error_and_not_before_the_first_call) {
  auto next = parwork::files(top_ / "missing");
  try {
    static_cast<void>(next());
    ADD_FAILURE() << "did not throw";
  } catch (const fs::filesystem_error& thrown) {
    EXPECT_EQ(thrown.path1(), top_ / "missing");
    EXPECT_EQ(thrown.code(), std::errc::no_such_file_or_directory);
  }
}

TEST_F(files, an_empty_root_is_an_error) {
  errors failed;
  EXPECT_EQ(walk("", &failed), names{});
  EXPECT_EQ(failed.size(), 1u);
}

TEST_F(files, a_root_that_is_neither_file_nor_directory_is_an_error) {
  ASSERT_EQ(::mkfifo((top_ / "pipe").c_str(), 0600), 0);
  errors failed;
  EXPECT_EQ(walk(top_ / "pipe", &failed), names{});
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].second, std::errc::not_a_directory);
}

// Takes this thread's right to read what is not its own, which root has.
class unprivileged {
 public:
  unprivileged() : before_(::setfsuid(::geteuid() == 0 ? 65534 : ::geteuid())) {}
  ~unprivileged() { ::setfsuid(static_cast<uid_t>(before_)); }
  unprivileged(const unprivileged&) = delete;
  unprivileged& operator=(const unprivileged&) = delete;

 private:
  int before_;
};

TEST_F(files, a_directory_without_permission_goes_to_on_error_and_the_walk_goes_on) {
  for (const char* name : {"a/file", "closed/hidden", "z/file"}) make_file(name);
  ASSERT_EQ(::chmod((top_ / "closed").c_str(), 0), 0);
  errors failed;
  {
    const unprivileged nobody;
    EXPECT_EQ(walk(top_, &failed), (names{"a/file", "z/file"}));
  }
  ::chmod((top_ / "closed").c_str(), 0700);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].first, top_ / "closed");
  EXPECT_EQ(failed[0].second, std::errc::permission_denied);
}

TEST_F(files, a_directory_without_permission_throws_without_on_error) {
  for (const char* name : {"a/file", "closed/hidden", "z/file"}) make_file(name);
  ASSERT_EQ(::chmod((top_ / "closed").c_str(), 0), 0);
  {
    const unprivileged nobody;
    auto next = parwork::files(top_);
    EXPECT_EQ(next(), top_ / "a/file");
    EXPECT_THROW(static_cast<void>(next()), fs::filesystem_error);
  }
  ::chmod((top_ / "closed").c_str(), 0700);
}

TEST_F(files, a_directory_that_vanishes_during_the_walk_goes_to_on_error) {
  for (const char* name : {"a", "b/inside", "c"}) make_file(name);
  errors failed;
  auto next = parwork::files(
      top_, [&](const fs::path& path, std::error_code code) { failed.emplace_back(path, code); });
  EXPECT_EQ(next(), top_ / "a");
  fs::remove_all(top_ / "b");
  EXPECT_EQ(next(), top_ / "c");
  EXPECT_EQ(next(), std::nullopt);
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].first, top_ / "b");
}

TEST_F(files, what_on_error_throws_leaves_the_generator) {
  auto next = parwork::files(top_ / "missing",
                             [](const fs::path&, std::error_code) { throw std::bad_alloc(); });
  EXPECT_THROW(static_cast<void>(next()), std::bad_alloc);
}

TEST_F(files, directories_of_any_size_are_complete) {
  constexpr int count = 10'050;  // more than one block
  make_file("big/0");
  for (int i = 1; i < count; ++i) {
    fs::create_hard_link(top_ / "big/0", top_ / "big" / std::to_string(i));
  }
  make_file("big/zz_inner/file");
  const auto found = walk(top_);
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), count + 1u);
  EXPECT_EQ(found.size(), count + 1u);
}

TEST_F(files, go_on_after_a_move) {
  for (const char* name : {"a", "b"}) make_file(name);
  auto next = parwork::files(top_);
  EXPECT_EQ(next(), top_ / "a");
  auto moved = std::move(next);
  EXPECT_EQ(moved(), top_ / "b");
}

}  // namespace
