// A question to all, and the answers: a subject of one's own for them, as long as it lives.
//
// Thread safety: one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "nats/link.hpp"
#include "nats/reply_box.hpp"
#include "nats/switchboard.hpp"

namespace parwork::nats::detail {

class inbox {
 public:
  /// REQUIRES: both outlive it, and `through` is the listener of `over`.
  inbox(link& over, switchboard& through)
      : link_(over), switchboard_(through), subject_(over.new_inbox()) {
    switchboard_.connect(subject_, box_);
    link_.subscribe(subject_);
  }
  inbox(const inbox&) = delete;
  inbox& operator=(const inbox&) = delete;
  ~inbox() {
    link_.unsubscribe(subject_);
    switchboard_.disconnect_box(subject_);
  }

  void ask(std::string_view subject, std::string_view question) {
    link_.publish(subject, subject_, question);
  }
  [[nodiscard]] reply_box::news wait_until(reply_box::clock::time_point then, std::string& into) {
    return box_->wait_until(then, into);
  }

 private:
  link& link_;
  switchboard& switchboard_;
  const std::string subject_;
  const std::shared_ptr<reply_box> box_ = std::make_shared<reply_box>();
};

}  // namespace parwork::nats::detail
