#include "record/announced_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "support/descriptor.hpp"

namespace cli {
namespace {

// Compares what comes with the bytes of a file, until they differ.
class comparison {
 public:
  explicit comparison(const std::optional<output_place>& where) {
    struct stat now{};
    if (!where) return;
    file_ = descriptor(open(where->file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file_.is_open() || fstat(file_.get(), &now) != 0 || now.st_dev != where->device ||
        now.st_ino != where->inode) {
      file_.reset();
    }
    at_ = where->at;
    end_ = where->end;
  }

  void take(std::string_view bytes) {
    wanted_ += bytes.size();
    while (file_.is_open() && !bytes.empty()) {
      read_.resize(std::min<std::uint64_t>(bytes.size(), end_ - std::min(at_, end_)));
      const ssize_t got = pread(file_.get(), read_.data(), read_.size(), static_cast<off_t>(at_));
      const auto length = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
      const auto there = std::string_view(read_).substr(0, length);
      const auto same =
          static_cast<std::size_t>(std::ranges::mismatch(there, bytes).in1 - there.begin());
      equal_ += same;
      at_ += same;
      if (same < length || length == 0) return file_.reset();
      bytes.remove_prefix(same);
    }
  }

  [[nodiscard]] std::uint64_t equal() const noexcept { return equal_; }
  [[nodiscard]] bool all() const noexcept { return equal_ == wanted_; }

 private:
  descriptor file_;
  std::uint64_t at_ = 0, end_ = 0, wanted_ = 0, equal_ = 0;
  std::string read_;
};

}  // namespace

void announced_output::ends_before(const std::optional<output_place>& later) noexcept {
  if (!later) return;
  for (std::optional<output_place>* const each : {&out, &err}) {
    if (*each && (*each)->is_same_file(*later)) (*each)->end = std::min((*each)->end, later->at);
  }
}

shown_part announced_output::arrived(const outcome& what, const line_tag& tag) const {
  line_tag tags = tag;
  comparison out_there(out);
  visit_shown(stream::out, what.out, before.out, tags,
              [&](std::string_view bytes) { out_there.take(bytes); });
  std::optional<output_place> behind = err;
  if (out && err && out->is_same_file(*err)) {
    if (!out_there.all()) {
      return {.all = false, .out = before.out + out_there.equal(), .err = before.err};
    }
    behind->at = out->at + out_there.equal();
  }
  comparison err_there(behind);
  visit_shown(stream::err, what.err, before.err, tags,
              [&](std::string_view bytes) { err_there.take(bytes); });
  return {.all = out_there.equal() + err_there.equal() > 0 && out_there.all() && err_there.all(),
          .out = before.out + out_there.equal(),
          .err = before.err + err_there.equal()};
}

}  // namespace cli
