#include "parwork/progress_bar.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using namespace std::chrono_literals;
using parwork::progress;
using parwork::progress_bar;

// Sets a variable for the length of a test; null removes it.
class scoped_variable {
 public:
  scoped_variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    assign(value);
  }
  ~scoped_variable() { assign(old_ ? old_->c_str() : nullptr); }
  scoped_variable(const scoped_variable&) = delete;
  scoped_variable& operator=(const scoped_variable&) = delete;

 private:
  void assign(const char* value) const {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }
  const char* name_;
  std::optional<std::string> old_;
};

// A pseudo-terminal: what is written to stream() is what read() shows.
class terminal {
 public:
  explicit terminal(unsigned short columns) {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    int inner = -1;
    if (::openpty(&outer_, &inner, nullptr, nullptr, &size) != 0) return;
    ::fcntl(outer_, F_SETFL, O_NONBLOCK);
    stream_ = ::fdopen(inner, "w");
  }
  ~terminal() {
    if (stream_ != nullptr) std::fclose(stream_);
    if (outer_ >= 0) ::close(outer_);
  }
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;

  std::FILE* stream() const { return stream_; }

  void resize(unsigned short columns) const {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    ::ioctl(outer_, TIOCSWINSZ, &size);
  }

  // Everything written since the last call.
  std::string read() const {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = ::read(outer_, buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  int outer_ = -1;
  std::FILE* stream_ = nullptr;
};

class progress_bar_on_terminal : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(screen_.stream(), nullptr); }

  scoped_variable term_{"TERM", "xterm"};
  scoped_variable no_color_{"NO_COLOR", nullptr};
  scoped_variable columns_{"COLUMNS", nullptr};
  terminal screen_{100};
};

progress at(std::uint64_t collected, std::chrono::nanoseconds elapsed,
            std::optional<std::uint64_t> total = 10'000) {
  progress now;
  now.produced = collected + 10;
  now.in_flight = 10;
  now.collected = collected;
  now.total = total;
  now.elapsed = elapsed;
  now.items_per_second = 812.4;
  if (total) now.eta = 7s;
  return now;
}

