// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/atomic_file.hpp"
#include "muster/base/clock.hpp"
#include "muster/base/result.hpp"
#include "muster/curve/keys.hpp"
#include "muster/curve/permissions.hpp"

namespace muster::curve {

/// (key, value) pairs in the order of the file, without `name`.
using Metadata = std::vector<std::pair<std::string, std::string>>;

/// What a Flux certificate file holds: one key pair, shared by all brokers of an instance.
struct Certificate {
    std::string name;  ///< metadata `name`; brokers with children demand it
    Metadata metadata;
    KeyPair keys;
};

/// The values that `muster keygen` records beside the name: keygen.hostname, keygen.time (UTC),
/// keygen.userid, as flux-keygen(1) does. Not for derived pairs, whose files must be equal.
Metadata keygen_metadata(std::string_view hostname, WallTime now, uid_t uid);

/// `value` with every character that Flux refuses in metadata ('_' among them) replaced by '-', cut
/// to 200 bytes; "muster" when nothing is left.
std::string sanitise(std::string_view value);

/// The file's text as every Flux since 0.50 reads it: `name` first, values through sanitise().
/// Errors: config, when a metadata key is not [A-Za-z0-9.-]{1,40}, or is there twice, or is `name`.
Result<SecretText> format(const Certificate& certificate);

/// Reads a certificate with the grammar that every Flux since 0.55 accepts (flux-broker.md, section
/// 3; ZPL, ZeroMQ RFC 4, restricted). Each way to be wrong has its own sentence; `source` names the
/// file in it, with a line number where there is one; no sentence quotes a value.
/// Stricter than Flux's reader in three points: a `name` is required, as brokers with children do;
/// lines longer than 255 bytes and NUL bytes are refused, which Flux splits or hides.
/// Errors: malformed (empty, truncated, public half only, mismatched pair, grammar); config (a
/// shared secret where a certificate is expected).
Result<Certificate> parse(std::string_view text, std::string_view source);

/// parse() of the file `path`, at most 16 KiB.
/// Errors: those of parse(); io (missing, read error); config (a directory or another thing that is
/// not a regular file); denied (not readable for this process, or readable by group or others
/// against `permissions`).
Result<Certificate> read(const std::string& path,
                         Permissions permissions = Permissions::private_only);

/// Writes format() to `path`, 0600 from its creation, atomically; a file with the same content and
/// mode is left as it is. Errors: those of format(); io.
Result<void> write(const std::string& path, const Certificate& certificate,
                   Lasting lasting = Lasting::yes);

}  // namespace muster::curve
