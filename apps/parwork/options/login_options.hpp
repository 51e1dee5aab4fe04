// Options of a connection to a server: of each subcommand that makes one.
#pragma once

#include <string>
#include <vector>

#include "options/option.hpp"
#include "options/settings.hpp"
#include "support/error.hpp"

namespace cli {

/// A file, or a name, that is not empty. Throws cli::error.
[[nodiscard]] inline std::string named(const std::string& value) {
  if (value.empty()) throw error("it is empty; leave it out, or give it");
  return value;
}

/// Servers, several separated by commas. Throws cli::error.
[[nodiscard]] std::string server_url(const std::string& text);

/// A job or a label. Throws cli::error.
[[nodiscard]] std::string cluster_name(const std::string& text);

/// `Request::logins()` says where they go.
template <class Request>
[[nodiscard]] std::vector<option<Request>> login_options() {
  return {
      {{.names = "--user",
        .value = "NAME",
        .help = "Who one is to the server, with --password-file",
        .manual = R"(Who one is to the server, with
.BR \-\-password\-file .)"},
       [](Request& to, const std::string& text) { to.logins().user = named(text); }},
      {{.names = "--password-file",
        .value = "FILE",
        .help = "The first line of FILE is the password",
        .completes = completion::files,
        .manual = R"(The first line of
.I FILE
is the password.)"},
       [](Request& to, const std::string& text) { to.logins().password_file = named(text); }},
      {{.names = "--nkey",
        .value = "FILE",
        .help = "A file with the seed of an nkey",
        .completes = completion::files,
        .manual = R"(A file with the seed of an nkey, in place of user and password.)"},
       [](Request& to, const std::string& text) { to.logins().nkey = named(text); }},
      {{.names = "--creds",
        .value = "FILE",
        .help = "A file of credentials: a JWT and its key",
        .completes = completion::files,
        .manual = R"(A file of credentials, a JWT and its key, in place of user and password.)"},
       [](Request& to, const std::string& text) { to.logins().creds = named(text); }},
      {{.names = "--ca",
        .value = "FILE",
        .help = "Who signs the server's certificate, in PEM; turns TLS on",
        .completes = completion::files,
        .manual = R"(Who signs the server's certificate, in PEM.
Any of these three turns TLS on, and so does an
.I URL
that begins with tls://.)"},
       [](Request& to, const std::string& text) { to.logins().ca = named(text); }},
      {{.names = "--cert",
        .value = "FILE",
        .help = "One's own certificate, in PEM, with --key",
        .completes = completion::files,
        .manual = R"(One's own certificate, in PEM, with
.BR \-\-key .)"},
       [](Request& to, const std::string& text) { to.logins().certificate = named(text); }},
      {{.names = "--key",
        .value = "FILE",
        .help = "The key of --cert, in PEM",
        .completes = completion::files,
        .manual = R"(The key of
.BR \-\-cert ,
in PEM.)"},
       [](Request& to, const std::string& text) { to.logins().key = named(text); }},
  };
}

}  // namespace cli
