// What can be wrong with work on other machines, one type for each.
//
// Thread safety: values.
#pragma once

#include <stdexcept>
#include <string>

namespace parwork::nats {

/// The base of all that parwork::nats throws about servers, workers and jobs. `what()` says what is
/// wrong and what to do.
class error : public std::runtime_error {
 public:
  explicit error(const std::string& message) : std::runtime_error("parwork: " + message) {}
};

/// No server answered within `connect_timeout`.
class unreachable : public error {
 public:
  using error::error;
};

/// The server refused a certificate, a login, or a subject.
class access_denied : public error {
 public:
  using error::error;
};

/// The job has a submitter that answers, or a later one has taken it over.
class job_busy : public error {
 public:
  using error::error;
};

/// Workers are there, and none of them serves the work.
class unknown_work : public error {
 public:
  using error::error;
};

/// Workers serve the work, and none of them offers the labels that it needs.
class unmet_needs : public error {
 public:
  using error::error;
};

/// A worker serves the work with other types.
class codec_mismatch : public error {
 public:
  using error::error;
};

/// A worker, or a submitter, speaks another version of the protocol.
class version_mismatch : public error {
 public:
  using error::error;
};

/// There was no server, or no worker at all, for `give_up_after`.
class disconnected : public error {
 public:
  using error::error;
};

/// An item or a result beyond 64 MiB.
class payload_too_large : public error {
 public:
  using error::error;
};

}  // namespace parwork::nats
