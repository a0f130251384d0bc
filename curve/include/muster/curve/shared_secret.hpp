// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "muster/base/result.hpp"
#include "muster/curve/permissions.hpp"
#include "muster/curve/secret.hpp"

namespace muster::curve {

// A shared secret's file is one line:
//
//     muster-secret-v1:<64 lower-case hexadecimal digits>:<8 check digits>
//
// The check digits are the first 4 bytes of BLAKE2b-256(key = secret, personalization =
// "muster-check-v1" and a zero byte, empty message). They catch a damaged copy before it becomes a
// key that no peer accepts, and make sure that nobody types a password here: only this program
// writes such a line. Blanks and line ends around it are ignored.

/// 32 random bytes.
SharedSecret make_shared_secret();

/// The file's content, with a final newline.
SecretText format(const SharedSecret& secret);

/// Reads what format() wrote; `source` names it in messages, which never quote the text.
/// Errors: malformed (empty, truncated, damaged); config (not what `muster keygen --secret` writes:
/// a password, a home-made key, a certificate; or 32 bytes that are not random).
Result<SharedSecret> parse_shared_secret(std::string_view text, std::string_view source);

/// parse_shared_secret() of the file `path`. Errors: those, and as read() of a certificate.
Result<SharedSecret> read_shared_secret(const std::string& path,
                                        Permissions permissions = Permissions::private_only);

/// Writes the file `path`, 0600 from its creation, atomically. Errors: io.
Result<void> write(const std::string& path, const SharedSecret& secret);

}  // namespace muster::curve
