#include "input/byte_stream.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

namespace cli {
namespace {

constexpr std::size_t bytes_at_once = std::size_t{64} * 1024;

class descriptor_stream : public byte_stream {
 public:
  descriptor_stream(descriptor from, std::string name)
      : from_(std::move(from)), name_(std::move(name)) {}

  bool read(std::string& into, waiting how) override {
    std::array<pollfd, 2> ready{{{from_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    const bool waits = how == waiting::for_input;
    while (poll(ready.data(), waits ? 2 : 1, waits ? -1 : 0) < 0) {
      if (errno != EINTR) throw system_error(name_ + " cannot be read", errno);
    }
    if (waits && ready[1].revents != 0) return false;
    if (ready[0].revents == 0) return false;
    const std::size_t before = into.size();
    into.resize(before + bytes_at_once);
    const ssize_t count = ::read(from_.get(), into.data() + before, bytes_at_once);
    const int fault = errno;
    into.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && fault != EINTR && fault != EAGAIN) {
      throw system_error(name_ + " cannot be read", fault);
    }
    ended_ = count == 0;
    return true;
  }

  bool has_ended() const noexcept override { return ended_; }
  void stop() noexcept override { stop_.set(); }
  const std::string& name() const noexcept override { return name_; }

 private:
  const descriptor from_;
  const std::string name_;
  wake_up stop_;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<byte_stream> stream_of(descriptor from, std::string name) {
  return std::make_shared<descriptor_stream>(std::move(from), std::move(name));
}

}  // namespace cli
