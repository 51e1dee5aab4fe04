#include "engine/thread_maker.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/parker.hpp"

namespace parwork::detail {

std::string thread_name(const std::string& pool, unsigned number) {
  constexpr std::size_t most = 15;  // bytes, of Linux
  std::string ending = "/";
  ending.append(std::to_string(number));
  std::size_t kept = std::min(pool.size(), most - ending.size());
  // No half of a character.
  const auto continues = [&] { return (static_cast<unsigned char>(pool[kept]) & 0xC0U) == 0x80U; };
  while (kept > 0 && kept < pool.size() && continues()) --kept;
  return pool.substr(0, kept).append(ending);
}

thread_maker::thread_maker(unsigned size, pool_options given)
    : size_(size), given_(std::move(given)) {}

// On the new thread. Its name first: on_thread_start may give it another.
void thread_maker::begin(unsigned number) const {
  const std::string name = thread_name(given_.name, number);
  ::pthread_setname_np(::pthread_self(), name.c_str());
  if (given_.on_thread_start) given_.on_thread_start(number);
}

os_thread thread_maker::start(unsigned number, task then) {
  return {given_.stack_size, [this, number, then = std::move(then)] {
            std::exception_ptr error;
            try {
              begin(number);
            } catch (...) {
              error = std::current_exception();
            }
            error ? then.refused(std::move(error)) : then.body();
          }};
}

os_thread thread_maker::start_further(const task& then) {
  const unsigned number = take_number();
  const auto with_number = [this, number](const auto& call, auto&&... argument) {
    call(std::forward<decltype(argument)>(argument)...);
    give_back(number);
  };
  try {
    return start(number, {.body = [=, body = then.body] { with_number(body); },
                          .refused =
                              [=, refused = then.refused](std::exception_ptr error) {
                                with_number(refused, std::move(error));
                              }});
  } catch (...) {
    give_back(number);
    throw;
  }
}

os_thread thread_maker::start_further(std::function<void()> body) {
  if (!given_.on_thread_start) {
    return start_further(
        task{.body = std::move(body), .refused = [](const std::exception_ptr&) {}});
  }
  struct beginning {
    parker is_over;
    std::exception_ptr error;
  };
  const auto began = std::make_shared<beginning>();
  os_thread started = start_further(task{.body =
                                             [began, body = std::move(body)] {
                                               began->is_over.unpark();
                                               body();
                                             },
                                         .refused =
                                             [began](std::exception_ptr error) {
                                               began->error = std::move(error);
                                               began->is_over.unpark();
                                             }});
  began->is_over.park();
  if (began->error) {
    started.join();
    std::rethrow_exception(began->error);
  }
  return started;
}

unsigned thread_maker::take_number() {
  const lock_guard guard(lock_);
  const auto place = std::find(taken_.begin(), taken_.end(), false);
  const auto position = static_cast<unsigned>(place - taken_.begin());
  if (place == taken_.end()) taken_.push_back(false);
  taken_[position] = true;
  return size_ + position;
}

void thread_maker::give_back(unsigned number) noexcept {
  const lock_guard guard(lock_);
  taken_[number - size_] = false;
}

}  // namespace parwork::detail
