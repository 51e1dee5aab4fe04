#include "nats/subjects.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace parwork::nats::detail {

namespace {

constexpr std::size_t longest_name = 64;
constexpr std::string_view call_head = "call.";
constexpr std::string_view here_text = "here";
constexpr std::string_view worker_head = "w.";
constexpr std::string_view submitter_head = "s.";
constexpr std::string_view job_head = "job.";
constexpr std::string_view status_text = "status";

bool is_name_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool take_head(std::string_view& from, std::string_view head) noexcept {
  if (!from.starts_with(head)) return false;
  from.remove_prefix(head.size());
  return true;
}

std::optional<subject_parts> parts_with_name(subject_kind kind, std::string_view name) noexcept {
  if (!is_name(name)) return std::nullopt;
  return subject_parts{.kind = kind, .name = name};
}

std::optional<subject_parts> parts_with_worker(std::string_view text) noexcept {
  const auto worker = session_id::from(text);
  if (!worker) return std::nullopt;
  return subject_parts{.kind = subject_kind::to_worker, .worker = *worker};
}

std::optional<subject_parts> parts_with_session(std::string_view text) noexcept {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto session = session_id::from(text.substr(0, dot));
  const auto worker = session_id::from(text.substr(dot + 1));
  if (!session || !worker) return std::nullopt;
  return subject_parts{.kind = subject_kind::to_submitter, .session = *session, .worker = *worker};
}

std::string joined_subject(std::string_view prefix, std::string_view head, std::string_view rest) {
  std::string made;
  made.reserve(prefix.size() + head.size() + rest.size());
  made += prefix;
  made += head;
  made += rest;
  return made;
}

// What was given, for people: not the megabyte that it may be.
std::string shown_name(std::string_view text) {
  std::string made = "\"";
  for (const char c : text.substr(0, longest_name + 1)) {
    made += c >= ' ' && c <= '~' ? c : '?';
  }
  return made + (text.size() > longest_name + 1 ? "...\"" : "\"");
}

}  // namespace

bool is_name(std::string_view text) noexcept {
  return !text.empty() && text.size() <= longest_name && std::ranges::all_of(text, is_name_letter);
}

void require_name(std::string_view thing, std::string_view text) {
  if (is_name(text)) return;
  throw std::invalid_argument("parwork: " + shown_name(text) + " is no name for a " +
                              std::string(thing) +
                              ": use 1 to 64 letters (a to z, A to Z), digits, _ and -");
}

subjects::subjects(std::string_view prefix) : prefix_(prefix) {
  assert(is_name(prefix));
  prefix_ += '.';
}

std::string subjects::call(std::string_view work) const {
  return joined_subject(prefix_, call_head, work);
}
std::string subjects::here() const { return joined_subject(prefix_, here_text, {}); }
std::string subjects::to_worker(const session_id& worker) const {
  return joined_subject(prefix_, worker_head, worker.text());
}
std::string subjects::to_submitter(const session_id& session, const session_id& worker) const {
  return joined_subject(prefix_, submitter_head, session.text() + '.' + worker.text());
}
std::string subjects::job(std::string_view name) const {
  return joined_subject(prefix_, job_head, name);
}
std::string subjects::status() const { return joined_subject(prefix_, status_text, {}); }

std::string subjects::all_calls() const { return joined_subject(prefix_, call_head, "*"); }
std::string subjects::all_to_submitter(const session_id& session) const {
  return joined_subject(prefix_, submitter_head, session.text() + ".*");
}

std::optional<subject_parts> subjects::take_apart(std::string_view subject) const noexcept {
  if (!take_head(subject, prefix_)) return std::nullopt;
  if (subject == here_text) return subject_parts{.kind = subject_kind::here};
  if (subject == status_text) return subject_parts{.kind = subject_kind::status};
  if (take_head(subject, submitter_head)) return parts_with_session(subject);
  if (take_head(subject, worker_head)) return parts_with_worker(subject);
  if (take_head(subject, call_head)) return parts_with_name(subject_kind::call, subject);
  if (take_head(subject, job_head)) return parts_with_name(subject_kind::job, subject);
  return std::nullopt;
}

}  // namespace parwork::nats::detail
