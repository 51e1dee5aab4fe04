#include "parwork/nats_worker.hpp"

#include <utility>

#include "nats/nats_link.hpp"
#include "nats/worker_core.hpp"

namespace parwork::nats {
namespace {

std::unique_ptr<detail::link> link_to_server(const worker_options& given,
                                             detail::link_listener& listener) {
  return detail::connect_link({.url = given.url,
                               .login = given.login,
                               .tls = given.tls,
                               .connect_timeout = given.connect_timeout,
                               .name = "parwork worker"},
                              listener);
}

}  // namespace

namespace detail {

void leave_at_once(worker& which) noexcept { which.core_->leave_at_once(); }

}  // namespace detail

worker::worker(worker_options given) : worker(std::move(given), link_to_server) {}

worker::worker(worker_options given, const detail::worker_link_factory& make_link)
    : core_(std::make_unique<detail::worker_core>(std::move(given), make_link)) {}

worker::~worker() = default;

void worker::run(std::stop_token stop) {
  const std::stop_token held = std::move(stop);
  core_->run(held);
}

void worker::add(std::string name, std::unique_ptr<detail::served_work> work) {
  core_->add(std::move(name), std::move(work));
}

unsigned worker::threads() const noexcept { return core_->threads(); }

}  // namespace parwork::nats
