#include "output/output_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace cli {
namespace {

int descriptor_of(stream which) { return which == stream::out ? STDOUT_FILENO : STDERR_FILENO; }

bool is_terminal(stream which) {
  static const bool out = isatty(STDOUT_FILENO) != 0;
  static const bool err = isatty(STDERR_FILENO) != 0;
  return which == stream::out ? out : err;
}

// The cursor stands before the status line: where a terminal is made narrower and breaks the line
// into several, it stands before all of them, and what is erased from there is all.
constexpr std::string_view erase = "\r\x1b[J";

std::string with_tags(stream to, std::string_view bytes, line_tag& tag) {
  bool& due = tag.due[static_cast<std::size_t>(to)];
  std::string tagged;
  while (!bytes.empty()) {
    if (due) tagged += tag.text;
    const std::size_t end = bytes.find('\n');
    due = end != std::string_view::npos;
    tagged += bytes.substr(0, due ? end + 1 : end);
    bytes.remove_prefix(due ? end + 1 : bytes.size());
  }
  return tagged;
}

}  // namespace

output_lost::output_lost(stream which, int code)
    : error(system_error(which == stream::out ? "standard output cannot be written"
                                              : "standard error cannot be written",
                         code)),
      reader_gone_(code == EPIPE) {}

void visit_shown(stream to, const held_output& from, std::uint64_t shown, line_tag& tag,
                 const std::function<void(std::string_view)>& use) {
  if (tag.text.empty()) return from.visit_from(shown, use);
  from.visit([&](std::string_view bytes) {
    const std::string tagged = with_tags(to, bytes, tag);
    const auto before = std::min<std::uint64_t>(shown, tagged.size());
    shown -= before;
    if (before < tagged.size()) use(std::string_view(tagged).substr(before));
  });
}

int write_all(int descriptor, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{descriptor, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void output_writer::show(const held_output& out, std::uint64_t out_before, const held_output& err,
                         std::uint64_t err_before, line_tag& tag) {
  const std::lock_guard lock(mutex_);
  visit_shown(stream::out, out, out_before, tag,
              [this](std::string_view bytes) { write(stream::out, bytes); });
  visit_shown(stream::err, err, err_before, tag,
              [this](std::string_view bytes) { write(stream::err, bytes); });
}

void output_writer::show(stream to, std::string_view bytes, line_tag& tag) {
  const std::lock_guard lock(mutex_);
  write_tagged(to, bytes, tag);
}

void output_writer::write_tagged(stream to, std::string_view bytes, line_tag& tag) {
  if (tag.text.empty()) return write(to, bytes);
  write(to, with_tags(to, bytes, tag));
}

void output_writer::write(stream to, std::string_view bytes) {
  if (bytes.empty()) return;
  erase_status();
  const int fault = write_all(descriptor_of(to), bytes);
  if (fault != 0) throw output_lost(to, fault);
  if (is_terminal(to)) line_open_ = !bytes.ends_with('\n');
}

void output_writer::say(std::string_view lines) noexcept {
  const std::lock_guard lock(mutex_);
  erase_status();
  static_cast<void>(write_all(STDERR_FILENO, lines));
  if (is_terminal(stream::err)) line_open_ = false;
}

void output_writer::draw_status(std::string_view line) noexcept {
  const std::lock_guard lock(mutex_);
  if (line_open_) return;  // it would be drawn over the job's line
  if (line.empty()) {
    erase_status();
    return;
  }
  try {
    static_cast<void>(write_all(STDERR_FILENO, std::string(erase) + std::string(line) + "\r"));
    status_shown_ = true;
  } catch (...) {
    status_shown_ = true;  // no memory for a status line: the next one may have it
  }
}

void output_writer::erase_status() noexcept {
  if (!status_shown_) return;
  static_cast<void>(write_all(STDERR_FILENO, erase));
  status_shown_ = false;
}

}  // namespace cli
