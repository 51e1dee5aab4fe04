#include "nats/nats_link.hpp"

#include <thread>
#include <utility>

#include "nats/link_core.hpp"
#include "nats/nats_connection.hpp"

namespace parwork::nats::detail {
namespace {

class nats_link final : public link {
 public:
  nats_link(const link_options& options, link_listener& listener)
      : core_(std::make_shared<link_core>(options, listener)),
        thread_([core = core_] { core->run(); }) {
    try {
      core_->wait_for_first();
    } catch (...) {
      end();
      throw;
    }
  }
  ~nats_link() override { end(); }
  nats_link(const nats_link&) = delete;
  nats_link& operator=(const nats_link&) = delete;

  void subscribe(const std::string& pattern) override { core_->subscribe(pattern); }
  void unsubscribe(const std::string& pattern) noexcept override { core_->unsubscribe(pattern); }
  void publish(std::string_view subject, std::string_view bytes) override {
    core_->publish(subject, {}, bytes);
  }
  void publish(std::string_view subject, std::string_view reply, std::string_view bytes) override {
    core_->publish(subject, reply, bytes);
  }
  bool flush(std::chrono::nanoseconds at_most) noexcept override { return core_->flush(at_most); }
  std::string new_inbox() override { return nats_connection::new_inbox(); }
  std::size_t max_payload() const noexcept override { return core_->max_payload(); }
  std::size_t buffered() const noexcept override { return core_->buffered(); }
  bool is_connected() const noexcept override { return core_->is_connected(); }
  void close() noexcept override { end(); }

 private:
  void end() noexcept {
    if (!thread_.joinable()) return;
    core_->stop();
    thread_.join();
  }

  const std::shared_ptr<link_core> core_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<link> connect_link(const link_options& options, link_listener& listener) {
  return std::make_unique<nats_link>(options, listener);
}

}  // namespace parwork::nats::detail
