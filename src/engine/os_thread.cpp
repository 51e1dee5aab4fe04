#include "engine/os_thread.hpp"

#include <cerrno>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace parwork::detail {

namespace {

class attributes {
 public:
  explicit attributes(std::size_t stack_size) {
    check(::pthread_attr_init(&its_));
    if (stack_size == 0 || ::pthread_attr_setstacksize(&its_, stack_size) == 0) return;
    ::pthread_attr_destroy(&its_);
    throw std::invalid_argument("parwork: pool_options.stack_size is " +
                                std::to_string(stack_size) +
                                ", which the system refuses: it is in bytes, 65536 and more are "
                                "fine, and 0 is the system's own");
  }
  ~attributes() { ::pthread_attr_destroy(&its_); }
  attributes(const attributes&) = delete;
  attributes& operator=(const attributes&) = delete;

  [[nodiscard]] const pthread_attr_t* get() const noexcept { return &its_; }

  static void check(int error) {
    if (error == 0) return;
    throw std::system_error(error, std::generic_category(), "parwork: a thread cannot be started");
  }

 private:
  pthread_attr_t its_ = {};
};

extern "C" void* run_body(void* given) {
  const std::unique_ptr<std::function<void()>> body(static_cast<std::function<void()>*>(given));
  (*body)();
  return nullptr;
}

}  // namespace

os_thread::os_thread(std::size_t stack_size, std::function<void()> body) {
  const attributes wanted(stack_size);
  auto its_own = std::make_unique<std::function<void()>>(std::move(body));
  pthread_t started = {};
  attributes::check(::pthread_create(&started, wanted.get(), run_body, its_own.get()));
  [[maybe_unused]] const auto* const the_threads = its_own.release();
  thread_ = started;
}

os_thread::~os_thread() {
  if (joinable()) std::terminate();
}

os_thread::os_thread(os_thread&& other) noexcept : thread_(std::exchange(other.thread_, {})) {}

os_thread& os_thread::operator=(os_thread&& other) noexcept {
  if (joinable()) std::terminate();
  thread_ = std::exchange(other.thread_, {});
  return *this;
}

void os_thread::join() { ::pthread_join(*std::exchange(thread_, {}), nullptr); }

}  // namespace parwork::detail
