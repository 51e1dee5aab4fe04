#include "parwork/progress_bar.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "base/readable.hpp"

namespace parwork {

namespace {

constexpr std::chrono::milliseconds redraw_every{100};
constexpr std::size_t default_columns = 80;
constexpr std::size_t narrowest_bar = 12;  // brackets included; below that, a bar says nothing
constexpr std::size_t widest_bar = 42;

enum class colour { plain, red };

// A piece of the line. Where the line is too long, the piece of the lowest rank goes first.
struct piece {
  std::string text;
  int rank;
  colour shown_in = colour::plain;
};

bool lower_rank(const piece& left, const piece& right) { return left.rank < right.rank; }

// Code points: the columns of all text but wide and combining characters.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::size_t columns_of(const std::vector<piece>& pieces) {
  std::size_t columns = pieces.empty() ? 0 : pieces.size() - 1;  // the spaces between
  for (const piece& p : pieces) columns += columns_of(p.text);
  return columns;
}

bool all_collected(const progress& now) {
  return now.total && now.collected >= *now.total && now.in_flight == 0;
}

// Rounded down, so that 100 % means all of them.
unsigned percent_of(const progress& now) {
  if (now.collected >= *now.total) return 100;
  const double share = static_cast<double>(now.collected) / static_cast<double>(*now.total);
  return std::min(99U, static_cast<unsigned>(share * 100));
}

std::vector<piece> pieces_of(const progress& now, const std::string& label) {
  std::vector<piece> pieces;
  if (!label.empty()) pieces.push_back({label, 1});
  std::string count = detail::readable_count(now.collected);
  if (now.total) {
    pieces.push_back({std::to_string(percent_of(now)) + " %", 6});
    pieces.push_back({std::move(count) + "/" + detail::readable_count(*now.total), 4});
  } else {
    pieces.push_back({std::move(count), 6});
  }
  pieces.push_back({detail::readable_rate(now.items_per_second) + "/s", 2});
  if (all_collected(now)) {
    pieces.push_back({"in " + detail::readable_duration(now.elapsed), 3});
  } else if (!now.total) {
    pieces.push_back({"in " + detail::readable_clock(now.elapsed), 3});
  } else if (now.eta) {
    pieces.push_back({"ETA " + detail::readable_clock(*now.eta), 3});
  }
  if (now.failed > 0) {
    pieces.push_back({detail::readable_count(now.failed) + " failed", 5, colour::red});
  }
  return pieces;
}

void drop_until_fits(std::vector<piece>& pieces, std::size_t columns) {
  while (pieces.size() > 1 && columns_of(pieces) > columns) {
    pieces.erase(std::min_element(pieces.begin(), pieces.end(), lower_rank));
  }
  if (columns_of(pieces) > columns) pieces.clear();
}

// "[=====>    ]", in all `columns` wide.
std::string bar_of(const progress& now, std::size_t columns) {
  const std::size_t inside = columns - 2;
  const std::size_t filled = inside * percent_of(now) / 100;
  std::string bar = "[" + std::string(filled, '=') + std::string(inside - filled, ' ') + "]";
  if (filled < inside) bar[filled + 1] = '>';
  return bar;
}

// The bar goes before the percentage: a third of the line, less where the other pieces need more.
void add_bar(std::vector<piece>& pieces, const progress& now, std::size_t columns) {
  if (!now.total || pieces.empty()) return;
  const std::size_t used = columns_of(pieces) + 1;
  if (used + narrowest_bar > columns) return;
  const std::size_t wanted = std::clamp(columns / 3, narrowest_bar, widest_bar);
  const auto percentage = std::max_element(pieces.begin(), pieces.end(), lower_rank);
  pieces.insert(percentage, {bar_of(now, std::min(columns - used, wanted)), 0});
}

std::string joined(const std::vector<piece>& pieces, colour allowed) {
  std::string line;
  for (const piece& p : pieces) {
    if (!line.empty()) line += ' ';
    const bool red = p.shown_in == colour::red && allowed == colour::red;
    line += red ? "\033[31m" + p.text + "\033[0m" : p.text;
  }
  return line;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::size_t columns_from_environment() {
  const std::string text = variable("COLUMNS");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  const bool understood = error == std::errc{} && end == text.data() + text.size() && columns > 0;
  return understood ? columns : default_columns;
}

}  // namespace

struct progress_bar::state {
  state(std::FILE* stream, std::string text) : out(stream), label(std::move(text)) {
    for (char& c : label) {
      if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
    }
    const std::string term = variable("TERM");
    if (variable("NO_COLOR").empty() && !term.empty()) failures_in = colour::red;
  }

  // A clock that went back belongs to another run.
  bool is_another_run(const progress& now) const { return now.elapsed < drawn_at; }

  bool is_time_for(const progress& now) const {
    return drawn_width == 0 || all_collected(now) || is_another_run(now) ||
           now.elapsed - drawn_at >= redraw_every;
  }

  std::size_t columns() const {
    winsize size{};
    if (::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return fallback_columns;
  }

  void draw(const progress& now) {
    // The last column stays empty: writing there makes some terminals wrap.
    const std::size_t room = columns() - 1;
    std::vector<piece> pieces = pieces_of(now, label);
    drop_until_fits(pieces, room);
    add_bar(pieces, now, room);
    const std::size_t width = columns_of(pieces);
    std::string text = "\r" + joined(pieces, failures_in);
    // Blanks over what the last drawing left; an escape sequence would need a clever terminal.
    if (width < std::min(drawn_width, room)) text.append(std::min(drawn_width, room) - width, ' ');
    write(text);
    drawn_width = width;
    drawn_at = now.elapsed;
    waiting.reset();
  }

  void end_line() {
    if (waiting) draw(progress(*waiting));
    if (drawn_width > 0) write("\n");
    drawn_width = 0;
  }

  void write(std::string_view text) const {
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
  }

  std::FILE* out;
  std::string label;
  std::size_t fallback_columns = columns_from_environment();
  colour failures_in = colour::plain;
  std::chrono::nanoseconds drawn_at{0};  // elapsed time of the last drawing
  std::size_t drawn_width = 0;           // columns of it; 0: no line begun
  std::optional<progress> waiting;       // came too soon after the last drawing
};

progress_bar::progress_bar(std::FILE* out, std::string label) {
  if (out == nullptr) {
    throw std::invalid_argument("parwork::progress_bar: out is null, expected an open stream");
  }
  if (::isatty(::fileno(out)) != 1 || variable("TERM") == "dumb") return;
  state_ = std::make_shared<state>(out, std::move(label));
}

progress_bar::progress_bar(progress_bar&& other) noexcept
    : state_(std::move(other.state_)), phase_(std::exchange(other.phase_, phase::unused)) {}

progress_bar& progress_bar::operator=(progress_bar other) noexcept {
  std::swap(state_, other.state_);
  std::swap(phase_, other.phase_);
  return *this;
}

progress_bar::~progress_bar() {
  if (state_ != nullptr && phase_ == phase::drawing) state_->end_line();
}

void progress_bar::operator()(const progress& now) {
  if (state_ == nullptr) return;
  // A run may report the end twice: when it finds everything collected, and when it is over.
  if (phase_ == phase::finished && all_collected(now) && !state_->is_another_run(now)) return;
  phase_ = phase::drawing;
  if (!state_->is_time_for(now)) {
    state_->waiting = now;
    return;
  }
  state_->draw(now);
  if (!all_collected(now)) return;
  state_->end_line();
  phase_ = phase::finished;
}

}  // namespace parwork
