#include "nats/job_claim.hpp"

#include <chrono>
#include <utility>
#include <variant>

#include "nats/inbox.hpp"
#include "nats/messages.hpp"
#include "nats/subjects.hpp"
#include "parwork/nats_errors.hpp"

namespace parwork::nats::detail {
namespace {

using namespace std::chrono_literals;
using parwork::detail::lock_guard;

// A holder that says nothing for so long is frozen, or gone with its machine.
constexpr auto answered_within = 2s;
// Whoever listens already and asks as well answers at once.
constexpr auto rivals_answer_within = 200ms;

}  // namespace

job_claim::job_claim(link& over, switchboard& through, const std::string& prefix, std::string job)
    : link_(over),
      switchboard_(through),
      job_(std::move(job)),
      subject_(subjects(prefix).job(job_)) {}

job_claim::~job_claim() {
  link_.unsubscribe(subject_);
  switchboard_.disconnect(subject_);
}

void job_claim::claim() {
  ask(answered_within);
  {
    const lock_guard guard(lock_);
    stage_ = stage::listens;
  }
  switchboard_.connect(subject_, [this]() -> link_listener& { return *this; });
  link_.subscribe(subject_);
  ask(rivals_answer_within);
  const lock_guard guard(lock_);
  if (refused_) std::rethrow_exception(refused_);
  if (stage_ == stage::lost) refuse();
  stage_ = stage::holds;
}

void job_claim::ask(std::chrono::nanoseconds at_most) {
  inbox answers(link_, switchboard_);
  std::string question;
  encode(detail::message(job_question{own_}), question);
  const auto until = reply_box::clock::now() + at_most;
  answers.ask(subject_, question);
  for (std::string bytes;;) {
    if (answers.wait_until(until, bytes) != reply_box::news::answer) return;
    const decoded heard = decode(bytes);
    const auto* const answer = heard.what ? std::get_if<job_answer>(&*heard.what) : nullptr;
    if (answer != nullptr && (answer->holds || answer->holder < own_)) refuse();
  }
}

void job_claim::refuse() const {
  throw job_busy("the job '" + job_ +
                 "' has a submitter that answers: wait for its end, or give this one another name");
}

void job_claim::message(std::string_view, std::string_view reply, std::string_view bytes) noexcept {
  const decoded heard = decode(bytes);
  const auto* const question = heard.what ? std::get_if<job_question>(&*heard.what) : nullptr;
  if (question == nullptr || question->asker == own_ || reply.empty()) return;
  const lock_guard guard(lock_);
  if (stage_ == stage::lost) return;
  std::string answer;
  encode(detail::message(job_answer{own_, stage_ == stage::holds}), answer);
  link_.publish(reply, answer);
  if (stage_ == stage::listens && question->asker < own_) stage_ = stage::lost;
}

void job_claim::refused(std::exception_ptr why) noexcept {
  const lock_guard guard(lock_);
  refused_ = std::move(why);
}

}  // namespace parwork::nats::detail