progress at_end(std::uint64_t collected, std::chrono::nanoseconds elapsed) {
  progress now = at(collected, elapsed, collected);
  now.produced = collected;
  now.in_flight = 0;
  now.eta = 0s;
  return now;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(progress_bar_on_terminal, shows_label_bar_percentage_count_rate_and_eta) {
  progress_bar bar(screen_.stream(), "hashing");
  bar(at(4'600, 5s));
  EXPECT_EQ(screen_.read(),
            "\rhashing [==============>                ] 46 % 4,600/10,000 812/s ETA 0:07");
}

TEST_F(progress_bar_on_terminal, shows_a_count_and_no_bar_where_the_total_is_unknown) {
  progress_bar bar(screen_.stream(), "hashing");
  bar(at(4'600, 65s, std::nullopt));
  EXPECT_EQ(screen_.read(), "\rhashing 4,600 812/s in 1:05");
}

TEST_F(progress_bar_on_terminal, shows_failures_in_red) {
  progress_bar bar(screen_.stream());
  progress now = at(4'600, 5s);
  EXPECT_FALSE((bar(now), contains(screen_.read(), "failed")));
  now.failed = 3;
  now.elapsed = 6s;
  bar(now);
  EXPECT_TRUE(contains(screen_.read(), " \033[31m3 failed\033[0m"));
}

TEST_F(progress_bar_on_terminal, shows_no_colour_where_no_color_is_set) {
  const scoped_variable no_color("NO_COLOR", "1");
  progress_bar bar(screen_.stream());
  progress now = at(4'600, 5s);
  now.failed = 3;
  bar(now);
  const std::string text = screen_.read();
  EXPECT_TRUE(contains(text, " 3 failed"));
  EXPECT_FALSE(contains(text, "\033"));
}

TEST_F(progress_bar_on_terminal, shows_nothing_on_a_dumb_terminal) {
  const scoped_variable term("TERM", "dumb");
  {
    progress_bar bar(screen_.stream());
    bar(at(1, 1s));
    bar(at_end(2, 2s));
  }
  EXPECT_EQ(screen_.read(), "");
}

TEST_F(progress_bar_on_terminal, redraws_at_most_ten_times_a_second) {
  progress_bar bar(screen_.stream());
  int drawn = 0;
  for (int ms = 0; ms < 1'000; ++ms) {
    bar(at(static_cast<std::uint64_t>(ms), std::chrono::milliseconds(ms)));
    if (!screen_.read().empty()) ++drawn;
  }
  EXPECT_EQ(drawn, 10);
}

TEST_F(progress_bar_on_terminal, always_draws_the_end_and_ends_the_line_once) {
  progress_bar bar(screen_.stream());
  bar(at(9'999, 1s));
  screen_.read();
  bar(at_end(10'000, 1s + 1ms));
  const std::string end = screen_.read();
  EXPECT_TRUE(contains(end, "100 % 10,000/10,000 812/s in 1 s")) << end;
  EXPECT_TRUE(end.ends_with("\r\n")) << end;
  bar(at_end(10'000, 1s + 2ms));
  EXPECT_EQ(screen_.read(), "");
}

TEST_F(progress_bar_on_terminal, reaches_100_percent_only_with_the_last_item) {
  progress_bar bar(screen_.stream());
  bar(at(9'999, 1s));
  EXPECT_TRUE(contains(screen_.read(), "] 99 % 9,999/10,000"));
}

TEST_F(progress_bar_on_terminal, is_complete_for_a_run_of_no_items) {
  progress_bar bar(screen_.stream());
  bar(at_end(0, 1ms));
  const std::string end = screen_.read();
  EXPECT_TRUE(contains(end, "100 % 0/0")) << end;
  EXPECT_TRUE(end.ends_with("\r\n")) << end;
}

TEST_F(progress_bar_on_terminal, ends_the_line_of_a_stopped_run_with_its_last_state) {
  std::optional<std::function<void(const progress&)>> called = progress_bar(screen_.stream());
  (*called)(at(100, 1s));
  (*called)(at(142, 1s + 50ms));
  EXPECT_FALSE(contains(screen_.read(), "142"));
  called.reset();
  const std::string end = screen_.read();
  EXPECT_TRUE(contains(end, "142/10,000")) << end;
  EXPECT_TRUE(end.ends_with("\r\n")) << end;
}

TEST_F(progress_bar_on_terminal, ends_the_line_when_the_copy_that_drew_is_destroyed) {
  const progress_bar kept(screen_.stream());
  {
    progress_bar copy = kept;
    copy(at(1, 1s));
    EXPECT_FALSE(contains(screen_.read(), "\n"));
    const progress_bar unused = copy;
    progress_bar moved = std::move(copy);
    moved(at(2, 2s));
    EXPECT_FALSE(contains(screen_.read(), "\n"));
  }
  EXPECT_EQ(screen_.read(), "\r\n");
}

TEST_F(progress_bar_on_terminal, writes_nothing_when_never_called) {
  {
    const progress_bar bar(screen_.stream(), "unused");
  }
  EXPECT_EQ(screen_.read(), "");
}

TEST_F(progress_bar_on_terminal, serves_one_run_after_the_other) {
  progress_bar bar(screen_.stream());
  bar(at_end(5, 2s));
  screen_.read();
  bar(at_end(5, 1s));
  const std::string second = screen_.read();
  EXPECT_TRUE(contains(second, "100 % 5/5")) << second;
  EXPECT_TRUE(second.ends_with("\r\n")) << second;
}

TEST_F(progress_bar_on_terminal, blanks_what_a_longer_line_left) {
  progress_bar bar(screen_.stream());
  progress now = at(10, 1s, std::nullopt);
  now.failed = 3;
  bar(now);
  screen_.read();
  bar(at(11, 2s, std::nullopt));
  EXPECT_EQ(screen_.read(), "\r11 812/s in 0:02         ");
}

TEST_F(progress_bar_on_terminal, never_fills_the_width_of_a_narrow_terminal) {
  for (unsigned short columns = 1; columns <= 120; ++columns) {
    const terminal narrow(columns);
    ASSERT_NE(narrow.stream(), nullptr);
    progress_bar bar(narrow.stream(), "a label of some length");
    progress now = at(9'123'456, 1s, 99'123'456);
    now.items_per_second = 1'234'567;
    bar(now);
    EXPECT_LT(narrow.read().size() - 1, columns) << columns << " columns";
  }
}

TEST_F(progress_bar_on_terminal, keeps_the_percentage_longest_then_the_failures) {
  const scoped_variable no_color("NO_COLOR", "1");
  const terminal narrow(16);
  ASSERT_NE(narrow.stream(), nullptr);
  progress_bar bar(narrow.stream(), "label");
  progress now = at(4'600, 1s);
  now.failed = 3;
  bar(now);
  EXPECT_EQ(narrow.read(), "\r46 % 3 failed");
  narrow.resize(10);
  now.elapsed = 2s;
  bar(now);
  EXPECT_EQ(narrow.read(), "\r46 %     ");
}

TEST_F(progress_bar_on_terminal, shows_what_fits_at_80_40_and_10_columns) {
  const scoped_variable no_color("NO_COLOR", "1");
  const std::pair<unsigned short, const char*> cases[] = {
      {80, "\rhashing [===========>            ] 46 % 4,600/10,000 812/s ETA 0:07 3 failed"},
      {40, "\r46 % 4,600/10,000 ETA 0:07 3 failed"},
      {10, "\r46 %"},
  };
  for (const auto& [columns, shown] : cases) {
    const terminal screen(columns);
    ASSERT_NE(screen.stream(), nullptr);
    progress_bar bar(screen.stream(), "hashing");
    progress now = at(4'600, 5s);
    now.failed = 3;
    bar(now);
    EXPECT_EQ(screen.read(), shown) << columns << " columns";
  }
}

TEST_F(progress_bar_on_terminal, takes_the_width_from_columns_where_the_terminal_has_none) {
  const scoped_variable columns("COLUMNS", "12");
  const terminal unknown(0);
  ASSERT_NE(unknown.stream(), nullptr);
  progress_bar bar(unknown.stream(), "label");
  bar(at(4'600, 1s));
  EXPECT_EQ(unknown.read(), "\r46 %");
}

TEST_F(progress_bar_on_terminal, takes_80_columns_where_nothing_says_otherwise) {
  for (const char* nonsense : {"", "0", "-5", "wide", "12x"}) {
    const scoped_variable columns("COLUMNS", nonsense);
    const terminal unknown(0);
    ASSERT_NE(unknown.stream(), nullptr);
    progress_bar bar(unknown.stream());
    bar(at(4'600, 1s));
    EXPECT_EQ(unknown.read(), "\r[===========>            ] 46 % 4,600/10,000 812/s ETA 0:07");
  }
}

TEST_F(progress_bar_on_terminal, shows_control_characters_of_the_label_as_spaces) {
  progress_bar bar(screen_.stream(), "two\nlines\033[2J");
  bar(at(1, 1s, std::nullopt));
  EXPECT_EQ(screen_.read(), "\rtwo lines [2J 1 812/s in 0:01");
}

TEST_F(progress_bar_on_terminal, counts_a_label_beyond_ascii_by_its_characters) {
  const terminal narrow(24);
  ASSERT_NE(narrow.stream(), nullptr);
  progress_bar bar(narrow.stream(),
                   "gr\xC3\xB6\xC3\x9F"
                   "e");
  bar(at(1, 1s, std::nullopt));
  EXPECT_EQ(narrow.read(),
            "\rgr\xC3\xB6\xC3\x9F"
            "e 1 812/s in 0:01");
}

TEST(progress_bar, is_silent_where_the_stream_is_no_terminal) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  {
    progress_bar bar(file, "hashing");
    bar(at(1, 1s));
    bar(at_end(2, 2s));
  }
  std::fseek(file, 0, SEEK_END);
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

TEST(progress_bar, is_refused_without_a_stream) {
  EXPECT_THROW(progress_bar(nullptr), std::invalid_argument);
}

}  // namespace
